"""What the keys of WebSocket sessions do: liveness, messages, compression."""
import time
import zlib

import frames
import wire
from frames import binary, text
from deflate import Unpacker
from keys_rows import WEBSOCKET, key, next_of
from rows import expect, expect_equal

DEFLATE = [("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits")]
COMPRESSED = {WEBSOCKET + "compression": True}
DEDICATED = {**COMPRESSED, WEBSOCKET + "compressionMode": "dedicated"}
WORDS = " ".join(f"word {number * 7919 % 5003};" for number in range(4000))


# Liveness.
@key(WEBSOCKET + "idleTimeout", 1000, ("nothing", "ping"))
def _(place, program):
    return next_of(place.client(program), 3)


@key(WEBSOCKET + "sendPingsAutomatically", False, ("ping", "close 1000"),
     beside={WEBSOCKET + "idleTimeout": 1000})
def _(place, program):
    return next_of(place.client(program), 3)


@key(WEBSOCKET + "heartbeat", 300, ("nothing", "ping"))
def _(place, program):
    return next_of(place.client(program))


def told_by_a_friend(place, program):
    """The last word for a silent member of a group whose friend talks for 1.7 s."""
    silent, friend = (place.client(program, "/echo/groups/friends") for _ in range(2))
    start, heard = time.monotonic(), "nothing"
    while time.monotonic() < start + 1.7 and heard != "close 1000":
        friend.says("tick")
        while silent.readable(0.2) and (got := silent.frame()):
            heard = got.line()
    return heard


@key(WEBSOCKET + "resetIdleTimeoutOnSend", True, ("close 1000", "text tick"),
     beside={WEBSOCKET + "idleTimeout": 1000, WEBSOCKET + "sendPingsAutomatically": False})
def _(place, program):
    return told_by_a_friend(place, program)


# Messages.
def echo_or_close(client, data):
    client.offer(data)
    got = client.frame()
    return got.line() if got.opcode == frames.CLOSE else "echo"


@key(WEBSOCKET + "maxMessageSize", 1000, ("echo", "close 1009"))
def _(place, program):
    return echo_or_close(place.client(program), binary(b"x" * 1001))


@key(WEBSOCKET + "maxFragments", 4, ("echo", "close 1009"))
def _(place, program):
    return echo_or_close(place.client(program), frames.fragments(frames.TEXT, b"abcde", 1))


@key(WEBSOCKET + "messageTimeout", 200, ("nothing", "close 1008"))
def _(place, program):
    client = place.client(program)
    client.send(text("hello")[:8])
    return next_of(client)


def burst(client, count):
    """How many of `count` messages are echoed, and what came after them."""
    client.offer(b"".join(text(str(number)) for number in range(count)) + frames.ping("end"))
    heard = 0
    while (got := client.frame()).opcode == frames.TEXT:
        heard += 1
    return "all" if heard == count else "some", got.line()


@key(WEBSOCKET + "rateLimit", 10, ("all, pong end", "some, close 1008"))
def _(place, program):
    return ", ".join(burst(place.client(program), 100))


@key(WEBSOCKET + "rateLimitPolicy", "drop", ("some, close 1008", "some, pong end"),
     beside={WEBSOCKET + "rateLimit": 10})
def _(place, program):
    return ", ".join(burst(place.client(program), 100))


class Neighbour(wire.Client):
    """A session from one address that several share."""

    def _connect(self, program, receive_bytes):
        self.source = "127.250.250.251"
        return super()._connect(program, receive_bytes)


@key(WEBSOCKET + "maxSessionsPerIp", 1, (101, 503))
def _(_place, program):
    first, second = Neighbour(program), Neighbour(program)
    try:
        first.open()
        return second.ask(wire.upgrade(program)).status
    finally:
        first.drop()
        second.drop()


# Compression.
def agreed(place, program, *more):
    """The server's answer to an offer of permessage-deflate."""
    answer = place.client(program, headers=[*DEFLATE, *more]).answer
    return answer.header("sec-websocket-extensions") or "plain"


def packed(place, program, words, bits=15):
    """The frame in which these words come back; they must be the same when it is unpacked."""
    client = place.client(program, headers=DEFLATE)
    client.says(words)
    got = client.frame()
    expect_equal(Unpacker(bits)(got).decode(), words, "the echo")
    return got


ALONE = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"


@key(WEBSOCKET + "compression", True, ("plain", ALONE))
def _(place, program):
    return agreed(place, program)


@key(WEBSOCKET + "compressionMode", "dedicated", (ALONE, "permessage-deflate"), beside=COMPRESSED)
def _(place, program):
    return agreed(place, program)


@key(WEBSOCKET + "compressionThreshold", 1000, ("compressed", "plain"), beside=COMPRESSED)
def _(place, program):
    return "compressed" if packed(place, program, "x" * 999).rsv else "plain"


@key(WEBSOCKET + "compressionWindowBits", 9, beside=DEDICATED, seen=(
    "permessage-deflate",
    "permessage-deflate; server_max_window_bits=9; client_max_window_bits=9"))
def _(place, program):
    value = agreed(place, program)
    packed(place, program, WORDS, 9 if "bits=9" in value else 15)
    return value


def zlib_bytes(level):
    """What zlib makes of these words with so much memory."""
    packer = zlib.compressobj(6, zlib.DEFLATED, -15, level)
    return len(packer.compress(WORDS.encode()) + packer.flush(zlib.Z_SYNC_FLUSH))


@key(WEBSOCKET + "compressionMemoryLevel", 1, ("small", "larger"), beside=DEDICATED)
def _(place, program):
    size = len(packed(place, program, WORDS).payload)
    expect(size < len(WORDS) / 2, f"{size} bytes of {len(WORDS)}")
    return "small" if size < (zlib_bytes(1) + zlib_bytes(8)) / 2 else "larger"


@key(WEBSOCKET + "compressionExcept", ["OldPhone"], (ALONE, "plain"), beside=COMPRESSED)
def _(place, program):
    return agreed(place, program, ("User-Agent", "Mozilla/5.0 OldPhone/3"))
