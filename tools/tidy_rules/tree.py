"""The tree under check: its files, their text, and C++ without comments and strings."""

import functools
import os
import re
from dataclasses import dataclass, field, replace

SKIPPED_FOLDERS = {".git", ".cache", "node_modules", "corpus", "__pycache__"}
TEXT = {".h", ".cpp", ".py", ".md", ".txt", ".cmake", ".json", ".js", ".mjs", ".html", ".css",
        ".sh", ".yml", ".yaml", ".svg", ".service", ".toml", ""}
CPP = {".h", ".cpp"}
SCRIPTS = {".js", ".mjs", ".html", ".css"}


@dataclass(frozen=True, order=True)
class Fault:
    path: str
    line: int
    message: str
    measure: int = field(default=0, compare=False)  # lines, columns ...: what the ratchet compares
    rule: str = ""

    def by(self, rule):
        return replace(self, rule=rule)

    def __str__(self):
        return f"{self.path}:{self.line}: {self.message} [{self.rule}]"


class File:
    def __init__(self, root, path):
        self.path = path
        self.absolute = root / path
        self.name = os.path.basename(path)
        self.stem, self.suffix = os.path.splitext(self.name)
        if self.name.startswith(".") and not self.suffix:
            self.stem, self.suffix = self.name, ""
        self.parts = path.split("/")

    @property
    def is_cpp(self):
        return self.suffix in CPP

    @property
    def is_test(self):
        return self.parts[0] == "tests" or self.stem.endswith("_test")

    @functools.cached_property
    def text(self):
        try:
            return self.absolute.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            return ""  # not text after all

    @functools.cached_property
    def lines(self):
        return self.text.splitlines()

    @functools.cached_property
    def is_python(self):
        return self.suffix == ".py" or (self.suffix == "" and self.text.startswith("#!")
                                        and "python" in self.text.partition("\n")[0])

    @functools.cached_property
    def code(self):
        """The text with comments and the insides of strings blanked out, line for line."""
        if self.is_cpp:
            return blanked_cpp(self.text)
        if self.is_python:
            return blanked_python(self.text)
        if self.suffix in (".cmake", ".sh", "") or self.name == "CMakeLists.txt":
            return BLANK_SHELL.sub(blank, self.text)
        return self.text

    def line_at(self, offset):
        return self.text.count("\n", 0, offset) + 1

    def is_under(self, *folders):
        return any(self.path.startswith(folder + "/") for folder in folders)


CPP_TOKEN = re.compile(
    r'(?P<number>\b\d(?:\'?[\w.])*)'                        # before characters: 10'000
    r'|//[^\n]*|/\*.*?\*/'
    r'|R"(?P<fence>[^()\s\\]{0,16})\(.*?\)(?P=fence)"'
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'(?:\\.|[^'\\\n])*'",
    re.DOTALL)
PYTHON_TOKEN = re.compile(
    r'#[^\n]*|"""(?:\\.|[^\\])*?"""|\'\'\'(?:\\.|[^\\])*?\'\'\''
    r'|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)
BLANK_SHELL = re.compile(r'(?<!\$)(?<!\S)#[^\n]*|"(?:\\.|[^"\\])*"|\'[^\']*\'')
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[^\n]*', re.MULTILINE)
NOT_NEWLINE = re.compile(r"[^\n]")


def blank(match):
    token = match.group(0)
    if len(token) > 1 and token[0] in "\"'" and token[0] == token[-1]:
        return token[0] + NOT_NEWLINE.sub(" ", token[1:-1]) + token[-1]
    return NOT_NEWLINE.sub(" ", token)


def blanked_cpp(text):
    kept = INCLUDE.sub(lambda match: " " * len(match.group(0)), text)
    return CPP_TOKEN.sub(
        lambda match: match.group(0) if match.group("number") else blank(match), kept)


def blanked_python(text):
    return PYTHON_TOKEN.sub(blank, text)


class Tree:
    def __init__(self, root):
        self.root = root
        self.files = sorted(self.find(), key=lambda file: file.path)
        self.by_path = {file.path: file for file in self.files}
        self.folders = {os.path.dirname(file.path) for file in self.files}

    def find(self):
        for folder, subfolders, names in os.walk(self.root):
            relative = os.path.relpath(folder, self.root)
            subfolders[:] = [name for name in subfolders if name not in SKIPPED_FOLDERS
                             and not (relative == "." and name.startswith("build"))]
            for name in names:
                path = os.path.normpath(os.path.join(relative, name)).replace(os.sep, "/")
                if os.path.splitext(name)[1] in TEXT and not name.endswith((".swp", "~")):
                    yield File(self.root, path)

    def cpp(self):
        return [file for file in self.files if file.is_cpp]

    def data(self, name):
        """The lines of tools/NAME that say something, with their numbers."""
        file = self.by_path.get(f"tools/{name}")
        for number, line in enumerate(file.lines if file else [], 1):
            if line.strip() and not line.startswith("#"):
                yield number, line.strip()
