"""The limits and timers of a session, row by row (the contract's table). `run.py limits`.

Deadlines are real but small; a close frame is due within [timeout, timeout + 1 s].
"""
import time
import zlib

import frames
from frames import binary, more, ping, pong, text
from rows import Table, expect, expect_between, expect_equal

table = Table("limits")
LATE = 1.5  # the contract's second, and half a second for a busy machine
PASSIVE = {"idleTimeout": 1000, "sendPingsAutomatically": False}


def closed_by_limit(client, code, cause, reason):
    """The close frame with this code and reason, a clean end, and one line in the log."""
    program = client.program
    got = client.is_closed_with(code)
    expect(reason in got.reason.replace("_", " "), f"reason {got.reason!r}, wanted {reason!r}")
    fields = program.closed_session(client)
    expect_equal(fields["cause"], cause, "cause in the log")
    return f"{code} {got.reason}"


def since(start):
    return time.monotonic() - start


# idleTimeout.
@table.row("idleTimeout: a ping comes before the deadline, and an answer re-arms it")
def _(place):
    client = place.client(place.server({"idleTimeout": 1000}))
    start = time.monotonic()
    while since(start) < 3:
        got = client.frame()
        expect(got is not None, f"connection {client.ending} after {since(start):.2f} s")
        expect_equal(got.opcode, frames.PING, "opcode")
        client.send(pong(got.payload))
    client.echoes()
    return "open"


@table.row("idleTimeout: any byte re-arms it, half a frame too")
def _(place):
    client = place.client(place.server(PASSIVE))
    message = text("twelve bytes")
    for byte in frames.every_byte(message[:6]):
        client.send(byte)
        expect(not client.readable(0.5), "the server closed a client that sends")
    client.send(message[6:])
    client.hears("text twelve bytes")
    return "open"


@table.row("idleTimeout: a peer that answers no ping is closed at the deadline")
def _(place):
    client = place.client(place.server({"idleTimeout": 1000}))
    start = time.monotonic()
    client.echoes()
    expect_equal(client.frame().opcode, frames.PING, "opcode")
    answer = closed_by_limit(client, 1000, "idle_timeout", "idle timeout")
    expect_between(since(start), 1.0, 1.0 + LATE, "close")
    return answer


@table.row("idleTimeout, passive: no ping, closed at the deadline")
def _(place):
    client = place.client(place.server(PASSIVE))
    start = time.monotonic()
    client.echoes()
    got = client.frame()
    expect_equal(got.line(), "close 1000")
    expect_between(since(start), 1.0, 1.0 + LATE, "close")
    expect_equal(got.reason, "idle timeout: no data or ping for 1 s")
    client.send(frames.close(1000))
    expect_equal(client.ends(), "closed", "the connection")
    expect_equal(client.program.closed_session(client)["cause"], "idle_timeout")
    return f"1000 {got.reason}"


@table.row("idleTimeout, passive: pings of the client keep it open")
def _(place):
    client = place.client(place.server(PASSIVE))
    for number in range(5):
        expect(not client.readable(0.5), "the server closed a client that pings")
        client.send(ping(str(number)))
        client.hears(f"pong {number}")
    return "open"


@table.row("idleTimeout: the default neither pings nor closes within seconds")
def _(place):
    expect(place.client().quiet_for(2.5), "a frame, or the end, on a default session")
    return "open"


def told_by_a_friend(place, websocket):
    """A silent member of a group whose friend talks every 200 ms for 2.2 s."""
    program = place.server(websocket)
    path = f"/echo/groups/idle-{id(place)}"
    silent, friend = place.client(program, path), place.client(program, path)
    start = time.monotonic()
    heard = []
    while since(start) < 2.2 and "close 1000" not in heard:
        friend.says("tick")
        if silent.readable(0.2) and (got := silent.frame()):
            heard.append(got.line())
    return heard


@table.row("resetIdleTimeoutOnSend false: sends do not re-arm the deadline")
def _(place):
    heard = told_by_a_friend(place, PASSIVE)
    expect_equal(heard[-1], "close 1000")
    expect("text tick" in heard, "the friend was not heard")
    return "closed"


@table.row("resetIdleTimeoutOnSend true: sends re-arm the deadline")
def _(place):
    heard = told_by_a_friend(place, {**PASSIVE, "resetIdleTimeoutOnSend": True})
    expect_equal(set(heard), {"text tick"})
    return "open"


# heartbeat.
@table.row("heartbeat: a ping that is not answered by the next beat")
def _(place):
    client = place.client(place.server({"idleTimeout": 0, "heartbeat": 1000}))
    start = time.monotonic()
    expect_equal(client.frame().opcode, frames.PING, "opcode")
    expect_between(since(start), 0.9, 1.0 + LATE, "ping")
    answer = closed_by_limit(client, 1000, "ping_timeout", "ping timeout")
    expect_between(since(start), 1.9, 2.0 + LATE, "close")
    return answer


@table.row("heartbeat: answered pings keep the session")
def _(place):
    client = place.client(place.server({"idleTimeout": 0, "heartbeat": 1000}))
    for _ in range(3):
        got = client.frame()
        expect_equal(got.opcode, frames.PING, "opcode")
        client.send(pong(got.payload))
    client.echoes()
    return "open"


# maxMessageSize.
SMALL = {"maxMessageSize": 1000}


@table.row("maxMessageSize: a message of exactly that size passes")
def _(place):
    client = place.client(place.server(SMALL))
    client.send(binary(b"x" * 1000))
    client.hears(frames.line("binary", b"x" * 1000))
    client.send(frames.fragments(frames.BINARY, b"y" * 1000, 100))
    client.hears(frames.line("binary", b"y" * 1000))
    return "echo"


@table.row("maxMessageSize: one byte more is refused on its head")
def _(place):
    client = place.client(place.server(SMALL))
    client.send(frames.head(frames.BINARY, 1001))
    return closed_by_limit(client, 1009, "too_big", "big")


@table.row("maxMessageSize: counts all fragments")
def _(place):
    client = place.client(place.server(SMALL))
    client.send(binary(b"x" * 600, fin=False) + frames.head(frames.CONTINUATION, 401))
    return closed_by_limit(client, 1009, "too_big", "big")


@table.row("maxMessageSize: control frames between fragments do not count")
def _(place):
    client = place.client(place.server(SMALL))
    client.send(binary(b"x" * 600, fin=False) + ping("p" * 125) * 5 + more(b"x" * 400))
    for _ in range(5):
        client.hears(frames.line("pong", "p" * 125))
    client.hears(frames.line("binary", b"x" * 1000))
    return "echo"


@table.row("maxMessageSize: the default is 1 MiB")
def _(place):
    client = place.client()
    client.send(binary(b"x" * (1 << 20)))
    client.hears(frames.line("binary", b"x" * (1 << 20)))
    client.send(frames.head(frames.BINARY, (1 << 20) + 1))
    return closed_by_limit(client, 1009, "too_big", "big")


def deflated(payload):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return (packer.compress(payload) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]


DEFLATE = [("Sec-WebSocket-Extensions", "permessage-deflate")]


@table.row("maxMessageSize: counts after inflation")
def _(place):
    program = place.server({**SMALL, "compression": True})
    client = place.client(program, headers=DEFLATE)
    client.send(binary(deflated(b"x" * 1000), rsv=4))
    expect_equal(client.frame().fin, True)
    client.send(binary(deflated(b"x" * 1001), rsv=4))
    return closed_by_limit(client, 1009, "too_big", "big")


@table.row("maxMessageSize: counts after inflation across fragments")
def _(place):
    client = place.client(place.server({**SMALL, "compression": True}), headers=DEFLATE)
    packed = deflated(b"x" * 100_000)
    half = len(packed) // 2
    client.send(binary(packed[:half], rsv=4, fin=False) + more(packed[half:]))
    return closed_by_limit(client, 1009, "too_big", "big")


# Tiny fragments.
@table.row("tiny fragments: 256 KiB in fragments of 64 bytes pass")
def _(place):
    client, payload = place.client(), b"0123456789abcdef" * (1 << 14)
    client.send(frames.fragments(frames.BINARY, payload, 64))
    client.hears(frames.line("binary", payload))
    return "echo"


@table.row("tiny fragments: 4 MiB in fragments of 64 bytes pass, where that size is allowed")
def _(place):
    client = place.client(place.server({"maxMessageSize": "5MiB", "maxQueuedBytes": "8MiB"}))
    payload = b"0123456789abcdef" * (1 << 18)
    client.send(frames.fragments(frames.BINARY, payload, 64))
    client.hears(frames.line("binary", payload))
    return "echo"


@table.row("tiny fragments: a million empty ones")
def _(place):
    client = place.client()
    client.offer(text("a", fin=False) + more(fin=False) * 1_000_000)
    return closed_by_limit(client, 1009, "too_big", "fragments")


@table.row("tiny fragments: a million of one byte")
def _(place):
    client = place.client()
    client.offer(text("a", fin=False) + more("b", fin=False) * 1_000_000)
    return closed_by_limit(client, 1009, "too_big", "")


# messageTimeout.
def slow_message(name, pieces):
    """A message whose first byte came and whose last never does, however much it dribbles."""

    def story(place):
        client = place.client(place.server({"messageTimeout": 1000, "closeTimeout": 1000}))
        start = time.monotonic()
        for piece in pieces:
            client.offer(piece)
            if client.readable(0.1):
                break
        while (got := client.frame()).opcode == frames.PONG:
            pass
        expect_between(since(start), 1.0, 1.0 + LATE, "close")
        expect_equal((got.code, got.reason), (1008, "message timeout"))
        expect_equal(client.program.closed_session(client)["cause"], "message_timeout")
        client.rest()  # inside half a message a client has no way to answer
        return f"1008 {got.reason}"

    table.add(name, story)


slow_message("messageTimeout: half a head", [text("hello")[:1]])
slow_message("messageTimeout: half a payload", [text("hello")[:8]])
slow_message("messageTimeout: a payload that dribbles", frames.every_byte(binary(b"x" * 100)))
slow_message("messageTimeout: a message that never has its last fragment",
             [binary(b"x", fin=False), *[more(b"x", fin=False)] * 100])
slow_message("messageTimeout: pings in between do not extend it",
             [binary(b"x", fin=False), *[ping("p")] * 100])


@table.row("messageTimeout: a message that is complete in time, then silence")
def _(place):
    client = place.client(place.server({"messageTimeout": 1000}))
    client.send(text("hello")[:8])
    expect(client.quiet_for(0.5), "a word before the message was complete")
    client.send(text("hello")[8:])
    client.hears("text hello")
    expect(client.quiet_for(1.5), "a deadline without a message")
    return "open"


# rateLimit.
@table.row("rateLimit, policy close")
def _(place):
    client = place.client(place.server({"rateLimit": 10}))
    client.offer(b"".join(text(str(number)) for number in range(100)))
    heard = []
    while (got := client.frame()).opcode == frames.TEXT:
        heard.append(got.payload)
    expect_equal(got.code, 1008, "code")
    expect("rate" in got.reason, f"reason {got.reason!r}")
    expect(10 <= len(heard) <= 20, f"{len(heard)} echoes before the close")
    client.offer(frames.close(1008))
    expect_equal(client.ends(), "closed", "the connection")
    expect_equal(client.program.closed_session(client)["cause"], "rate_limited")
    return f"1008 {got.reason}"


@table.row("rateLimit, policy drop: the rest is dropped, pings are answered, the session lives")
def _(place):
    client = place.client(place.server({"rateLimit": 10, "rateLimitPolicy": "drop"}))
    client.send(b"".join(text(str(number)) for number in range(100)) + ping("end"))
    heard = []
    while (got := client.frame()).opcode == frames.TEXT:
        heard.append(int(got.payload))
    expect_equal(got.line(), "pong end")
    expect(10 <= len(heard) <= 20, f"{len(heard)} echoes")
    expect_equal(heard, sorted(heard), "order")
    expect(client.quiet_for(1.2), "a word after the pong")
    client.echoes("a second later")
    return f"{len(heard)} of 100"


@table.row("rateLimit: a client below it is never disturbed")
def _(place):
    client = place.client(place.server({"rateLimit": 10}))
    for number in range(16):
        client.echoes(str(number))
        expect(client.quiet_for(0.12), "a word")
    return "open"


# closeTimeout.
@table.row("closeTimeout: a peer that does not answer our close")
def _(place):
    client = place.client(place.server({"closeTimeout": 1000}))
    client.send(frames.head(3, 0))  # an unknown opcode
    start = time.monotonic()
    client.hears("close 1002")
    ending = client.ends()
    expect_between(since(start), 0, 1.0 + LATE, "end")
    return f"1002, {ending}"


@table.row("closeTimeout: a peer that goes on talking after our close")
def _(place):
    client = place.client(place.server({"closeTimeout": 1000}))
    client.send(frames.head(3, 0))
    start = time.monotonic()
    client.hears("close 1002")
    while since(start) < 5 and not client.readable(0.05):
        client.offer(text("still talking") * 100)
    client.rest()
    expect_between(since(start), 0, 1.0 + LATE, "end")
    return f"1002, {client.ending}"
