"""The spelling of Websocket, and callbacks that the library never calls."""

import re

from .tree import Fault

MIXED = re.compile(r"\w*WebSocket\w*")
ASSEMBLED = re.compile(r"\b(on_[a-z_]+)\s*\(")
PROMISED = re.compile(r"\bon_[a-z_]+\b")
AT_LEAST = {"on_open", "on_message", "on_server_message", "on_ping", "on_pong", "on_tick",
            "on_name_lost", "on_drain", "on_dropped", "on_rate_limited", "on_close", "on_workers"}


def spelling(tree):
    """WebSocket is for prose, strings and browser code; names are Websocket or websocket."""
    for file in tree.files:
        if "WebSocket" in file.path:
            yield Fault(file.path, 1, "a file name writes Websocket or websocket")
        if not (file.is_cpp or file.is_python or file.suffix == ".cmake"
                or file.name == "CMakeLists.txt"):
            continue
        for match in MIXED.finditer(file.code):
            yield Fault(file.path, file.line_at(match.start()),
                        f"{match.group(0)}: a name writes Websocket or websocket")


def callbacks(tree):
    """A callback that no public header names is never called: a typing error, most likely."""
    known = set(AT_LEAST)
    for file in tree.files:
        if file.is_under("include/orrery"):
            known.update(PROMISED.findall(file.text))
    for file in tree.cpp():
        if not file.is_under("gears", "examples"):
            continue
        for match in ASSEMBLED.finditer(file.code):
            if match.group(1) not in known:
                yield Fault(file.path, file.line_at(match.start()),
                            f"{match.group(1)} is no callback: nothing would ever call it")
