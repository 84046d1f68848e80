"""permessage-deflate (RFC 7692): negotiation, then messages."""
import os
import random
import re
import zlib

import frames
from cases import Cases
from frames import binary, more, text
from rows import expect, expect_equal
from wire import upgrade

SHARED = {"compression": True}
DEDICATED = {"compression": True, "compressionMode": "dedicated"}
NARROW = {**DEDICATED, "compressionWindowBits": 9, "compressionMemoryLevel": 1}
TAIL = b"\0\0\xff\xff"
offers = Cases("14 compression offers")


def offered(place, websocket, *values):
    """The extensions in the 101, as {parameter: value}; None where the offer was declined."""
    program = place.server(websocket)
    headers = [("Sec-WebSocket-Extensions", value) for value in values]
    answer = place.wire(program).ask(upgrade(program, add=headers))
    expect_equal(answer.status, 101, "status")
    value = answer.header("sec-websocket-extensions")
    if value is None:
        return None
    expect("," not in value, f"more than one extension: {value}")
    name, *parameters = [part.strip() for part in value.split(";")]
    expect_equal(name, "permessage-deflate", "the extension")
    pairs = [part.partition("=") for part in parameters]
    expect_equal(len({pair[0] for pair in pairs}), len(pairs), "parameters once each")
    return {pair[0]: pair[2] for pair in pairs}


def offer(name, *values, accepted=(), declined=False, websocket=None, absent=()):
    def story(place):
        answer = offered(place, websocket or DEDICATED, *values)
        if declined:
            expect_equal(answer, None, "the answer")
            return "declined"
        expect(answer is not None, "the offer was declined")
        for parameter in accepted:
            key, _, value = parameter.partition("=")
            expect(key in answer and (not value or answer[key] == value),
                   f"no {parameter} in {answer}")
        for key in absent:
            expect(key not in answer, f"{key} in {answer}")
        return "; ".join(answer) or "accepted"

    offers.add(f"14 compression offers: {name}", story)


DEFLATE = "permessage-deflate"
offer("off by default", DEFLATE, declined=True, websocket={"compression": False})
offer("no parameters", DEFLATE, absent=["client_max_window_bits"])
offer("no parameters, shared mode says so", DEFLATE, websocket=SHARED,
      accepted=["server_no_context_takeover"], absent=["client_max_window_bits"])
offer("server_no_context_takeover is repeated in the answer",
      f"{DEFLATE}; server_no_context_takeover", accepted=["server_no_context_takeover"])
offer("client_no_context_takeover", f"{DEFLATE}; client_no_context_takeover")
offer("client_max_window_bits without a value", f"{DEFLATE}; client_max_window_bits")
offer("client_max_window_bits with a value", f"{DEFLATE}; client_max_window_bits=10")
for bits in (9, 10, 12, 15):
    offer(f"server_max_window_bits={bits} is used", f"{DEFLATE}; server_max_window_bits={bits}",
          accepted=[f"server_max_window_bits={bits}"])
offer("a value in quotes", f'{DEFLATE}; server_max_window_bits="10"',
      accepted=["server_max_window_bits=10"])
offer("server_max_window_bits=8 is declined", f"{DEFLATE}; server_max_window_bits=8", declined=True)
for value in ("0", "7", "16", "99", "010", "-9", "ten", ""):
    offer(f"server_max_window_bits={value} is declined",
          f"{DEFLATE}; server_max_window_bits={value}", declined=True)
for value in ("0", "7", "16", "99", "010"):
    offer(f"client_max_window_bits={value} is declined",
          f"{DEFLATE}; client_max_window_bits={value}", declined=True)
offer("server_max_window_bits without a value is declined",
      f"{DEFLATE}; server_max_window_bits", declined=True)
offer("server_no_context_takeover with a value is declined",
      f"{DEFLATE}; server_no_context_takeover=1", declined=True)
offer("an unknown parameter is declined", f"{DEFLATE}; faster", declined=True)
offer("a repeated parameter is declined",
      f"{DEFLATE}; server_max_window_bits=10; server_max_window_bits=10", declined=True)
offer("another extension is declined", "x-webkit-deflate-frame", declined=True)
offer("garbage never fails the handshake", ";;=,, =;", declined=True)
offer("the second offer, where the first is declined",
      f"{DEFLATE}; server_max_window_bits=8, {DEFLATE}; server_max_window_bits=11",
      accepted=["server_max_window_bits=11"])
offer("the first of two good offers wins",
      f"{DEFLATE}; server_max_window_bits=12, {DEFLATE}; server_max_window_bits=11",
      accepted=["server_max_window_bits=12"])
offer("offers in two headers", "x-other", f"{DEFLATE}; server_max_window_bits=13",
      accepted=["server_max_window_bits=13"])
offer("our own window is said where the client did not ask", DEFLATE, websocket=NARROW,
      accepted=["server_max_window_bits=9"], absent=["client_max_window_bits"])
offer("our own window binds a client that can obey", f"{DEFLATE}; client_max_window_bits",
      websocket=NARROW, accepted=["server_max_window_bits=9", "client_max_window_bits=9"])
offer("a client may not widen our window", f"{DEFLATE}; server_max_window_bits=12",
      websocket=NARROW, accepted=["server_max_window_bits=9"])
offer("a client may make our window smaller", f"{DEFLATE}; server_max_window_bits=10",
      websocket={**NARROW, "compressionWindowBits": 12}, accepted=["server_max_window_bits=10"])
offer("shared mode has one window for all", f"{DEFLATE}; client_max_window_bits",
      websocket={**NARROW, **SHARED, "compressionMode": "shared"},
      accepted=["server_no_context_takeover"],
      absent=["server_max_window_bits", "client_max_window_bits"])


class Packer:
    """The client's half of the extension."""

    def __init__(self, bits=15, takeover=True, level=9):
        self.bits, self.takeover, self.level = bits, takeover, level
        self._deflate = None

    def __call__(self, payload):
        payload = payload.encode() if isinstance(payload, str) else payload
        if self._deflate is None or not self.takeover:
            self._deflate = zlib.compressobj(self.level, zlib.DEFLATED, -self.bits)
        packed = self._deflate.compress(payload) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        return packed[:-4]


class Unpacker:
    def __init__(self, bits=15, takeover=True):
        self.bits, self.takeover = bits, takeover
        self._inflate = None

    def __call__(self, frame):
        if not frame.rsv & 4:
            return frame.payload
        if self._inflate is None or not self.takeover:
            self._inflate = zlib.decompressobj(-self.bits)
        return self._inflate.decompress(frame.payload + TAIL)


MODES = [("shared", SHARED, DEFLATE), ("dedicated", DEDICATED, DEFLATE),
         ("dedicated, 9 bits", DEDICATED, f"{DEFLATE}; server_max_window_bits=9"),
         ("dedicated, no takeover", DEDICATED,
          f"{DEFLATE}; server_no_context_takeover; client_no_context_takeover"),
         ("dedicated, little memory", NARROW, f"{DEFLATE}; client_max_window_bits")]
messages = Cases("15 compressed messages")


class Talk:
    """A session that negotiated; what both sides may do follows from the answer."""

    def __init__(self, place, websocket, value):
        extra = {"maxMessageSize": "2MiB", "maxQueuedBytes": "16MiB"}
        self.client = place.client(place.server({**websocket, **extra}),
                                   headers=[("Sec-WebSocket-Extensions", value)])
        answer = self.client.answer.header("sec-websocket-extensions") or ""
        bits = dict(re.findall(r"(client|server)_max_window_bits=(\d+)", answer))
        self.pack = Packer(int(bits.get("client", 15)), "client_no_context_takeover" not in answer)
        self.unpack = Unpacker(int(bits.get("server", 15)),
                               "server_no_context_takeover" not in answer)

    def hears(self, payload, opcode=frames.TEXT):
        got = self.client.frame()
        expect(got is not None, f"connection {self.client.ending}")
        expect_equal(got.opcode, opcode, "opcode")
        seen = self.unpack(got)
        expect(seen == payload, f"{len(seen)} bytes instead of the {len(payload)} sent")
        return got


def for_modes(name):
    def add(story):
        for mode, websocket, value in MODES:
            def row(place, websocket=websocket, value=value):
                return story(Talk(place, websocket, value))
            messages.add(f"15 compressed messages: {name} ({mode})", row)
        return story
    return add


@for_modes("messages of many sizes come back")
def _(talk):
    seeded, total = random.Random(7692), 0
    for size in (0, 1, 16, 63, 64, 65, 125, 126, 1000, 4096, 65535, 65536, 300_000, 1 << 20):
        words = seeded.randbytes(16).hex().encode() * (size // 32)
        for payload in (b"*" * size, seeded.randbytes(size), words):
            talk.client.send(binary(talk.pack(payload), rsv=4))
            total += len(talk.hears(payload, frames.BINARY).payload)
    talk.client.closes()
    return f"{total // 1024} KiB on the wire"


@for_modes("500 JSON messages come back, smaller")
def _(talk):
    plain = packed = 0
    for number in range(500):
        payload = (f'{{"type":"price","id":{number},"bid":{number * 7 % 1000},'
                   f'"ask":{number * 11 % 1000},"name":"item {number % 10}"}}' * 4).encode()
        talk.client.send(text(talk.pack(payload), rsv=4))
        got = talk.hears(payload)
        plain, packed = plain + len(payload), packed + len(got.payload)
    expect(packed < plain * 0.8, f"{packed} bytes for {plain}")
    talk.client.closes()
    return f"{packed * 100 // plain} %"


@for_modes("fragments of one compressed message")
def _(talk):
    payload = os.urandom(3000).hex().encode()
    for size in (64, 100, 1000, 1):
        payload = payload if size > 1 else payload[:100]
        pieces = frames.in_pieces(talk.pack(payload), size)
        talk.client.send(text(pieces[0], rsv=4, fin=False) +
                         b"".join(more(piece, fin=False) for piece in pieces[1:]) + more())
        talk.hears(payload)
    talk.client.closes()
    return "echo"


@for_modes("a ping between compressed fragments")
def _(talk):
    packed = talk.pack("hello hello hello hello")
    talk.client.send(text(packed[:4], rsv=4, fin=False) + frames.ping("?") + more(packed[4:]))
    talk.client.hears("pong ?")
    talk.hears(b"hello hello hello hello")
    return "pong, text"


@for_modes("plain and compressed messages take turns")
def _(talk):
    for number in range(20):
        payload = f"message {number} ".encode() * 10
        talk.client.send(text(talk.pack(payload), rsv=4) if number % 2 else text(payload))
        talk.hears(payload)
    return "20 messages"


@for_modes("messages below the threshold of 64 bytes go plain")
def _(talk):
    talk.client.send(text(talk.pack("x" * 63), rsv=4))
    expect_equal(talk.hears(b"x" * 63).rsv, 0, "rsv")
    talk.client.send(text(talk.pack("x" * 640), rsv=4))
    expect_equal(talk.hears(b"x" * 640).rsv, 4, "rsv")
    return "plain"


@for_modes("an empty compressed message")
def _(talk):
    talk.client.send(text(b"\0", rsv=4) + text(b"\x02\0", rsv=4))
    talk.hears(b"")
    talk.hears(b"")
    return "echo"


@for_modes("a message with its last block marked (BFINAL), and one after it")
def _(talk):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    final = packer.compress(b"final block " * 10) + packer.flush(zlib.Z_FINISH)
    talk.client.send(text(final + b"\0", rsv=4))
    talk.hears(b"final block " * 10)
    talk.pack = Packer(talk.pack.bits, talk.pack.takeover)
    talk.client.send(text(talk.pack("and on " * 20), rsv=4))
    talk.hears(b"and on " * 20)
    return "echo"


@for_modes("a message of stored blocks")
def _(talk):
    packer = Packer(takeover=False, level=0)
    payload = os.urandom(50_000)
    talk.client.send(binary(packer(payload), rsv=4))
    talk.hears(payload, frames.BINARY)
    return "echo"


def breaks(name, data, *codes):
    """Every mode refuses these frames with one of these close codes."""

    @for_modes(name)
    def _(talk):
        talk.client.send(text("first") + data)
        talk.hears(b"first")
        got = talk.client.is_closed_with(codes[0]) if len(codes) == 1 else talk.client.frame()
        expect(got is not None and got.code in codes, f"heard {got and got.line()}")
        return f"close {got.code}"


breaks("rsv 1 on a continuation", text(b"\0", rsv=4, fin=False) + more(b"\0", rsv=4), 1002)
breaks("rsv 1 on a ping", frames.ping("?", rsv=4), 1002)
breaks("rsv 1 on a close", frames.close(1000, rsv=4), 1002)
breaks("rsv 2 on text", text("hello", rsv=2), 1002)
breaks("rsv 1 and 2 on text", text("hello", rsv=6), 1002)
breaks("bytes that are not deflate", text(b"\xff\xff\xff\xff\xff\xff", rsv=4), 1002, 1007)
breaks("a distance beyond the window's start", text(b"\x4b\x04\x11\x00\x00", rsv=4), 1002, 1007)
breaks("compressed text that is not UTF-8", text(Packer()(b"\xed\xa0\x80"), rsv=4), 1007)
breaks("compressed text that ends inside a letter", text(Packer()(b"abc\xe2\x82"), rsv=4), 1007)


@messages.row("15 compressed messages: rsv 1 where nothing was negotiated")
def _(place):
    client = place.client()
    client.send(text(Packer()("hello"), rsv=4))
    client.is_closed_with(1002)
    return "close 1002"


@messages.row("15 compressed messages: as large as maxMessageSize, made longer by deflate")
def _(place):
    talk = Talk(place, SHARED, DEFLATE)
    payload = os.urandom(2 << 20)
    packed = Packer(level=0)(payload)
    expect(len(packed) > len(payload), "deflate did not make it longer")
    talk.client.send(binary(packed, rsv=4))
    talk.hears(payload, frames.BINARY)
    return "echo"


@messages.row("15 compressed messages: context takeover makes a repetition small (dedicated)")
def _(place):
    talk = Talk(place, DEDICATED, DEFLATE)
    payload = os.urandom(1000).hex().encode()
    talk.client.send(text(talk.pack(payload), rsv=4) + text(talk.pack(payload), rsv=4))
    first, second = talk.hears(payload), talk.hears(payload)
    expect(len(second.payload) < len(first.payload) // 10, "the second was not smaller")
    return f"{len(first.payload)}, then {len(second.payload)} bytes"


class table:  # all chapters of this file
    rows = [row for chapter in (offers, messages) for row in chapter.rows]
