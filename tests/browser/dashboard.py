"""The dashboard in Chromium, beside nodes that work: numbers, search, tap, closing, drain."""
from admin_table import admin_of
from rows import Table
from script import Script
import server

WORK = ["the numbers are those of /metrics while a load runs",
        "the numbers are those of /metrics after it",
        "pools say when they are nearly full, and full; refusals are counted",
        "sessions are found by gear, pool, name, group and any text",
        "a tap shows the frames of one session as they pass",
        "a tap keeps 200 frames, says what it skips, ends with its session",
        "a session is closed after a question; its client hears 4002",
        "at work it has no errors, and asks nobody else"]

LOOKS = ["the keyboard reaches everything, and the focus is seen",
         "it fits every screen, light and dark",
         "a token is asked for, refused, accepted, remembered by its tab alone",
         "it says when the node is lost or silent, and comes back",
         "messages that are lost are shown by their cause",
         "a drain is asked for, then shown until all are gone",
         "in trouble it has no errors, and asks nobody else"]

TOKEN = "ein Schlüssel: +/="  # not a header's favourite characters


class Nodes(Script):
    """One to look at, one with a token and a certificate, one that loses messages and drains."""

    def plan(self, place, compression):
        certificate, key = place.world.certificate()
        look = place.own_server(pools={"gear:chat": {"maxConnections": 10}})
        guarded = place.own_server(server={"tls": {"certificate": certificate, "key": key}},
                                   admin={"token": TOKEN})
        leaving = place.own_server({"rateLimit": 5, "rateLimitPolicy": "drop"},
                                   drain={"spread": 4000})
        open_to_all = {"url": look.url, "admin": admin_of(look).url, "binary": server.BINARY}
        return {"open": open_to_all,
                "guarded": {"url": guarded.url, "admin": admin_of(guarded).url, "token": TOKEN},
                "leaving": {"url": leaving.url, "admin": admin_of(leaving).url}}, leaving


table = Table("dashboard", over=("tcp",), wave="heavy")
for file, rows in (("dashboard.mjs", WORK), ("dashboard_looks.mjs", LOOKS)):
    script = Nodes(file)
    for row in rows:
        table.add(row, lambda place, script=script, row=row: script.result(place, False, row),
                  lane=file)
