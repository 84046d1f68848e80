"""One word per idea; nothing unfinished; nobody's own machine."""

import re

from .tree import Fault

IDENTIFIER = re.compile(r"[A-Za-z_]\w*")
CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
MACRO_OF_OTHERS = re.compile(r"^[A-Z0-9]+_")  # SSL_CTX_new, EPOLL_CTL_ADD ...
UNFINISHED = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X)\b")
PLACE = re.compile(r"(?<![\w.:/<>{}\])-])/(?:home|root|work|Users)/[\w.]+")


def read_words(tree):
    """({word: (instead, folders)}, names that are allowed)"""
    words, allowed = {}, set()
    for _, line in tree.data("banned_words.txt"):
        left, *rest = [part.strip() for part in line.split(":")]
        if left == "allow":
            allowed.update(rest[0].split())
        else:
            words[left] = (rest[0], rest[1].split() if len(rest) > 1 else [])
    return words, allowed


def parts_of(name):
    return [part.lower() for piece in name.split("_") for part in CAMEL.findall(piece)]


def banned(tree):
    words, allowed = read_words(tree)
    for file in tree.cpp():
        seen = set(allowed)
        names = [(match.start(), match.group(0)) for match in IDENTIFIER.finditer(file.code)]
        for offset, name in [(0, file.stem), *names]:
            if name in seen or MACRO_OF_OTHERS.match(name):
                continue
            seen.add(name)  # once per file is enough
            for part in parts_of(name):
                instead, folders = words.get(part, (None, None))
                if instead and (not folders or file.is_under(*folders)):
                    yield Fault(file.path, file.line_at(offset),
                                f"{name}: write {instead}, not {part}")


def unfinished(tree):
    for file in tree.files:
        for match in UNFINISHED.finditer(file.text):
            yield Fault(file.path, file.line_at(match.start()),
                        f"{match.group(0)}: finish it, or make it an issue")


def places(tree):
    """No path of anybody's machine; no address of a registry in package-lock.json."""
    for file in tree.files:
        for match in PLACE.finditer(file.text):
            yield Fault(file.path, file.line_at(match.start()),
                        f"{match.group(0)} is a place on one machine")
        if file.name == "package-lock.json":
            for match in re.finditer(r'"resolved"', file.text):
                yield Fault(file.path, file.line_at(match.start()),
                            "names a registry: npm install with omit-lockfile-registry-resolved")
