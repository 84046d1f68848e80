"""Handshake rows that need a gear's own words: admission_server.cpp says them."""
import os
import time

import frames
import wire
from frames import text
from handshake_table import refused
from place import trusting
from rows import Table, expect, expect_between, expect_equal
from server import BINARY, Program
from wire import upgrade

table = Table("handshake")
PROGRAM = os.environ.get("ORRERY_ADMISSION_SERVER",
                         os.path.join(os.path.dirname(BINARY), "tests", "admission_server"))


def gear(place):
    """The one admission server of this transport."""
    return place.shared("admission", lambda: start(place))


def start(place):
    if not place.tls:
        return Program([PROGRAM])
    certificate, key = place.world.certificate()
    program = Program([PROGRAM, certificate, key])
    program.tls = trusting(certificate)
    return program


def own_gear(place):
    """One whose counts no other row moves."""
    return place.own(start(place))


@table.row("admission: it waits for a worker, who says yes")
def _(place):
    client = place.wire(gear(place))
    request = upgrade(gear(place), "/later", add=[("Authorization", "Bearer known")])
    expect_equal(client.ask(request + text("at once")).status, 101)
    wanted = text("at once", mask=None)
    expect_equal(client.take(len(wanted)), wanted)
    return "101, and what came meanwhile"


def offering(*names):
    return [("Sec-WebSocket-Protocol", name) for name in names]


def refusal(name, path, status, **spoiled):
    def story(place):
        program = gear(place)
        refused(place, upgrade(program, path, **spoiled), status, place.wire(program))
        return status

    table.add(f"admission: {name}", story)


refusal("no status given", "/refused", 400)
refusal("it throws", "/throws/admit", 500)
refusal("it waits for a worker longer than admissionTimeout", "/later/never", 503)
refusal("it waits for a worker, who says no", "/later", 401)
refusal("a plug throws", "/throws/plug", 500)
refusal("the handler's constructor throws", "/throws/constructor", 500)
refusal("it speaks a subprotocol that was not offered", "/speaks/not-offered", 500,
        add=offering("feed.v1"))
refusal("no subprotocol in common, its own answer", "/speaks/chosen", 400, add=offering("other"))
refusal("no subprotocol in common, required by the route", "/speaks/required", 400,
        add=offering("other"))
refusal("no subprotocol offered, required by the route", "/speaks/required", 400)


@table.row("admission: its status, headers, cookies and body are the answer")
def _(place):
    program = gear(place)
    answer = refused(place, upgrade(program, "/refused/fully"), 401, place.wire(program))
    expect_equal(answer.header("www-authenticate"), "Bearer")
    expect_equal(answer.body, b"sign in first")
    cookie = answer.header("set-cookie")
    expect(cookie.startswith("visit=first;") and "HttpOnly" in cookie, cookie)
    return "401 with all of it"


@table.row("admission: a redirect")
def _(place):
    program = gear(place)
    answer = refused(place, upgrade(program, "/refused/redirect"), 302, place.wire(program))
    expect_equal(answer.header("location"), "/elsewhere")
    return "302 /elsewhere"


@table.row("admission: a plug halts with its answer")
def _(place):
    program = gear(place)
    answer = refused(place, upgrade(program, "/halted"), 403, place.wire(program))
    expect_equal(answer.body, b'{"halted":true}')
    expect("application/json" in answer.header("content-type"), answer.header("content-type"))
    return 403


@table.row("admission: headers and cookies of plugs are in the 101")
def _(place):
    answer = place.client(gear(place), "/plugged").answer
    expect_equal((answer.header("x-first"), answer.header("x-second")), ("1", "2"))
    expect(answer.header("set-cookie").startswith("visit=first;"), answer.header("set-cookie"))
    return 101


@table.row("admission: the handler is built from the admitted value; its cookie is in the 101")
def _(place):
    program = gear(place)
    client = place.client(program, "/user?user=alice")
    client.hears("text hello alice")
    expect(client.answer.header("set-cookie").startswith("user=alice;"), "the cookie")
    refused(place, upgrade(program, "/user"), 401, place.wire(program))
    return "hello alice"


@table.row("admission: accept_then_close opens and closes at once")
def _(place):
    client = place.client(gear(place), "/closed-at-once")
    client.offer(text("too late"))
    got = client.is_closed_with(4401)
    expect_equal(got.reason, "sign in first")
    return "101, 4401 sign in first"


@table.row("admission: it never runs for a malformed handshake")
def _(place):
    program = own_gear(place)
    spoiled = [
        {"drop": ["Sec-WebSocket-Key"]}, {"replace": {"Sec-WebSocket-Version": "12"}},
        {"drop": ["Upgrade"]}, {"drop": ["Host"]}, {"version": "HTTP/1.0"}, {"method": "POST"},
        {"add": [("Content-Length", "5")]}, {"add": [("Origin", "http://evil.example")]},
        {"key": "short"}, {"add": [("X", "a\0b")]},
    ]
    before = counts(place, program)
    for changes in spoiled:
        client = place.wire(program)
        status = client.ask(upgrade(program, "/counted", **changes)).status
        expect(400 <= status < 500, f"{changes}: {status}")
    expect_equal(counts(place, program)[:2], before[:2], "admissions and handlers")
    return f"{len(spoiled)} heads"


def counts(place, program):
    """How many were admitted, opened, closed."""
    answer = place.wire(program).ask(wire.get(program, "/counts"))
    return [int(word) for word in answer.body.split()]


@table.row("admission: on_close is called once for each session, however it ended")
def _(place):
    program = own_gear(place)
    before = counts(place, program)
    endings = [
        lambda c: c.closes(), lambda c: c.send(frames.close()), lambda c: c.reset(),
        lambda c: c.drop(), lambda c: c.send(frames.frame(3)), lambda c: c.send(text(b"\xff")),
        lambda c: c.says("throw"), lambda c: c.says("close"), lambda c: c.send(text("part")[:3]),
    ]
    for ending in endings * 5:
        client = wire.Client(program)
        client.open("/counted")
        ending(client)
        client.drop()
    count = len(endings) * 5
    deadline = time.monotonic() + 10
    while (now := counts(place, program))[2] < before[2] + count:
        expect(time.monotonic() < deadline, f"{now} after {before}")
    expect_equal([now[n] - before[n] for n in range(3)], [count] * 3, "admitted, opened, closed")
    return f"{count} sessions"


@table.row("on_open throws: 1011")
def _(place):
    client = place.client(gear(place), "/throws/open")
    client.is_closed_with(1011)
    return 1011


@table.row("on_message throws: 1011, and costs no other session")
def _(place):
    program = gear(place)
    one, other = place.client(program, "/counted"), place.client(program, "/counted")
    one.says("throw")
    one.is_closed_with(1011)
    other.echoes()
    return 1011


@table.row("a plain handler throws: 500, and the connection goes on")
def _(place):
    program = gear(place)
    client = place.wire(program)
    expect_equal(client.ask(wire.get(program, "/throws/plain")).status, 500)
    expect_equal(client.ask(wire.get(program, "/both")).body, b"plain")
    return 500


@table.row("a path with a plain handler and a WebSocket route serves both")
def _(place):
    program = gear(place)
    expect_equal(place.wire(program).ask(wire.get(program, "/both")).body, b"plain")
    place.client(program, "/both").echoes()
    return "200, 101"


@table.row("glued bytes are decoded after on_open ran")
def _(place):
    program = gear(place)
    client = place.wire(program)
    client.send(upgrade(program, "/greets") + text("me too") + frames.ping("?"))
    expect_equal(client.response().status, 101)
    wanted = b"".join(frames.text(word, mask=None) for word in ("welcome", "again", "me too"))
    wanted += frames.pong("?", mask=None)
    expect_equal(client.take(len(wanted)), wanted)
    return "welcome, again, me too"


@table.row("parameters and query arrive decoded; the path as sent")
def _(place):
    client = place.client(gear(place), "/shows/green%20tea/and/more%20cake?q=a%26b&q=2")
    client.hears("text green tea|and/more cake|a&b")
    client.says("path?")
    client.hears("text /shows/green%20tea/and/more%20cake")
    return "green tea"


def agreed(name, path, offers, wanted):
    def story(place):
        answer = place.client(gear(place), path, headers=offering(*offers)).answer
        expect_equal(answer.header("sec-websocket-protocol"), wanted)
        return wanted or "none"

    table.add(f"subprotocol: {name}", story)


agreed("our order of preference decides", "/speaks/chosen", ["feed.v1, feed.v2"], "feed.v2")
agreed("the one in common", "/speaks/chosen", ["other, feed.v1"], "feed.v1")
agreed("offers in two headers", "/speaks/chosen", ["other", "feed.v2"], "feed.v2")
agreed("the route's order of preference", "/speaks/optional", ["feed.v1, feed.v2"], "feed.v2")
agreed("required, and offered", "/speaks/required", ["feed.v1"], "feed.v1")
agreed("optional, none in common: the header is absent", "/speaks/optional", ["other"], None)
agreed("optional, none offered: the header is absent", "/speaks/optional", [], None)
agreed("offered to a route that has none: the header is absent", "/greets", ["feed.v1"], None)


@table.row("expiry: a session is closed with 4003 when its time is over")
def _(place):
    start = time.monotonic()
    client = place.client(gear(place), "/expires")
    client.echoes()
    got = client.is_closed_with(4003)
    expect_equal(got.reason, "token expired")
    expect_between(time.monotonic() - start, 0.9, 2.6, "close")
    return "4003 token expired"


@table.row("a list goes out in order, and nothing behind its close")
def _(place):
    client = place.client(gear(place), "/lists")
    client.says("b")
    expect_equal(client.transcript(), ["text abc", "binary 62", "ping p", "close 4000"])
    return "text, binary, ping, close 4000"


@table.row("close() sends an empty close frame")
def _(place):
    client = place.client(gear(place), "/closes/empty")
    client.says("please")
    client.is_closed_with(0)
    return "empty close"
