#!/usr/bin/env python3
"""Compiles every program here, which must fail, and pins the first error line that a user reads.

    tests/compile_fail/run.py [--compiler g++] [PATTERN]

The first line of a program says what that line contains: `// expect: cannot copy a Session`.
"""

import argparse
import concurrent.futures
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
INCLUDE = HERE.parent.parent / "include"


def complaint_about(source, compiler):
    """What is wrong with this case, or None."""
    first_line = source.read_text().partition("\n")[0]
    if not first_line.startswith("// expect: "):
        return "its first line is not `// expect: TEXT`"
    expected = first_line.removeprefix("// expect: ").strip()
    done = subprocess.run([compiler, "-std=c++20", "-fsyntax-only", f"-I{INCLUDE}", str(source)],
                          stderr=subprocess.PIPE, text=True, check=False,
                          env={**os.environ, "LC_ALL": "C"})
    if done.returncode == 0:
        return "it compiles"
    errors = [line for line in done.stderr.splitlines() if "error: " in line]
    if not errors:
        return f"no error line in:\n{done.stderr}"
    if expected not in errors[0]:
        return f"expected: {expected}\n  found:    {errors[0]}"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--compiler", default="g++")
    parser.add_argument("pattern", nargs="?", default="")
    wanted = parser.parse_args()
    sources = sorted(path for path in HERE.glob("*.cpp") if wanted.pattern in path.name)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as jobs:
        complaints = list(jobs.map(lambda case: complaint_about(case, wanted.compiler), sources))
    for source, complaint in zip(sources, complaints):
        print(f"{'FAILED' if complaint else 'ok    '}  {source.stem.replace('_', ' ')}")
        if complaint:
            print(f"  {complaint}")
    failed = sum(complaint is not None for complaint in complaints)
    print(f"{len(sources) - failed} passed, {failed} failed, 0 skipped")
    return 0 if sources and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
