#!/usr/bin/python3
"""`./dev check keys`: what each key of the configuration does, as seen from outside.

    keys.py [KEY]       a regular expression over keys

Prints `key -> test -> observed difference` for every key that `orrery config schema` knows; a key
without a row, or with a row although it is gone, fails. What does not act yet is printed as such.
"""
import faulthandler
import os
import re
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
for folder in (HERE, os.path.join(HERE, "..", "conformance"), os.path.join(HERE, "..", "browser")):
    sys.path.insert(0, os.path.abspath(folder))

import planted
import rows
import run
from keys_later import add_later_rows
from keys_rows import elsewhere, leaves, table, tested
from place import World

TABLES = ["keys_server_table", "keys_session_table", "keys_overload_table", "keys_gate_table",
          "keys_node_table", "keys_kuzzle_table"]
PAGE = "kuzzle "  # how the keys of its page are told from ours
LONGEST_SECONDS = 180


class KeysReport(rows.Report):
    """Keeps what rows saw, to be printed key by key."""

    def __init__(self):
        super().__init__()
        self.seen = {}

    def note(self, title, answer=None, why=None):
        if why is not None:
            return super().note(title, answer, why)
        with self._lock:
            self.passed += 1
            self.seen[title] = rows.clean(answer)
        return None


def every_row():
    """The keys' own rows, and those of other tables that speak for keys."""
    for name in TABLES:
        __import__(name)
    contradicted = add_later_rows()
    rows.expect(not contradicted, f"the program says that they do not act yet: {contradicted}")
    others = {row.title: row for name in run.TABLES for row in __import__(name).table.rows}
    for key, title in elsewhere.items():
        rows.expect(title in others, f"{key} names a row that does not exist: {title}")
    return table.rows, [others[title] for title in sorted(set(elsewhere.values()))]


def print_keys(report, wanted):
    """One line per key, in the order of the configuration; the page's own keys behind."""
    rowed = {key: title for key, title in {**tested, **elsewhere}.items() if wanted(key)}
    for key in filter(wanted, leaves()):
        title = rowed.pop(key, None)
        if title is None:
            report.note(f"keys: {key}", why="no row shows what this key does")
        elif title in report.seen:
            print(f"{key} -> {title} -> {report.seen[title]}")
    for key, title in rowed.items():
        if not key.startswith(PAGE):
            report.note(f"keys: {key}", why="a row for a key that the program does not know")
        elif title in report.seen:
            print(f"{key} -> {title} -> {report.seen[title]}")


def main(arguments):
    faulthandler.dump_traceback_later(LONGEST_SECONDS, exit=True)
    own, others = every_row()
    wanted = re.compile(arguments[0] if arguments else "").search
    titles = {title for key, title in {**tested, **elsewhere}.items() if wanted(key)}
    world, report = World(), KeysReport()
    try:
        rows.run([row for row in [*own, *others] if row.title in titles], world, report)
    finally:
        complaints = world.stop_all()
    print_keys(report, wanted)
    report.note("keys: servers that rows share end with status 0",
                why="; ".join(complaints) or None)
    report.note("keys: no log has a secret that a row sent", why=planted.complaint())
    return report.finish()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
