"""Includes point down: tools/layers.txt says who may include whom."""

import os
import re

from .tree import Fault

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)
TABLE = "tools/layers.txt"


def unit(path):
    """The name of a file in the table: src/http/head.h is http/head.h."""
    return path.removeprefix("src/")


def covers(entry, name):
    """`registry/bus` covers registry/bus.h, registry/bus_nats.cpp and registry/bus/x.h."""
    return name == entry or (name.startswith(entry) and name[len(entry)] in "/._"
                             and not (name[len(entry)] == "_" and "/" not in entry))


def read_table(tree):
    table = {}
    for _, line in tree.data("layers.txt"):
        left, _, right = line.partition(":")
        table[left.strip()] = right.split()
    return table


def row_of(table, name):
    rows = [entry for entry in table if covers(entry, name)]
    return max(rows, key=len) if rows else None


def own_folder(name):
    """Each gear is a folder of its own; elsewhere the first folder counts."""
    parts = name.split("/")
    return "/".join(parts[:2]) if parts[0] == "gears" else parts[0]


def may_include(table, row, name, target):
    if own_folder(name) == own_folder(target):
        return True
    right = table[row]
    if right[:1] == ["everything"]:
        return not any(covers(entry, target) for entry in right[2:])
    return any(covers(entry, target) for entry in right)


def resolve(tree, file, bracket, included):
    """The tree's file that an #include means, or None for other people's headers."""
    places = [os.path.dirname(file.path)] if bracket == '"' else []
    for place in [*places, "src", "include", ""]:
        path = os.path.normpath(os.path.join(place, included))
        if path in tree.by_path:
            return path
    return None


def check(tree):
    table = read_table(tree)
    if not table:
        yield Fault(TABLE, 1, "the table of layers is missing or empty")
        return
    for file in tree.cpp():
        name = unit(file.path)
        row = row_of(table, name)
        if row is None:
            yield Fault(file.path, 1, f"its folder has no line in {TABLE}")
            continue
        for match in INCLUDE.finditer(file.text):
            found = resolve(tree, file, *match.groups())
            if found is None:
                continue
            target = unit(found)
            if file.is_under("src") and found.startswith("include/"):
                continue
            if not may_include(table, row, name, target):
                allowed = " ".join(table[row]) or "nothing"
                yield Fault(file.path, file.line_at(match.start()),
                            f"{row} may not include {target} (it may include: {allowed})")
