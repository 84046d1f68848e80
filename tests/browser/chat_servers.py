"""Two people in the chat, in two Chromium windows, while connections break and a server goes."""
from rows import Table
from script import Script

ROWS = ["a name that is taken is asked for again",
        "who has the key takes the place of a connection of its own",
        "the page comes back when it was told, else at random and ever later",
        "a broken connection comes back with every line",
        "when a server goes, its people meet on the next one, with every line once or a gap"]


class TwoServers(Script):
    """Behind one list of addresses; the first goes when the script says `goodbye`."""

    def plan(self, place, compression):
        first = place.own_server(drain={"spread": 2000, "reconnectSpread": 1000})
        own_pages = ["same-origin", first.url]
        second = place.own_server({"origins": own_pages})
        return {"first": first.url, "second": second.url}, first


table, script = Table("chat", wave="heavy"), TwoServers("chat_servers.mjs")
for row in ROWS:
    table.add(row, lambda place, row=row: script.result(place, False, row), lane="servers")
