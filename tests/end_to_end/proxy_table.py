"""Behind a proxy that speaks the PROXY protocol, version 1 and 2. `run.py proxy`."""
import os
import re
import socket
import struct
import time

import server
import wire
from admin_table import admin_of, metrics_of
from rows import Table, expect, expect_between, expect_equal

table = Table("proxy")
LOCAL = ["127.0.0.0/8"]
LINE = b"PROXY TCP4 203.0.113.7 192.0.2.1 4711 443\r\n"
BLOCK_START = b"\r\n\r\n\0\r\nQUIT\n"


def block(kind, rest=b""):
    """A header of version 2; `kind` is version and command, family and transport."""
    return BLOCK_START + kind + struct.pack("!H", len(rest)) + rest


def addresses(family, source, port):
    packed = socket.inet_pton(family, source)
    return packed + packed + struct.pack("!HH", port, 443)


FOUR = addresses(socket.AF_INET, "203.0.113.7", 4711)
SIX = addresses(socket.AF_INET6, "2001:db8::7", 4711)


def behind(place, websocket=None, proxies=LOCAL, **more):
    """A server that expects PROXY headers; other rows share it."""
    return place.server(websocket, server={"proxyProtocol": "v1v2", "trustedProxies": proxies,
                                           **more})


def pieces(data):
    return [data[i:i + 1] for i in range(len(data))]


def closed_line(program, remote):
    wanted = re.compile(rf"session closed .*remote={re.escape(remote)}( |$)").search
    expect(program.log.wait_for(wanted), f"no such line with {remote}: {program.log.lines[-3:]}")


def seen_as(name, remote, before):
    """A row: with these pieces in front, a session works, and the log says who the client is."""

    def story(place):
        program = place.own_server(server={"proxyProtocol": "v1v2", "trustedProxies": LOCAL})
        client = place.client(program, before=before)
        client.echoes()
        client.closes()
        closed_line(program, remote or client.source)
        return remote or "the proxy itself"

    table.add(name, story)


seen_as("a line for IPv4 says who the client is", "203.0.113.7", [LINE])
seen_as("a line for IPv6", "2001:db8::7", [b"PROXY TCP6 2001:db8::7 ::1 4711 443\r\n"])
seen_as("a line for nobody keeps the proxy's address", None, [b"PROXY UNKNOWN\r\n"])
seen_as("a line byte by byte", "203.0.113.7", pieces(LINE))
seen_as("a block for IPv4", "203.0.113.7", [block(b"\x21\x11", FOUR)])
seen_as("a block for IPv6", "2001:db8::7", [block(b"\x21\x21", SIX)])
seen_as("a block with values behind the addresses, byte by byte", "203.0.113.7",
        pieces(block(b"\x21\x11", FOUR + b"\x04\x00\x03xyz\x02\x00\x09localhost")))
seen_as("a block of the proxy's own (LOCAL) keeps its address", None, [block(b"\x20\x00")])


@table.row("a header and a request in one segment", over=["tcp"])
def _(place):
    program = behind(place)
    client = place.wire(program, before=[LINE + wire.upgrade(program)])
    expect_equal(client.response().status, 101)
    return 101


def is_hung_up_on(name, sent, why):
    """A row: whoever begins with this is closed without an answer."""

    def story(place):
        program = behind(place)
        client = place.wire(program, tls=False, before=[sent])
        expect_equal(client.rest(), b"", "an answer")
        expect(program.log.wait_for(lambda text: "connection refused" in text and why in text
                                    and f"remote={client.source}" in text),
               program.log.lines[-3:])
        return client.ending

    table.add(name, story)


is_hung_up_on("a request without a header is no connection",
              b"GET /echo HTTP/1.1\r\nHost: localhost\r\n\r\n", "there is no PROXY header")
is_hung_up_on("a TLS handshake without one neither", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03",
              "there is no PROXY header")
is_hung_up_on("a line with a bad address", b"PROXY TCP4 203.0.113.700 192.0.2.1 1 2\r\n",
              "an address in the PROXY line is none")
is_hung_up_on("a line without an end", b"PROXY UNKNOWN " + b"f" * 100, "too long")
is_hung_up_on("a block that is too long", BLOCK_START + b"\x21\x11\xff\xff", "too long")


@table.row("who is no trusted proxy is refused, whatever it says")
def _(place):
    program = behind(place, proxies=["10.0.0.0/8"])
    client = place.wire(program, tls=False, before=[LINE])
    expect_equal(client.rest(), b"", "an answer")
    expect(program.log.wait_for(lambda text: "connection refused" in text and "trusted" in text
                                and f"remote={client.source}" in text), program.log.lines[-3:])
    return client.ending


@table.row("half a header ends in proxyTimeout, a later byte does not lengthen it")
def _(place):
    program = behind(place, proxyTimeout=1000)
    start = time.monotonic()
    client = place.wire(program, tls=False, before=[LINE[:10]])
    expect(client.quiet_for(0.5), "it ended early")
    client.send(LINE[10:20])
    expect_equal(client.rest(), b"", "an answer")
    expect_between(time.monotonic() - start, 1.0, 2.0, "closed")
    return "1 s"


@table.row("handshakeTimeout begins behind the header")
def _(place):
    program = behind(place, {"handshakeTimeout": 1000})
    client = place.wire(program, tls=False, before=[LINE])
    start = time.monotonic()
    client.rest()
    expect_between(time.monotonic() - start, 0.9, 2.0, "closed")
    return "1 s"


@table.row("many that say nothing hold nothing once they have gone", over=["tcp"])
def _(place):
    program = place.own_server(server={"proxyProtocol": "v1v2", "trustedProxies": LOCAL})
    place.client(program, before=[LINE]).echoes()
    before = program.open_descriptors()
    crowd = [place.wire(program, before=[LINE[:20]]) for _ in range(100)]
    deadline = time.monotonic() + server.PATIENCE
    while program.open_descriptors() < before + 100:
        expect(time.monotonic() < deadline, "they were not accepted")
        wire.pace(0.01)
    for client in crowd:
        client.drop()
    while program.open_descriptors() > before:
        expect(time.monotonic() < deadline, "descriptors stay open")
        wire.pace(0.01)
    return "100 gone"


@table.row("who waits for a header is a stranger: the others wait in the kernel", over=["tcp"])
def _(place):
    program = place.own_server(server={"threads": 1, "proxyProtocol": "v1v2",
                                       "trustedProxies": LOCAL, "proxyTimeout": 60_000},
                               limit=["/usr/bin/prlimit", "--nofile=200"])
    before = program.open_descriptors()
    crowd = [place.wire(program, before=[LINE[:20]]) for _ in range(20)]
    deadline = time.monotonic() + server.PATIENCE
    while program.open_descriptors() < before + 16:
        expect(time.monotonic() < deadline, "they were not accepted")
        wire.pace(0.01)
    last = place.wire(program, before=[LINE + wire.get(program)])
    expect(last.quiet_for(0.3), "one more was served")
    expect_equal(program.open_descriptors(), before + 16, "descriptors")
    for client in crowd:
        client.drop()
    expect_equal(last.response().status, 200)
    return "16, then 200"


@table.row("maxSessionsPerIp counts clients, not the proxy")
def _(place):
    program = behind(place, {"maxSessionsPerIp": 1})
    header = b"PROXY TCP4 198.51.100.%d 192.0.2.1 4711 443\r\n"
    first = place.client(program, before=[header % 1])
    place.client(program, before=[header % 2]).echoes()
    again = place.wire(program, before=[header % 1])
    expect_equal(again.ask(wire.upgrade(program)).status, 503)
    first.echoes()
    return "101, 101, 503"


@table.row("what the client says about itself is believed no more than before", over=["tcp"])
def _(place):
    program = place.own_server(server={"proxyProtocol": "v1v2", "trustedProxies": LOCAL})
    forged = [("X-Forwarded-For", "198.51.100.99")]
    client = place.client(program, before=[LINE], headers=forged)
    client.closes()
    closed_line(program, "203.0.113.7")
    return "203.0.113.7"


@table.row("a unix socket is trusted where \"unix:\" says so", over=["tcp"])
def _(place):
    for proxies, ending in ((["unix:"], None), (LOCAL, "closed")):
        path = os.path.join(place.world.folder, f"{server.next_number()}.sock")
        program = place.own_server(server={"address": f"unix:{path}", "proxyProtocol": "v1v2",
                                           "trustedProxies": proxies})
        if ending:
            refused = place.wire(program, tls=False)
            refused.offer(LINE + wire.upgrade(program))
            expect_equal(refused.rest(), b"", "an answer")
            continue
        client = place.client(program, before=[LINE])
        client.closes()
        closed_line(program, "203.0.113.7")
    return "believed, refused"


@table.row("/metrics counts who was refused, and why", over=["tcp"])
def _(place):
    program = place.own_server(server={"proxyProtocol": "v1v2", "trustedProxies": LOCAL,
                                       "proxyTimeout": 50})
    for sent in (b"GET / HTTP/1.1\r\n", LINE[:10]):
        place.wire(program, before=[sent]).rest()
    seen = metrics_of(place, admin_of(program))
    name = 'orrery_connections_refused_total{cause="%s"}'
    expect_equal(seen[name % "bad_proxy_header"], 1)
    expect_equal(seen[name % "late_proxy_header"], 1)
    return "1, 1"


@table.row("while it is off, a PROXY line is a bad request", over=["tcp"])
def _(place):
    program = place.server()
    client = place.wire(program, before=[LINE + wire.get(program)])
    expect_equal(client.response().status, 400)
    return 400


@table.row("without trustedProxies the configuration is refused", over=["tcp"])
def _(place):
    program = server.serve(place.world.folder,
                           server.configuration(server={"proxyProtocol": "v1v2"}), ready=False)
    expect_equal(program.wait(), 2, "exit status")
    expect(any("server.proxyProtocol" in line and "trustedProxies" in line
               for line in program.log.lines), program.log.lines)
    return "exit 2"
