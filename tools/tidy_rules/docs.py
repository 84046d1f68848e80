"""The documents tell the truth: named functions exist, samples are cut from compiled examples."""

import re

from .tree import Fault

LIFE = "docs/life_of_a_message.md"
HOP = re.compile(r"(?<![\w/])`?([a-z_]+(?:/[a-z0-9_]+)+)(?:\.h|\.cpp)?`?"  # net/loop
                 r"[\s|]+`?([A-Za-z_]\w*(?:::~?\w+)*)`?")              # Loop::turn
HOPS = 9  # six in, three out
BLOCK = re.compile(r"^```(?:cpp|c\+\+|cc)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMENT = re.compile(r"<!--[^>]*?(examples/[\w./-]+\.(?:cpp|h))[^>]*-->\s*$")


def hops(tree):
    """Lines such as `net/loop   Loop::turn`: src/net/loop.h or .cpp says `turn(`."""
    page = tree.by_path.get(LIFE)
    if page is None:
        return  # the rule `documents` says so
    found = 0
    for number, line in enumerate(page.lines, 1):
        for file, function in HOP.findall(line):
            sources = [tree.by_path[path] for path in (f"src/{file}.h", f"src/{file}.cpp")
                       if path in tree.by_path]
            found += 1
            if not sources:
                yield Fault(LIFE, number, f"there is no src/{file}.h or .cpp")
                continue
            said = re.compile(rf"\b{re.escape(function.split('::')[-1])}\s*\(")
            if not any(said.search(source.code) for source in sources):
                yield Fault(LIFE, number, f"src/{file} has no function {function}")
    if found < HOPS:
        yield Fault(LIFE, 1, f"names {found} hops as `folder/file  Class::function`, not {HOPS}")


def samples(tree):
    """Every C++ block in the README and docs/ is cut from the example its HTML comment names."""
    for file in tree.files:
        if file.suffix != ".md" or not (file.path == "README.md" or file.is_under("docs")):
            continue
        for block in BLOCK.finditer(file.text):
            line = file.line_at(block.start())
            comment = COMMENT.search(file.text[:block.start()])
            if not comment:
                yield Fault(file.path, line,
                            "a C++ block without <!-- examples/NAME.cpp --> before it")
                continue
            source = tree.by_path.get(comment.group(1))
            if source is None:
                yield Fault(file.path, line, f"there is no {comment.group(1)}")
            elif missing := first_missing(block.group(1), source.text):
                yield Fault(file.path, line, f"not in {comment.group(1)}: {missing}")


def squeezed(text):
    return [line.strip() for line in text.strip("\n").splitlines() if line.strip()]


def first_missing(sample, source):
    """The first line of the sample that the source does not go on with; `// ...` skips ahead."""
    lines, position = squeezed(source), 0
    for piece in re.split(r"^\s*// \.\.\.\s*$", sample, flags=re.MULTILINE):
        wanted = squeezed(piece)
        if not wanted:
            continue
        starts = [start for start in range(position, len(lines) - len(wanted) + 1)
                  if lines[start:start + len(wanted)] == wanted]
        if not starts:
            return next((line for line in wanted if line not in lines[position:]), wanted[0])
        position = starts[0] + len(wanted)
    return None
