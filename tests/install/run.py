#!/usr/bin/python3
"""Runs the rows about installing and packaging, against what build/release installs.

    run.py [PATTERN]     a group's name (install, packaging) or a regular expression
    ORRERY_BUILD=FOLDER  another build
"""
import faulthandler
import os
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.abspath(os.path.join(HERE, "..", "end_to_end"))]

import rows
from place import World

TABLES = ["installed", "packaging"]
LONGEST_SECONDS = 900  # the whole run, with nothing compiled before


def main(arguments):
    faulthandler.dump_traceback_later(LONGEST_SECONDS, exit=True)
    everything = [row for name in TABLES for row in __import__(name).table.rows]
    wanted = rows.chosen(everything, arguments[0] if arguments else "")
    world, report = World(), rows.Report()
    try:
        rows.run(wanted, world, report)
    finally:
        for complaint in world.stop_all():
            report.note("every server ends well", why=complaint)
    return report.finish()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
