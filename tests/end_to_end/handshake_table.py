"""The opening handshake, row by row (the contract's table; RFC 6455 §4). `run.py handshake`."""
import time

import frames
import wire
from rows import Table, expect, expect_between, expect_equal
from wire import KEY, upgrade

table = Table("handshake")
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"


def refused(place, request, status, client=None):
    """One answer, `Connection: close`, and an end without a reset."""
    client = client or place.wire()
    answer = client.ask(request)
    expect_equal(answer.status, status, "status")
    expect("close" in answer.tokens("connection"), f"Connection is {answer.all('connection')}")
    expect_equal(client.ends(), "closed", "the connection")
    return answer


def refusal(name, status, **spoiled):
    """A row: the good handshake, spoiled in one way, gets this status."""

    def story(place):
        refused(place, upgrade(place.server(), **spoiled), status)
        return status

    table.add(name, story)


def acceptance(name, **changed):
    def story(place):
        client = place.wire()
        answer = client.ask(upgrade(place.server(), **changed))
        expect_equal(answer.status, 101, "status")
        return answer.status

    table.add(name, story)


@table.row("the RFC's own example key is answered with its accept value")
def _(place):
    answer = place.wire().ask(upgrade(place.server(), key=KEY))
    expect_equal(answer.status, 101)
    expect_equal(answer.header("sec-websocket-accept"), wire.ACCEPT)
    expect_equal(answer.header("upgrade").lower(), "websocket")
    expect_equal(answer.tokens("connection"), ["upgrade"])
    expect_equal(answer.header("sec-websocket-protocol"), None, "a subprotocol nobody chose")
    expect_equal(answer.header("sec-websocket-extensions"), None, "an extension nobody offered")
    expect_equal(answer.header("content-length"), None, "the length of a 101")
    return 101


@table.row("a good head cut at every byte")
def _(place):
    head = upgrade(place.server())
    for at in range(1, len(head)):
        client = place.wire()
        client.send(head[:at])
        client.send(head[at:])
        expect_equal(client.response().status, 101, f"cut at {at}")
        client.drop()
    return 101


@table.row("a good head one byte at a time")
def _(place):
    client = place.wire()
    for byte in frames.every_byte(upgrade(place.server()) + frames.text("hi")):
        client.send(byte)
    expect_equal(client.response().status, 101)
    expect_equal(client.take(4), b"\x81\x02hi")
    return 101


@table.row("bytes glued to the handshake are echoed after the 101")
def _(place):
    client = place.wire()
    client.send(upgrade(place.server()) + frames.text("one") + frames.text("two"))
    expect_equal(client.response().status, 101)
    expect_equal(client.take(10), b"\x81\x03one\x81\x03two")
    return 101


@table.row("half a frame glued to the handshake is completed later")
def _(place):
    client, message = place.wire(), frames.text("hello")
    client.send(upgrade(place.server()) + message[:7])
    expect_equal(client.response().status, 101)
    client.send(message[7:])
    expect_equal(client.take(7), b"\x81\x05hello")
    return 101


@table.row("an upgrade may follow plain requests on the same connection")
def _(place):
    client, program = place.wire(), place.server()
    client.send(wire.get(program) + upgrade(program) + frames.text("hi"))
    expect_equal(client.response().status, 200)
    expect_equal(client.response().status, 101)
    expect_equal(client.take(4), b"\x81\x02hi")
    return "200, 101"


# Routes and methods.
refusal("no route for the path", 404, path="/nothing-here")
refusal("a route's path is case-sensitive", 404, path="/ECHO")


@table.row("wrong method on a known path")
def _(place):
    answer = refused(place, upgrade(place.server(), method="POST"), 405)
    expect("get" in answer.tokens("allow"), f"Allow is {answer.all('allow')}")
    return f"405 Allow: {answer.header('allow')}"


@table.row("wrong method on a plain path, no upgrade: the connection stays")
def _(place):
    client, program = place.wire(), place.server()
    answer = client.ask(wire.get(program, "/", method="DELETE"))
    expect_equal(answer.status, 405)
    expect("get" in answer.tokens("allow"), f"Allow is {answer.all('allow')}")
    expect_equal(client.ask(wire.get(program)).status, 200, "the next request")
    return f"405 Allow: {answer.header('allow')}"


@table.row("not an upgrade, no plain handler on the path")
def _(place):
    client, program = place.wire(), place.server()
    answer = client.ask(wire.get(program, "/echo"))
    expect_equal(answer.status, 426)
    expect_equal(answer.header("upgrade").lower(), "websocket")
    expect("upgrade" in answer.tokens("connection"), f"Connection is {answer.all('connection')}")
    expect_equal(answer.header("sec-websocket-version"), "13")
    expect_equal(client.ask(wire.get(program)).status, 200, "the next request")
    return 426


@table.row("not an upgrade, a plain handler on the same path")
def _(place):
    answer = place.wire().ask(wire.get(place.server(), "/chat"))
    expect_equal(answer.status, 200)
    expect("text/html" in answer.header("content-type"), answer.header("content-type"))
    return 200


# Tokens.
acceptance("Connection is a list: keep-alive, Upgrade",
           replace={"Connection": "keep-alive, Upgrade"})
acceptance("Connection is a list without spaces", replace={"Connection": "keep-alive,Upgrade"})
acceptance("Connection comes in two headers", drop=["Connection"],
           add=[("Connection", "keep-alive"), ("Connection", "Upgrade")])
acceptance("Upgrade in capitals", replace={"Upgrade": "WEBSOCKET", "Connection": "UPGRADE"})
acceptance("Upgrade is a list: h2c, websocket", replace={"Upgrade": "h2c, websocket"})
acceptance("header names in any case", drop=["Upgrade"], add=[("uPGRADE", "websocket")])
acceptance("spaces around header values", replace={"Sec-WebSocket-Version": "  13\t "})
refusal("Upgrade to something else on a WebSocket route", 426, replace={"Upgrade": "h2c"})
refusal("Upgrade with a longer word", 426, replace={"Upgrade": "websocket2"})


def no_upgrade(name, **spoiled):
    """Not an upgrade at all: a plain request to a path that serves nothing else."""

    def story(place):
        expect_equal(place.wire().ask(upgrade(place.server(), **spoiled)).status, 426)
        return 426

    table.add(name, story)


no_upgrade("no Upgrade header", drop=["Upgrade"])
no_upgrade("no Connection header", drop=["Connection"])
no_upgrade("Connection without the Upgrade token", replace={"Connection": "keep-alive"})
no_upgrade("Connection with a longer word", replace={"Connection": "Upgrade-Insecure"})


@table.row("upgrade to something else on a plain path is answered, then closed")
def _(place):
    refused(place, upgrade(place.server(), "/", replace={"Upgrade": "h2c"}), 200)
    return 200


@table.row("an upgrade on a plain path is answered, then closed")
def _(place):
    refused(place, upgrade(place.server(), "/"), 200)
    return 200


# HTTP version, key, protocol version.
refusal("HTTP/1.0 upgrade", 400, version="HTTP/1.0")
refusal("key missing", 400, drop=["Sec-WebSocket-Key"])
refusal("key repeated", 400, add=[("Sec-WebSocket-Key", KEY)])
refusal("key empty", 400, key="")
refusal("key of 15 bytes", 400, key="dGhlIHNhbXBsZSBub25j")
refusal("key of 17 bytes", 400, key="dGhlIHNhbXBsZSBub25jZWU=")
refusal("key without padding", 400, key="dGhlIHNhbXBsZSBub25jZQ")
refusal("key that is not base64", 400, key="dGhlIHNhbXBsZSBub25j*Q==")
refusal("key with a space inside", 400, key="dGhlIHNhbXBs ZSBub25jZQ==")
refusal("two keys in one header", 400, key=f"{KEY}, {KEY}")


def wrong_version(name, **spoiled):
    def story(place):
        answer = refused(place, upgrade(place.server(), **spoiled), 426)
        expect_equal(answer.header("sec-websocket-version"), "13")
        return 426

    table.add(name, story)


wrong_version("version is 12", replace={"Sec-WebSocket-Version": "12"})
wrong_version("version is 8", replace={"Sec-WebSocket-Version": "8"})
wrong_version("version is 130", replace={"Sec-WebSocket-Version": "130"})
wrong_version("version missing", drop=["Sec-WebSocket-Version"])
wrong_version("version is not a number", replace={"Sec-WebSocket-Version": "thirteen"})

# Heads that are malformed or mean two things.
refusal("no Host", 400, drop=["Host"])
refusal("two Hosts", 400, add=[("Host", "localhost")])
refusal("body on an upgrade", 400, add=[("Content-Length", "5")])
refusal("chunked body on an upgrade", 400, add=[("Transfer-Encoding", "chunked")])
refusal("both Content-Length and Transfer-Encoding", 400,
        add=[("Content-Length", "5"), ("Transfer-Encoding", "chunked")])
refusal("two different Content-Lengths", 400,
        add=[("Content-Length", "5"), ("Content-Length", "6")])
refusal("Content-Length is not a number", 400, add=[("Content-Length", "+5")])
refusal("obs-fold", 400, add=[("X-Folded", "one\r\n two")])
refusal("obs-fold with a tab", 400, add=[("X-Folded", "one\r\n\ttwo")])
refusal("NUL in a header value", 400, add=[("X-Nul", "a\0b")])
refusal("bare CR in a header value", 400, add=[("X-Cr", "a\rb")])
refusal("bare LF ends a header", 400, add=[("X-Lf", "a\nX-Other: b")])
refusal("space before the colon", 400, add=[("X-Space ", "b")])
refusal("space at the start of a header", 400, add=[(" X-Space", "b")])
refusal("header without a name", 400, add=[("", "b")])
refusal("percent sign without digits in the target", 400, path="/echo%zz")
refusal("method with a separator", 400, method="G(T")
refusal("HTTP version that does not exist", 400, version="HTTP/1.x")


def malformed(name, data):
    """Not even a request: still an answer, then the end."""

    def story(place):
        refused(place, data(place.server()) if callable(data) else data, 400)
        return 400

    table.add(name, story)


malformed("every line ended by a bare LF", lambda program: upgrade(program).replace(b"\r\n", b"\n"))
malformed("the request line ended by a bare LF",
          lambda program: upgrade(program).replace(b"\r\n", b"\n", 1))
malformed("a header without a colon",
          lambda program: upgrade(program).replace(b"Upgrade: websocket", b"Upgrade websocket"))
malformed("bytes that are no request", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")
malformed("a request line without a version", b"GET /echo\r\nHost: localhost\r\n\r\n")


@table.row("space in the target: malformed, or a version that does not exist")
def _(place):
    answer = place.wire().ask(upgrade(place.server(), "/echo twice"))
    expect(answer.status in (400, 505), f"status {answer.status}")
    return answer.status


# Sizes.
def with_padding(program, head_bytes):
    """The good handshake, brought to exactly this size by one long header."""
    base = len(upgrade(program, add=[("X-Padding", "")]))
    return upgrade(program, add=[("X-Padding", "x" * (head_bytes - base))])


@table.row("a head of 16 KiB")
def _(place):
    expect_equal(place.wire().ask(with_padding(place.server(), 16 * 1024)).status, 101)
    return 101


@table.row("a head larger than 16 KiB")
def _(place):
    refused(place, with_padding(place.server(), 16 * 1024 + 1), 431)
    return 431


@table.row("a head larger than 16 KiB is refused before it ends")
def _(place):
    refused(place, with_padding(place.server(), 40_000)[:20_000], 431)
    return 431


@table.row("a target larger than 16 KiB")
def _(place):
    refused(place, upgrade(place.server(), "/echo?" + "x" * 17_000), 431)
    return 431


@table.row("maxHeadBytes is obeyed")
def _(place):
    program = place.server(server={"maxHeadBytes": 1024})
    expect_equal(place.wire(program).ask(with_padding(program, 1024)).status, 101)
    refused(place, with_padding(program, 1025), 431, place.wire(program))
    return 431


refusal("101 headers", 431, add=[(f"X-{n}", "1") for n in range(96)])
refusal("2,000 headers", 431, add=[(f"X-{n}", "1") for n in range(2000)])
acceptance("100 headers", add=[(f"X-{n}", "1") for n in range(95)])


# After a refusal.
@table.row("bytes after a refused upgrade are never parsed")
def _(place):
    refused(place, upgrade(place.server(), "/nothing-here") + SMUGGLED + SMUGGLED, 404)
    return 404


@table.row("a megabyte after a refused upgrade does not turn its answer into a reset")
def _(place):
    client = place.wire()
    client.offer(upgrade(place.server(), "/nothing-here") + SMUGGLED * 16_000)
    expect_equal(client.response().status, 404)
    expect_equal(client.ends(), "closed", "the connection")
    return 404


@table.row("the body of a refused upgrade is never parsed as a request")
def _(place):
    request = upgrade(place.server(), add=[("Content-Length", str(len(SMUGGLED)))])
    refused(place, request + SMUGGLED, 400)
    return 400


@table.row("requests pipelined before a refused upgrade are answered first")
def _(place):
    client, program = place.wire(), place.server()
    client.send(wire.get(program) + upgrade(program, "/nothing-here") + SMUGGLED)
    expect_equal(client.response().status, 200)
    expect_equal(client.response().status, 404)
    expect_equal(client.ends(), "closed", "the connection")
    return "200, 404"


# Deadlines. The kernel may keep a silent client for a while before the server hears of it
# (TCP_DEFER_ACCEPT).
@table.row("head not complete in handshakeTimeout, however much it dribbles")
def _(place):
    program = place.server({"handshakeTimeout": 1000})
    start = time.monotonic()
    client = place.wire(program)
    for byte in frames.every_byte(upgrade(program)):
        client.offer(byte)
        if client.readable(0.1):
            break
    answer = client.response()
    expect_equal(answer.status, 408)
    expect_between(time.monotonic() - start, 1.0, 2.5, "408")
    expect("close" in answer.tokens("connection"), f"Connection is {answer.all('connection')}")
    expect_equal(client.ends(), "closed", "the connection")
    return 408


@table.row("no byte in handshakeTimeout")
def _(place):
    client = place.wire(place.server({"handshakeTimeout": 1000}))
    expect_equal(client.rest(), b"", "a word to a client that said nothing")
    return "closed"


@table.row("half a TLS handshake in handshakeTimeout", over=["tls"])
def _(place):
    plain = place.wire(place.server({"handshakeTimeout": 1000}), tls=False)
    start = time.monotonic()
    plain.send(b"\x16\x03\x01\x02\x00\x01\x00")
    plain.rest()
    expect_between(time.monotonic() - start, 1.0, 2.5, "end")
    return plain.ending


@table.row("plain HTTP to a TLS port", over=["tls"])
def _(place):
    program = place.server()
    plain = place.wire(program, tls=False)
    plain.send(wire.get(program))
    expect(b"200 OK" not in plain.rest(), "a plain answer on a TLS port")
    place.client(program).echoes()
    return "closed"
