"""What clients show in confidence (query, Authorization, Cookie, subprotocol) is in no log line,
whatever becomes of them and whatever the level. `run.py secrets`.

These rows see to it that every kind of line is written; planted.py searches all logs of the run.
"""
import signal

import frames
import planted
import wire
from admin_table import admin_of, asked
from admission import own_gear
from keys_rows import configured, gate
from overload_table import CHUNK, flood
from rows import Table, expect, expect_equal

table = Table("secrets", over=("tcp",))
SETTINGS = {"maxSessionsPerIp": 1, "rateLimit": 500, "maxQueuedBytes": "64KiB",
            "idleTimeout": 1000, "sendPingsAutomatically": False, "closeTimeout": 500,
            "compression": True}
LEVELS = ("debug", "info", "warn", "error")


def shown(place):
    """Every header that may carry a secret."""
    return [*planted.headers(place.title), planted.subprotocol(place.title)]


def request(place, program, path="/echo", add=(), **spoiled):
    return wire.upgrade(program, planted.target(place.title, path), add=[*shown(place), *add],
                        **spoiled)


def refusals(place, program):
    """Handshakes that get every status there is, and requests that are broken."""
    evil = [("Origin", "https://evil.example")]
    wanted = {404: {"path": "/nothing"}, 403: {"add": evil}, 400: {"key": "short"},
              426: {"replace": {"Sec-WebSocket-Version": "12"}}, 405: {"method": "POST"},
              431: {"add": [("X-Padding", "x" * 20_000)]}}
    for status, spoiled in wanted.items():
        answer = place.wire(program).ask(request(place, program, **spoiled))
        expect_equal(answer.status, status, f"{spoiled}"[:80])
    for broken in (b"Broken header\r\n", b"Host: again\r\n", b"Content-Length: x\r\n"):
        data = request(place, program)
        expect_equal(place.wire(program).ask(data[:-2] + broken + b"\r\n").status, 400)


def ends(place, program):
    """Sessions that end in every way, a flood and a reader that does not read among them."""
    breaking = [frames.close(4000, "bye"), frames.head(3, 0), frames.text(b"\xff"),
                frames.head(frames.TEXT, 1 << 30), frames.text("flood") * 2000]
    for data in breaking:
        session(place, program).offer(data)
    session(place, program).reset()
    flood(session(place, program, receive_bytes=CHUNK), 300)
    silent = session(place, program)
    expect_equal(silent.is_closed_with(1000).code, 1000)


def session(place, program, **options):
    return place.client(program, headers=[planted.subprotocol(place.title)], **options)


def lives_with(level, form):
    """A server's whole life, from refusals to the drain, under this log."""

    def story(place):
        token = planted.secret(place.title, "admin")
        program = place.own_server(SETTINGS, log={"level": level, "format": form},
                                   admin={"token": token}, drain={"spread": 0, "deadline": 2000})
        admin = admin_of(program)
        for given in (token, planted.secret(place.title, "wrong")):
            asked(place, admin, "/api/status", ("Authorization", f"Bearer {given}"))
        refusals(place, program)
        ends(place, program)
        last = session(place, program)
        program.signal(signal.SIGHUP)
        program.signal(signal.SIGTERM)
        last.is_closed_with(1001)
        expect_equal(program.wait(), 0, "exit status")
        told = [program.log.count(lambda line, word=word: word in line)
                for word in ("session closed", "refused", "the refused query")]
        least = [level in ("debug", "info")] * 2 + [level == "debug"]
        expect_equal([count > 0 for count in told], least, "closed, refused, queries")
        return f"{len(program.log.lines)} lines"

    table.add(f"log level {level}, {form}", story)


@table.row("the search finds what a log has")
def _(place):
    program = place.own_server()
    expect(program.log.wait_for(lambda line: "START" in line), program.log.lines)
    found = list(planted.hits(program, ["sessions_fit="]))
    expect_equal(len(found), 1, f"{found}")
    return "found"


for each in LEVELS:
    lives_with(each, "text")
lives_with("debug", "json")


@table.row("callbacks that hold their loop")
def _(place):
    program = gate(place, configured({"server.callbackBudget": 10}))
    client = place.client(program, "/gate/holds", headers=[planted.subprotocol(place.title)])
    client.says("hold")
    expect(program.log.wait_for(lambda line: "a callback holds its loop" in line),
           program.log.lines)
    program.signal(signal.SIGUSR1)
    client.hears("text hold")
    return "reported"


@table.row("admissions, plugs and callbacks that throw")
def _(place):
    program = own_gear(place)
    for path, status in (("/throws/admit", 500), ("/throws/plug", 500), ("/refused", 400),
                         ("/speaks/not-offered", 500), ("/speaks/required", 400)):
        answer = place.wire(program).ask(request(place, program, path))
        expect_equal(answer.status, status, path)
    place.client(program, "/throws/open").is_closed_with(1011)
    client = place.client(program, "/counted")
    client.says("throw")
    client.is_closed_with(1011)
    expect_equal(program.stop(), 0, "exit status")
    told = program.log.count(lambda line: "threw" in line)
    expect_equal(told, 4, f"lines about exceptions in {program.log.lines}")
    return f"{told} exceptions"
