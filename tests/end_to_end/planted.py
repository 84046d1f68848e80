"""Secrets that rows show their servers, and the search for them in every log of the run.

Every session that a Place opens shows three of its row's own; a row that has others says so with
sends(). A log line that repeats one fails the run, and names the row that sent it.
"""
import itertools
import threading

import server

_owners = {}  # secret -> the title of the row that sends it
_numbers = itertools.count(10_000)
_lock = threading.Lock()
MARK = "planted"


def secret(title, kind):
    """A fresh one, which is no part of any other."""
    with _lock:
        made = f"{MARK}{next(_numbers)}{kind}"
        _owners[made] = title
    return made


def sends(title, *secrets):
    """Other secrets that a row sends, or that its server knows."""
    with _lock:
        for each in secrets:
            _owners[each] = title


def headers(title, given=()):
    """What a client proves its rights with, but for what the row itself gives."""
    names = {name.lower() for name, _ in given}
    made = [("Authorization", f"Bearer {secret(title, 'bearer')}"),
            ("Cookie", f"theme=dark; session={secret(title, 'cookie')}")]
    return [(name, value) for name, value in made if name.lower() not in names]


def target(title, path):
    """The path with a token in its query, but for paths that have one already."""
    return path if "?" in path else f"{path}?token={secret(title, 'query')}"


def subprotocol(title):
    return ("Sec-WebSocket-Protocol", f"chat, {secret(title, 'subprotocol')}")


def complaint():
    """Where a log of this run repeats a secret; None: nowhere."""
    found = []
    others = [each for each in _owners if not each.startswith(MARK)]
    for program in server.programs():
        for line in hits(program, others):
            owner = next((f"{title} sent {each}" for each, title in _owners.items()
                          if each in line), f"somebody sent {line}")
            found.append(f"{owner}; {program.name} logged: {line}")
    return "; ".join(found[:5]) or None


def hits(program, others):
    for lines in (program.out, program.log):
        for line in lines.lines:
            if MARK in line or any(each in line for each in others):
                yield line
