"""What the keys of gears, the admin listener, the drain and the log do."""
import json
import signal

import server
import wire
from admin_table import admin_of, asked
from keys_rows import MOMENT, WEBSOCKET, key, next_of, story, told_by
from rows import expect, expect_equal


# Gears.
@key("gears.echo.mount", "/mirror", (404, 101))
def _(place, program):
    return place.wire(program).ask(wire.upgrade(program, "/mirror")).status


@key("gears.echo.hosts", ["a.example"], (101, 404))
def _(place, program):
    return place.wire(program).ask(wire.upgrade(program)).status


@key("gears.chat.mount", "/talk", (404, 200))
def _(place, program):
    return place.wire(program).ask(wire.get(program, "/talk")).status


@key("gears.chat.hosts", ["a.example"], (200, 404))
def _(place, program):
    return place.wire(program).ask(wire.get(program, "/chat")).status


# The admin listener.
@key("admin.address", "127.0.0.2", ("127.0.0.1", "127.0.0.2"))
def _(_place, program):
    return admin_of(program).host


@story("admin.port")
def _(place):
    admin = admin_of(place.server())
    expect(admin.port != 0, admin.url)
    with server.Program([server.BINARY, "serve", "--set", "server.port=0", "--set",
                         f"admin.port={admin.port}"], ready=False) as program:
        expect_equal(program.wait(), 1, "exit status")
        expect(any("admin.port" in line and str(admin.port) in line for line in program.log.lines),
               program.log.lines)
    return "0: a free port, printed; exit 1 with the port of another server"


@key("admin.token", "a token of the keys", (200, 401))
def _(place, program):
    return asked(place, admin_of(program), "/api/status").status


# The drain.
PATIENT = {WEBSOCKET + "closeTimeout": 60_000, "drain.spread": 0, "drain.deadline": 120_000}

told_by("drain tcp: SIGTERM: sessions are told evenly over drain.spread, each with a hint of its "
        "own", "drain.spread")


@key("drain.delay", 60_000, ("close 1001", "nothing"), beside=PATIENT)
def _(place, program):
    client = place.client(program)
    program.signal(signal.SIGTERM)
    return next_of(client)


@key("drain.reconnectSpread", 0, ("with a hint", "without one"), beside=PATIENT)
def _(place, program):
    client = place.client(program)
    program.signal(signal.SIGTERM)
    return "with a hint" if "reconnect in" in client.is_closed_with(1001).reason else "without one"


@key("drain.deadline", 300, ("nothing", "1 told, 1 cut"),
     beside={key: value for key, value in PATIENT.items() if key != "drain.deadline"})
def _(place, program):
    place.client(program).echoes()
    program.signal(signal.SIGTERM)
    line = program.out.wait_for(lambda text: text.startswith("drained: "), 3)
    return line.removeprefix("drained: ") if line else "nothing"


# The log.
@key("log.level", "error", ("START", "silence"))
def _(_place, program):
    line = program.log.wait_for(lambda text: "START" in text, MOMENT)
    return "START" if line else "silence"


@key("log.format", "json", ("text", "JSON"))
def _(_place, program):
    line = program.log.wait_for(lambda text: "START" in text)
    if not line.startswith("{"):
        return "text"
    expect_equal(json.loads(line)["message"], "START")
    return "JSON"


@key("log.redact", ["ticket"], ("ticket=shown", "ticket=[redacted]"), beside={"log.level": "debug"})
def _(place, program):
    place.wire(program).ask(wire.upgrade(program, "/nowhere?ticket=shown"))
    line = program.log.wait_for(lambda text: "the refused query" in text)
    expect(line is not None, program.log.lines)
    return line.partition("?")[2].partition('"')[0]
