"""Plain HTTP on the same port: keep-alive, pipelining, smuggling, deadlines."""
import time

import frames
import wire
from rows import Table, expect, expect_between, expect_equal
from wire import get, host_of, request

table = Table("requests")


@table.row("the home page")
def _(place):
    answer = place.wire().ask(get(place.server()))
    expect_equal(answer.status, 200)
    expect("text/html" in answer.header("content-type"), answer.header("content-type"))
    expect(b"/chat" in answer.body, "a link to the chat")
    expect(answer.header("date") is not None, "a Date")
    return 200


@table.row("pipelined requests are answered in order")
def _(place):
    client, program = place.wire(), place.server()
    paths = ["/", "/nothing-here", "/echo", "/chat", "/"]
    client.send(b"".join(get(program, path) for path in paths))
    statuses = [client.response().status for _ in paths]
    expect_equal(statuses, [200, 404, 426, 200, 200])
    return ", ".join(map(str, statuses))


@table.row("a pipeline cut at every byte")
def _(place):
    program = place.server()
    pipeline = get(program) + get(program, "/nothing-here")
    for at in range(1, len(pipeline)):
        client = place.wire()
        client.send(pipeline[:at])
        client.send(pipeline[at:])
        statuses = [client.response().status, client.response().status]
        expect_equal(statuses, [200, 404], f"cut at {at}")
        client.drop()
    return "200, 404"


@table.row("a thousand requests on one connection")
def _(place):
    client, program = place.wire(), place.server()
    for _ in range(10):
        client.send(get(program, "/nothing-here") * 100)
        for _ in range(100):
            expect_equal(client.response().status, 404)
    return 404


@table.row("Connection: close is obeyed")
def _(place):
    client = place.wire()
    answer = client.ask(get(place.server(), "/", ("Connection", "close")))
    expect_equal(answer.status, 200)
    expect("close" in answer.tokens("connection"), f"Connection is {answer.all('connection')}")
    expect_equal(client.ends(), "closed", "the connection")
    return 200


@table.row("HTTP/1.0 is answered, then closed")
def _(place):
    client, program = place.wire(), place.server()
    answer = client.ask(request("GET", "/", [("Host", host_of(program))], "HTTP/1.0"))
    expect_equal(answer.status, 200)
    expect_equal(client.ends(), "closed", "the connection")
    return 200


@table.row("HEAD has the length of GET and no body")
def _(place):
    client, program = place.wire(), place.server()
    got = client.ask(get(program))
    head = client.ask(get(program, method="HEAD"), to_head=True)
    expect_equal(head.status, 200)
    expect_equal(head.header("content-length"), got.header("content-length"))
    expect_equal(client.ask(get(program, "/nothing-here")).status, 404, "the next request")
    return 200


@table.row("OPTIONS tells the methods")
def _(place):
    answer = place.wire().ask(get(place.server(), method="OPTIONS"))
    expect(answer.status in (200, 204), f"status {answer.status}")
    expect("get" in answer.tokens("allow"), f"Allow is {answer.all('allow')}")
    return answer.status


@table.row("a target in absolute form")
def _(place):
    program = place.server()
    answer = place.wire().ask(get(program, f"http://{host_of(program)}/"))
    expect_equal(answer.status, 200)
    return 200


@table.row("a path that climbs out")
def _(place):
    for path in ("/../etc/passwd", "/chat/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd",
                 "/chat/..%2f..%2fetc/passwd"):
        answer = place.wire().ask(get(place.server(), path))
        expect(answer.status in (400, 404), f"{path}: {answer.status}")
        expect(b"root:" not in answer.body, path)
    return "400 or 404"


@table.row("a body on a GET is read, not taken for a request")
def _(place):
    client, program = place.wire(), place.server()
    hidden = get(program, "/nothing-here")
    client.send(get(program, "/", ("Content-Length", str(len(hidden)))) + hidden +
                get(program, "/echo"))
    expect_equal([client.response().status, client.response().status], [200, 426])
    return "200, 426"


@table.row("a chunked body is read, not taken for a request")
def _(place):
    client, program = place.wire(), place.server()
    hidden = get(program, "/nothing-here")
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(hidden), hidden)
    client.send(get(program, "/", ("Transfer-Encoding", "chunked")) + chunked +
                get(program, "/echo"))
    expect_equal([client.response().status, client.response().status], [200, 426])
    return "200, 426"


def smuggling(name, *headers, body=b"0\r\n\r\n", statuses=(400,)):
    """Two readings of one request: refused, and nothing behind it is parsed."""

    def story(place):
        client, program = place.wire(), place.server()
        client.offer(get(program, "/", *headers) + body + get(program, "/nothing-here"))
        answer = client.response()
        expect(answer.status in statuses, f"status {answer.status}")
        expect("close" in answer.tokens("connection"), f"Connection is {answer.all('connection')}")
        expect_equal(client.ends(), "closed", "the connection")
        return answer.status

    table.add(name, story)


smuggling("both Content-Length and Transfer-Encoding",
          ("Content-Length", "5"), ("Transfer-Encoding", "chunked"))
smuggling("Transfer-Encoding first, then Content-Length",
          ("Transfer-Encoding", "chunked"), ("Content-Length", "5"))
smuggling("two Content-Lengths that differ", ("Content-Length", "5"), ("Content-Length", "0"))
smuggling("Content-Lengths in one header that differ", ("Content-Length", "5, 0"))
smuggling("negative Content-Length", ("Content-Length", "-5"))
smuggling("hexadecimal Content-Length", ("Content-Length", "0x5"))
smuggling("Content-Length beyond 64 bits", ("Content-Length", "18446744073709551621"),
          statuses=(400, 413))
smuggling("space before the colon of Transfer-Encoding", ("Transfer-Encoding ", "chunked"))
smuggling("a transfer coding nobody knows", ("Transfer-Encoding", "xchunked"), statuses=(400, 501))
smuggling("chunked is not the last coding", ("Transfer-Encoding", "chunked, identity"),
          statuses=(400, 501))
smuggling("a chunk size that is no number", ("Transfer-Encoding", "chunked"), body=b"zz\r\n")
smuggling("a chunk size beyond 64 bits", ("Transfer-Encoding", "chunked"),
          body=b"10000000000000005\r\nhello\r\n0\r\n\r\n", statuses=(400, 413))
smuggling("a chunk longer than it says", ("Transfer-Encoding", "chunked"),
          body=b"5\r\nhello!!\r\n0\r\n\r\n")
smuggling("an obs-fold that hides a header", ("X-A", "b\r\n Content-Length: 5"))
smuggling("a bare LF that hides a header", ("X-A", "b\nContent-Length: 5"))
smuggling("a bare CR that hides a header", ("X-A", "b\rContent-Length: 5"))
smuggling("two Hosts", ("Host", "elsewhere"))


@table.row("a body larger than maxRequestSize")
def _(place):
    program = place.server(server={"maxRequestSize": 1000})
    client = place.wire(program)
    answer = client.ask(get(program, "/", ("Content-Length", "1001")))
    expect_equal(answer.status, 413)
    expect_equal(client.ends(), "closed", "the connection")
    return 413


@table.row("a chunked body larger than maxRequestSize")
def _(place):
    program = place.server(server={"maxRequestSize": 1000})
    client = place.wire(program)
    client.offer(get(program, "/", ("Transfer-Encoding", "chunked")) + b"258\r\n" + b"x" * 600 +
                 b"\r\n258\r\n" + b"x" * 600 + b"\r\n0\r\n\r\n")
    expect_equal(client.response().status, 413)
    expect_equal(client.ends(), "closed", "the connection")
    return 413


@table.row("keep-alive connection silent for httpIdleTimeout")
def _(place):
    program = place.server(server={"httpIdleTimeout": 1000})
    client = place.wire(program)
    start = time.monotonic()
    expect_equal(client.ask(get(program)).status, 200)
    expect_equal(client.ends(), "closed", "the connection")
    expect_between(time.monotonic() - start, 1.0, 2.5, "end")
    return "closed"


@table.row("second head not complete in handshakeTimeout")
def _(place):
    program = place.server({"handshakeTimeout": 1000}, server={"httpIdleTimeout": 60000})
    client = place.wire(program)
    expect_equal(client.ask(get(program)).status, 200)
    start = time.monotonic()
    client.send(get(program)[:20])
    expect_equal(client.response().status, 408)
    expect_between(time.monotonic() - start, 1.0, 2.5, "408")
    expect_equal(client.ends(), "closed", "the connection")
    return 408


@table.row("body slower than bodyTimeout, however much it dribbles")
def _(place):
    program = place.server(server={"bodyTimeout": 1000})
    client = place.wire(program)
    start = time.monotonic()
    client.send(get(program, "/", ("Content-Length", "1000")))
    for byte in frames.every_byte(b"x" * 100):
        client.offer(byte)
        if client.readable(0.1):
            break
    expect_equal(client.response().status, 408)
    expect_between(time.monotonic() - start, 1.0, 2.5, "408")
    expect_equal(client.ends(), "closed", "the connection")
    return 408


@table.row("a client that hangs up between two requests")
def _(place):
    program = place.server()
    for _ in range(50):
        client = wire.Wire(program)
        client.send(get(program) * 3 + get(program)[:10])
        client.reset()
    expect_equal(place.wire(program).ask(get(program)).status, 200, "the next client")
    return 200
