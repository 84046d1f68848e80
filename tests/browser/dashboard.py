"""The dashboard in Chromium, beside nodes that work: numbers, search, tap, closing, drain."""
from admin_table import admin_of
from rows import Table
from script import Script
import server

ROWS = ["the numbers are those of /metrics while a load runs",
        "the numbers are those of /metrics after it",
        "pools say when they are nearly full, and full; refusals are counted",
        "sessions are found by gear, pool, name, group and any text",
        "a tap shows the frames of one session as they pass",
        "a tap keeps 200 frames, says what it skips, ends with its session",
        "a session is closed after a question; its client hears 4002",
        "the keyboard reaches everything, and the focus is seen",
        "it fits every screen, light and dark",
        "a token is asked for, refused, accepted, remembered by its tab alone",
        "it says when the node is lost or silent, and comes back",
        "a drain is asked for, then shown until all are gone",
        "it has no errors, and asks nobody else"]

TOKEN = "ein Schlüssel: +/="  # not a header's favourite characters


class Nodes(Script):
    """One to look at, one with a token and a certificate, one that is drained."""

    def plan(self, place, compression):
        certificate, key = place.world.certificate()
        look = place.own_server(pools={"gear:chat": {"maxConnections": 10}})
        guarded = place.own_server(server={"tls": {"certificate": certificate, "key": key}},
                                   admin={"token": TOKEN})
        leaving = place.own_server(drain={"spread": 2000})
        open_to_all = {"url": look.url, "admin": admin_of(look).url, "binary": server.BINARY}
        return {"open": open_to_all,
                "guarded": {"url": guarded.url, "admin": admin_of(guarded).url, "token": TOKEN},
                "leaving": {"url": leaving.url, "admin": admin_of(leaving).url}}, leaving


table, script = Table("dashboard", over=("tcp",), wave="heavy"), Nodes("dashboard.mjs")
for row in ROWS:
    table.add(row, lambda place, row=row: script.result(place, False, row), lane="dashboard")
