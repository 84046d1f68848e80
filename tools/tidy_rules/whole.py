"""What a reader counts on finding: a README in every folder, the documents at the top."""

import os

from .tree import Fault

README_LINES = 10
DOCUMENTS = ["README.md", "HACKING.md", "STYLE.md", "CHANGELOG.md", "LICENSE",
             "docs/life_of_a_message.md", "docs/words.md", "docs/decisions/README.md"]


def folders_with_readme(tree):
    """Every folder under src; each gear, each part of tests; some at the top."""
    for folder in sorted(tree.folders):
        parts = folder.split("/")
        if parts[0] == "src" and len(parts) > 1:
            yield folder
        elif parts[0] in ("gears", "tests") and len(parts) == 2:
            yield folder
        elif folder in ("benchmarks", "examples", "tools", "packaging"):
            yield folder


def readmes(tree):
    for folder in folders_with_readme(tree):
        readme = tree.by_path.get(os.path.join(folder, "README.md"))
        if readme is None:
            yield Fault(folder, 1,
                        "has no README.md: what lives here, what must not, what to read first")
        elif readme.is_under("src", "tests") and len(readme.lines) > README_LINES:
            yield Fault(readme.path, 1,
                        f"{len(readme.lines)} lines (a folder's README has at most {README_LINES})",
                        len(readme.lines))
        elif sum(bool(line.strip()) for line in readme.lines) < 2:
            yield Fault(readme.path, 1, "says nothing")


def documents(tree):
    for path in DOCUMENTS:
        if path not in tree.by_path:
            yield Fault(path, 1, "is missing")
