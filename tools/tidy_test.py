#!/usr/bin/env python3
"""Plants one violation at a time in a small clean tree and expects tools/tidy to find it."""

import contextlib
import io
import pathlib
import shutil
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True

from tally import load_tool, run_unit_tests

TOOLS = pathlib.Path(__file__).resolve().parent
TIDY = load_tool("tidy")
DATA = ["layers.txt", "banned_words.txt"]
README = "# here\n\nWhat lives here.\n"
MIXED = "Web" + "Socket"
UNFINISHED = "TO" + "DO"
FROM_ECHO = "<!-- examples/01_echo.cpp -->\n"
ECHO = "int main() { return 0; }\n"
LIFE = "\n".join(f"{number}  net/loop   Loop::turn" for number in range(9)) + "\n"

CLEAN = {
    "README.md": f"{FROM_ECHO}```cpp\n{ECHO}```\n",
    "HACKING.md": README, "STYLE.md": README, "CHANGELOG.md": README, "LICENSE": "Apache\n",
    "docs/life_of_a_message.md": LIFE, "docs/words.md": README, "docs/decisions/README.md": README,
    "include/orrery/session.h": "#pragma once\n#include <string>\nvoid on_air();\n",
    "src/base/README.md": README, "src/base/clock.h": "#pragma once\nint now();\n",
    "src/net/README.md": README, "src/net/loop.h": "#pragma once\nstruct Loop { void turn(); };\n",
    "src/http/README.md": README, "src/http/head.h": "#pragma once\n",
    "src/http/router.h": "#pragma once\n",
    "src/websocket/README.md": README, "src/websocket/frame.cpp": '#include "http/head.h"\n',
    "src/registry/README.md": README, "src/registry/names.cpp": '#include "base/clock.h"\n',
    "src/registry/bus_nats.cpp": '#include "net/loop.h"\n',
    "gears/echo/README.md": README, "gears/echo/gear.cpp": "#include <orrery/session.h>\n",
    "examples/README.md": README, "examples/01_echo.cpp": f"#include <x>\n{ECHO}",
    "tests/end_to_end/README.md": README, "tests/end_to_end/run.py": "print('x')\n",
    "benchmarks/README.md": README, "tools/README.md": README, "tools/tidy_allowed.txt": "# none\n",
}


def source(text):
    return {"src/base/a.cpp": text}


def public(text):
    return {"include/orrery/a.h": f"#pragma once\n{text}\n"}


def lines(count, line="  step();"):
    return "\n".join([line] * count)


def tidy(files, *rules):
    """What tidy prints about the clean tree with these files on top (None takes one away)."""
    with tempfile.TemporaryDirectory() as root:
        for path, text in {**CLEAN, **files}.items():
            if text is not None:
                file = pathlib.Path(root, path)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text)
        for name in DATA:
            if f"tools/{name}" not in files:
                shutil.copy(TOOLS / name, pathlib.Path(root, "tools", name))
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(io.StringIO()):
            status = TIDY.main(["--root", root, *rules])
        if status != bool(said.getvalue()):
            raise AssertionError(f"exit {status} after:\n{said.getvalue()}")
        return said.getvalue()


class Tidy(unittest.TestCase):
    def finds(self, expected, files, *rules):
        self.assertIn(expected, tidy(files, *rules))

    def accepts(self, files, *rules):
        self.assertEqual("", tidy(files, *rules))

    def test_a_clean_tree_has_no_faults(self):
        self.accepts({})

    def test_every_folder_has_a_short_readme(self):
        self.finds("src/base:1: has no README.md", {"src/base/README.md": None})
        self.finds("src/registry/nats:1: has no", {"src/registry/nats/a.h": "#pragma once\n"})
        self.finds("gears/echo:1: has no README.md", {"gears/echo/README.md": None})
        self.finds("src/base/README.md:1: 11 lines", {"src/base/README.md": "word\n" * 11})
        self.finds("src/base/README.md:1: says nothing", {"src/base/README.md": "# base\n"})

    def test_the_documents_are_there(self):
        self.finds("STYLE.md:1: is missing", {"STYLE.md": None})

    def test_includes_point_down(self):
        self.finds("src/base/a.cpp:2: base may not include net/loop.h",
                   {"src/base/a.cpp": '\n#include "net/loop.h"\n'})
        self.finds("http may not include net/loop.h", {"src/http/a.cpp": "#include <net/loop.h>\n"})
        self.finds("examples may not include base/clock.h",
                   {"examples/01_echo.cpp": f'#include "../src/base/clock.h"\n{ECHO}'})
        self.finds("has no line in tools/layers.txt",
                   {"src/magic/README.md": README, "src/magic/a.cpp": "\n"})

    def test_a_line_can_name_one_header_or_part_of_a_folder(self):
        self.finds("websocket may not include http/router.h",
                   {"src/websocket/a.cpp": '#include "http/router.h"\n'})
        self.finds("registry may not include net/loop.h",
                   {"src/registry/names.cpp": '#include "net/loop.h"\n'})
        self.accepts({"src/actor/README.md": README, "src/actor/a.cpp": '#include "net/loop.h"\n'})

    def test_gears_and_apps_have_their_own_doors(self):
        self.finds("gears may not include base/clock.h",
                   {"gears/echo/a.cpp": '#include "base/clock.h"\n'})
        self.finds("gears may not include gears/echo/gear.h",
                   {"gears/echo/gear.h": "#pragma once\n", "gears/chat/README.md": README,
                    "gears/chat/gear.cpp": '#include "gears/echo/gear.h"\n'})
        self.finds("apps may not include testing/server.h",
                   {"apps/main.cpp": '#include "testing/server.h"\n',
                    "src/testing/README.md": README, "src/testing/server.h": "#pragma once\n"})

    def test_a_function_has_at_most_70_lines(self):
        for head in ("void long_one()", "Foo::Foo(int a) : a_{a}, b_(a)", "TEST(Long, One)",
                     "template <class T = int>\nauto operator==(T a, T b = 1) -> bool",
                     "namespace a::b {\nstruct C : D<int> {\n public:\n  void f() const noexcept"):
            end = "}\n" * (1 + head.count("{\n"))
            with self.subTest(head):
                self.finds("lines long", source(f"{head} {{\n{lines(70)}\n{end}"), "function_lines")
                self.accepts(source(f"{head} {{\n{lines(60)}\n{end}"), "function_lines")

    def test_what_looks_like_a_brace_is_not_always_one(self):
        tricky = ("void f() {\n  char a = '{'; auto b = \"}\"; auto c = R\"x({{{)\" )x\";  // {\n"
                  "  int d = 10'000; char e = '\\'';\n}\n")
        table = f"const Row rows[] = {{\n{lines(90, '  {1, f(2)},')}\n}};\n"
        self.accepts(source(tricky * 30 + table), "function_lines")
        self.accepts(source(f"enum class A {{\n{lines(90, '  a,')}\n}};\n"), "function_lines")

    def test_a_function_after_any_other_is_still_measured(self):
        before = ("struct A { int x = 3; A() : x{4} {} };\nint y{5};\n"
                  "auto z = [](int) { return 1; };\n")
        self.finds("src/base/a.cpp:4: late is 72 lines long",
                   source(f"{before}int late(int a) {{\n{lines(70)}\n}}\n"))

    def test_python_functions_count_too(self):
        self.finds("tools/a.py:1: long_one is 72 lines",
                   {"tools/a.py": "def long_one():\n" + lines(71, "    pass") + "\n"})

    def test_files_and_lines_are_short(self):
        self.finds("file is 501 lines", source("\n" * 501))
        self.finds("file is 801 lines", {"src/base/a_test.cpp": "\n" * 801})
        self.finds("file is 201 lines", {"include/orrery/a.h": "#pragma once" + "\n" * 201})
        self.finds("line is 101 columns", source("// " + "x" * 98 + "\n"))
        self.finds("line is 101 columns", {"tools/a.cmake": "# " + "x" * 99 + "\n"})
        self.accepts({"src/base/a_test.cpp": "\n" * 800, "src/base/a.cpp": "//" + "x" * 98 + "\n"})

    def test_one_word_per_idea(self):
        self.finds("src/base/a.cpp:2: open_conn: write connection", source("\nint open_conn;\n"))
        self.finds("MsgBox: write message, not msg", {"src/net/a.cpp": "struct MsgBox;\n"})
        self.finds("utils: write what they do", {"src/base/utils.h": "#pragma once\n"})
        self.accepts({"src/net/a.cpp": 'auto a = "conn";  // msg\nsin_addr b; SSL_CTX_new();\n'})
        self.accepts({"gears/echo/a.cpp": "int topic;\n"})

    def test_nothing_is_left_unfinished(self):
        self.finds(f"docs/words.md:2: {UNFINISHED}", {"docs/words.md": f"x\n{UNFINISHED} later\n"})

    def test_nobodys_machine_is_named(self):
        self.finds("is a place on one machine", {"docs/words.md": "x\n\nsee /ho" "me/ann/x\n"})
        self.finds("names a registry", {"tests/package-lock.json": '{"resolved": "x"}\n'})

    def test_the_spelling_of_websocket(self):
        self.finds(f"src/base/a.h:2: {MIXED}Thing: a name writes",
                   {"src/base/a.h": f"#pragma once\nstruct {MIXED}Thing;\n"})
        self.finds("a file name writes", {f"src/base/{MIXED}.h": "#pragma once\n"})
        self.finds("a name writes", {"tests/end_to_end/a.py": f"{MIXED} = 1\n"})
        self.accepts({"src/base/a.cpp": f'auto a = "Sec-{MIXED}-Key";  // {MIXED}\n',
                      "gears/echo/page.html": f"<script>new {MIXED}(url)</script>\n"})

    def test_callbacks_exist(self):
        self.finds("on_mesage is no callback", {"gears/echo/a.cpp": "void on_mesage(int) {}\n"})
        self.accepts({"gears/echo/a.cpp": "void on_message(int) {}\nvoid on_air() {}\n"})

    def test_no_test_sleeps_or_is_skipped(self):
        self.finds("sleep_for: a test waits", {"src/base/a_test.cpp": "sleep_for(1s);\n"})
        self.finds("time.sleep: a test", {"tests/end_to_end/a.py": "time.sl" "eep(1)\n"})
        self.finds("GTEST_SKIP: a test that", {"src/base/a_test.cpp": "GTEST_SKIP();\n"})
        self.accepts(source("sleep_for(1s);\n"))
        self.accepts({"src/base/a_test.cpp": "co_await client.sleep_for(1s);\n"})

    def test_public_headers_are_few_and_plain(self):
        many = {f"include/orrery/h{number}.h": "#pragma once\n" for number in range(15)}
        self.finds("include/orrery:1: 16 public headers", many)
        self.finds("boost/json.hpp: public headers", public("#include <boost/json.hpp>"))
        self.finds("sys/uio.h: public headers", public("#include <sys/uio.h>"))
        self.finds("macro LOUD: no macros", public("#define LOUD 1"))
        self.finds("no #pragma once", {"include/orrery/a.h": "\n"})

    def test_the_life_of_a_message_names_functions_that_exist(self):
        page = "docs/life_of_a_message.md"
        self.finds("src/net/loop has no function Loop::spin",
                   {page: LIFE + "| `net/loop` | `Loop::spin` |\n"})
        self.finds("there is no src/net/gone.h", {page: LIFE + "1  net/gone  Loop::turn\n"})
        self.finds("names 0 hops", {page: "nothing\n"})

    def test_samples_are_cut_from_examples(self):
        block = f"```cpp\n{ECHO}```\n"
        self.finds("README.md:2: a C++ block without", {"README.md": "x\n" + block})
        self.finds("not in examples/01_echo.cpp: int other();",
                   {"docs/words.md": FROM_ECHO + "```cpp\nint other();\n```\n"})
        self.finds("there is no examples/02_gone.cpp",
                   {"docs/words.md": "<!-- examples/02_gone.cpp -->\n" + block})
        self.accepts({"docs/words.md": f"{FROM_ECHO}```cpp\n#include <x>\n// ...\n{ECHO}```\n"})

    def test_exceptions_are_a_ratchet(self):
        long_file = source("\n" * 510)
        line = "src/base/a.cpp : file_lines"
        for expected, exception, files in (
            ("file is 510", f"{line} 505 : a table\n", long_file),
            ("510 is enough", f"{line} 600 : a table\n", long_file),
            ("not needed", f"{line} 600 : a table\n", source("")),
            ("not `path : rule", f"{line} 600\n", source("")),
        ):
            with self.subTest(expected):
                self.finds(expected, {**files, "tools/tidy_allowed.txt": exception})
        self.accepts({**long_file, "tools/tidy_allowed.txt": f"{line} 510 : a table\n"})


if __name__ == "__main__":
    sys.exit(run_unit_tests())
