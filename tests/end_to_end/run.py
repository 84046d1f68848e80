#!/usr/bin/python3
"""Runs end-to-end rows, conformance cases and real clients against build/release/orrery.

    run.py [PATTERN]     a group's name (handshake, limits, conformance ...) or a regular expression
    ORRERY_BINARY=PATH   another binary
    ORRERY_SET="K=V ..." settings of every server, where its row does not say otherwise
"""
import faulthandler
import os
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
for folder in (HERE, os.path.join(HERE, "..", "conformance"), os.path.join(HERE, "..", "browser")):
    sys.path.insert(0, os.path.abspath(folder))

import planted
import rows
from place import World

TABLES = ["handshake_table", "origins_table", "admission", "requests_table", "serving",
          "limits_table", "overload_table", "pools_table", "proxy_table", "drain_table",
          "service_table", "machine_table", "admin_table", "reload_table", "tls_table", "cli_table",
          "gears", "framing", "utf8", "closing", "deflate", "examples", "hostile",
          "secrets_table", "chromium_client", "chat_servers", "dashboard", "node_client",
          "python_client", "sizes", "memory"]
LONGEST_SECONDS = 420  # the whole run; what hangs longer is printed and ended


def main(arguments):
    faulthandler.dump_traceback_later(LONGEST_SECONDS, exit=True)
    everything = [row for name in TABLES for row in __import__(name).table.rows]
    wanted = rows.chosen(everything, arguments[0] if arguments else "")
    world, report = World(), rows.Report()
    try:
        rows.run(wanted, world, report)
    finally:
        complaints = world.stop_all()
    if wanted:
        report.note("serving: every server of this run ends with status 0 on SIGTERM",
                    why="; ".join(complaints) or None)
        report.note("secrets: no log of this run has one that a row sent", why=planted.complaint())
    return report.finish()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
