"""Hostile input against the real server: the classes of attack that hit other servers."""
import functools
import os
import random
import time
import zlib

import frames
import wire
from frames import binary, more, ping, pong, text
from rows import Table, expect, expect_between, expect_equal
from wire import upgrade

table = Table("hostile")
DEFLATE = [("Sec-WebSocket-Extensions", "permessage-deflate")]
PAGES = 64 * 1024  # what resident memory may move without a reason


def warm(place, program):
    """A few sessions with large messages, so that what is measured later is not the first use."""
    for _ in range(20):
        client = place.client(program, headers=DEFLATE)
        client.send(text("warm" * 2000))
        expect_equal(client.frame().opcode, frames.TEXT, "opcode of a warm-up message")
        client.drop()


@functools.cache
def zeros():
    """200 MiB of zeros, deflated."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = b"".join(packer.compress(b"\0" * (1 << 20)) for _ in range(200))
    return (packed + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]


def growth(program, before):
    return program.resident_bytes() - before


@table.row("a declared length of 2^40 allocates nothing", over=["tcp"], alone=True)
def _(place):
    program = place.own_server({"maxMessageSize": "4GiB"})
    place.client(program).echoes()
    crowd = [place.client(program) for _ in range(50)]
    for client in crowd:
        client.echoes()
    before = program.resident_bytes()
    for client in crowd[:49]:
        client.send(frames.head(frames.BINARY, (4 << 30) - 1) + b"abc")
    crowd[49].echoes()
    grown = growth(program, before)
    expect(grown <= 49 * 4096 + PAGES, f"resident memory grew by {grown} bytes")
    refused = place.client(program)
    refused.send(frames.head(frames.BINARY, 1 << 40))
    refused.is_closed_with(1009)
    return f"{grown} bytes for 49 heads"


def bomb(place, mode, send):
    """Megabytes of zeros in kilobytes: 1009, and memory within the limit and 64 KiB."""
    limit = 1 << 20
    program = place.own_server({"compression": True, "compressionMode": mode},
                               server={"threads": 1})
    warm(place, program)
    program.forget_peak()
    before = program.resident_bytes()
    client = place.client(program, headers=DEFLATE)
    client.offer(send(zeros()))
    client.is_closed_with(1009)
    grown = program.peak_bytes() - before
    expect(grown <= limit + 2 * PAGES + 512 * 1024, f"peak grew by {grown} bytes")
    place.client(program).echoes()
    return f"1009, peak +{grown // 1024} KiB"


@table.row("a deflate bomb in one frame", over=["tcp"], alone=True)
def _(place):
    return bomb(place, "shared", lambda packed: binary(packed, rsv=4))


@table.row("a deflate bomb with context takeover", over=["tcp"], alone=True)
def _(place):
    return bomb(place, "dedicated", lambda packed: binary(packed, rsv=4))


@table.row("a deflate bomb in fragments", over=["tcp"], alone=True)
def _(place):
    def in_fragments(packed):
        pieces = frames.in_pieces(packed, 5000)
        return binary(pieces[0], rsv=4, fin=False) + b"".join(
            more(piece, fin=False) for piece in pieces[1:]) + more()

    return bomb(place, "shared", in_fragments)


def flat(place, program, blocks, times):
    """Resident memory before and after the same bytes many times over."""
    client = place.client(program)

    def attack():
        for _ in range(times):
            client.send(blocks)
        client.echoes("still here")

    attack()
    before = program.resident_bytes()
    attack()
    grown = growth(program, before)
    # 256 KiB, and the read buffer that a flood may park for its next turn: no 8 bytes per frame.
    expect(grown <= 12 * PAGES, f"resident memory grew by {grown} bytes")
    return f"{grown} bytes"


@table.row("100,000 unsolicited pongs leave memory flat", over=["tcp"], alone=True)
def _(place):
    program = place.own_server(server={"threads": 1})
    return flat(place, program, pong("unasked") * 1000, 100)


@table.row("fragments that never end are pinned within twice their payload", over=["tcp"],
           alone=True)
def _(place):
    program = place.own_server({"maxMessageSize": "64MiB"}, server={"threads": 1})
    place.client(program).echoes()
    client = place.client(program)
    before, payload = program.resident_bytes(), 64 * 30_000
    client.offer(binary(b"x", fin=False) + more(b"y" * 64, fin=False) * 30_000 + ping("seen"))
    client.hears("pong seen")
    grown = growth(program, before)
    expect(grown <= 2 * payload + 4096 + 512 * 1024, f"{grown} bytes for {payload}")
    return f"{grown} bytes for {payload}"


@table.row("reassembly is linear: twice the fragments, about twice the CPU", over=["tcp"],
           alone=True)
def _(place):
    program = place.own_server({"maxMessageSize": "64MiB", "maxQueuedBytes": "128MiB"},
                               server={"threads": 1})
    client = place.client(program)

    def cost(fragment_count):
        payload = b"z" * (64 * fragment_count)
        data = frames.fragments(frames.BINARY, payload, 64)
        before = program.cpu_seconds()
        for _ in range(4):
            client.send(data)
            client.hears(frames.line("binary", payload))
        return program.cpu_seconds() - before

    cost(20_000)
    once, twice = cost(100_000), cost(200_000)
    expect(twice <= 3 * once + 0.05, f"{once:.2f} s for n, {twice:.2f} s for 2n")
    return f"{once:.2f} s, {twice:.2f} s"


@table.row("a peer that pings and never reads: the queue of answers is bounded", over=["tcp"],
           alone=True)
def _(place):
    program = place.own_server({"writeTimeout": 2000}, server={"threads": 1})
    client = place.client(program, receive_bytes=4096)
    client.echoes()
    before = program.resident_bytes()
    client.socket.settimeout(1)
    block = ping("p" * 125) * 1000
    try:
        for _ in range(200):
            client.socket.sendall(block)
    except OSError:
        pass
    grown = growth(program, before)
    expect(grown <= (2 << 20) + PAGES, f"resident memory grew by {grown} bytes")
    place.client(program).echoes()
    return f"{grown // 1024} KiB"


@table.row("every first byte, with every length form, leaves the server whole")
def _(place):
    program = place.server()
    for first in range(256):
        for form, length in ((7, 5), (16, 200), (64, 70_000), (64, 1 << 63), (64, (1 << 64) - 1)):
            client = wire.Client(program)
            client.open()
            head = bytearray(frames.head(0, length, form=form))
            head[0] = first
            client.offer(bytes(head) + b"12345")
            client.drop()
    place.client(program).echoes()
    return "1280 connections"


@table.row("seeded garbage after the handshake leaves the server whole")
def _(place):
    program, seeded = place.server(), random.Random(6455)
    for _ in range(200):
        client = wire.Client(program)
        client.open()
        client.offer(seeded.randbytes(seeded.randrange(1, 400)))
        client.drop()
    place.client(program).echoes()
    return "200 connections"


@table.row("a client that vanishes while 64 KiB are on their way")
def _(place):
    program, payload = place.server(), os.urandom(65536)
    for number in range(200):
        client = wire.Client(program)
        client.open()
        client.send(binary(payload) * (1 + number % 8))
        if number % 3 == 0:
            client.take(1000)
        client.reset()
    place.client(program).echoes()
    return "200 clients"


@table.row("a group member that vanishes while others send to it")
def _(place):
    program, path = place.server(server={"threads": 2}), f"/echo/groups/gone-{place.transport}"
    speaker, payload = place.client(program, path), os.urandom(65536)
    for _ in range(60):
        member = wire.Client(program)
        member.open(path)
        speaker.send(binary(payload) * 4)
        member.reset()
    speaker.send(ping("whole"))
    speaker.hears("pong whole")
    return "60 members"


def closed_sessions(program):
    return program.log.count(lambda line: "session closed " in line)


def races(name, *actions):
    """Close against everything else, many times: exactly one `session closed` line each."""

    def story(place):
        program = place.own_server({"closeTimeout": 1000})
        probe, count = place.client(program), 40
        probe.echoes()
        descriptors = program.open_descriptors()
        for _ in range(count):
            client = wire.Client(program)
            client.open()
            for action in actions:
                action(client)
            client.drop()
        deadline = time.monotonic() + 10
        while program.open_descriptors() > descriptors or closed_sessions(program) < count:
            expect(time.monotonic() < deadline, f"{closed_sessions(program)} of {count} closed, "
                   f"{program.open_descriptors() - descriptors} descriptors too many")
            probe.echoes()
        expect_equal(closed_sessions(program), count, "lines in the log")
        return f"{count} sessions"

    table.add(name, story)


CLOSE, ECHO, BAD = frames.close(1000), binary(b"x" * 65536), frames.head(3, 0)
races("close races: close, then hang up", lambda c: c.send(CLOSE))
races("close races: close, then reset", lambda c: c.send(CLOSE), wire.Wire.reset)
races("close races: messages, close, more messages, reset",
      lambda c: c.send(ECHO * 4 + CLOSE), lambda c: c.offer(ECHO * 4), wire.Wire.reset)
races("close races: an error, then a close at the same time", lambda c: c.send(BAD + CLOSE))
races("close races: two closes", lambda c: c.send(CLOSE + CLOSE))
races("close races: half a close, then reset", lambda c: c.send(CLOSE[:5]), wire.Wire.reset)
races("close races: our close is never answered", lambda c: c.send(BAD),
      lambda c: c.hears("close 1002"))


@table.row("a slow head of 16 KiB, one byte per packet, costs little CPU", over=["tcp"], alone=True)
def _(place):
    program = place.own_server({"handshakeTimeout": 60_000}, server={"threads": 1})
    place.client(program).echoes()
    head = upgrade(program, add=[("Sec-WebSocket-Extensions", "permessage-deflate" + "; a" * 5000)])
    client, before = place.wire(program), program.cpu_seconds()
    for byte in frames.every_byte(head):
        client.send(byte)
    expect_equal(client.response().status, 101)
    cost = program.cpu_seconds() - before
    expect(cost <= len(head) * 20e-6 + 0.05, f"{cost:.3f} s of CPU for {len(head)} bytes")
    return f"{cost * 1e6 / len(head):.1f} µs of CPU per packet"


@table.row("10,000 heads of 2,000 headers leak nothing", over=["tcp"], alone=True)
def _(place):
    program = place.own_server(server={"threads": 1})
    data = upgrade(program, add=[(f"X-{n}", "1") for n in range(2000)])

    def attack(times):
        for _ in range(times):
            client = wire.Wire(program)
            client.offer(data)
            expect_equal(client.response().status, 431)
            client.drop()

    attack(500)
    before = program.resident_bytes()
    attack(9_500)
    grown = growth(program, before)
    expect(grown <= 4 * PAGES, f"resident memory grew by {grown} bytes")
    return f"{grown} bytes"


def slowloris(name, prelude, drip):
    """One byte at a time after `prelude`; the deadline comes from the first byte, not the last."""

    def story(place):
        program = place.server({"handshakeTimeout": 1000, "messageTimeout": 1000,
                                "closeTimeout": 1000})
        client = prelude(place, program)
        start = time.monotonic()
        for byte in frames.every_byte(drip(program)):
            client.offer(byte)
            if client.readable(0.1):
                break
        client.rest()
        expect_between(time.monotonic() - start, 0.9, 3.6, "end")
        return "closed"

    table.add(name, story)


slowloris("slowloris in the request head", lambda place, program: place.wire(program), upgrade)
slowloris("slowloris in a frame's head", lambda place, program: place.client(program),
          lambda program: frames.head(frames.BINARY, 70_000) + b"x" * 50)
slowloris("slowloris in a payload", lambda place, program: place.client(program),
          lambda program: binary(b"x" * 100))


@table.row("a client that never finishes TLS, many times, holds nothing", over=["tls"])
def _(place):
    program = place.own_server({"handshakeTimeout": 1000})
    place.client(program).echoes()
    descriptors = program.open_descriptors()
    crowd = [place.wire(program, tls=False) for _ in range(100)]
    for client in crowd:
        client.send(b"\x16\x03\x01\x02\x00\x01\x00")
    for client in crowd:
        client.rest()
        client.drop()
    place.client(program).echoes()
    expect(program.open_descriptors() <= descriptors + 5,
           f"{program.open_descriptors()} descriptors, {descriptors} before")
    return "100 clients"
