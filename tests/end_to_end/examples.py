"""The examples, started as their readers would start them, and talked to."""
import os
import re
import time

import frames
import wire
from frames import text
from rows import Table, expect, expect_between, expect_equal
from server import BINARY, ROOT, Program
from wire import get

table = Table("examples", over=("tcp",))
FOLDER = os.environ.get("ORRERY_EXAMPLES", os.path.join(os.path.dirname(BINARY), "examples"))


def example(place, name):
    """The one run of this example, on a free port."""
    return place.shared(name, lambda: Program([os.path.join(FOLDER, name), "0"]))


@table.row("01_echo: a message comes back")
def _(place):
    program = Program([os.path.join(FOLDER, "01_echo"), "0"], ready=False)
    with program:  # its nine lines print nothing: the library's log says where it listens
        found = program.log.wait_for(lambda line: re.search(r"http://[\d.]+:\d+", line))
        expect(found is not None, f"no address in {program.log.lines}")
        program.url, program.port = re.search(r"(http://[\d.]+:(\d+))", found).groups()
        program.port = int(program.port)
        client = place.client(program)
        client.echoes("hello")
        client.send(frames.binary(b"\0\1\2"))
        client.hears("binary 000102")
        client.closes()
    return "hello"


FEED = [("Authorization", "Bearer open-sesame"), ("Sec-WebSocket-Protocol", "feed.v1, feed.v2")]


@table.row("02_admission: who has the token and speaks a dialect comes in")
def _(place):
    client = place.client(example(place, "02_admission"), "/feed", FEED)
    expect_equal(client.answer.header("sec-websocket-protocol"), "feed.v2")
    client.hears("text welcome, Ada: this is feed.v2")
    client.says("hello")
    client.hears("text Ada said hello")
    return "welcome"


def refusal(name, headers, status, body):
    def story(place):
        program = example(place, "02_admission")
        client = place.wire(program)
        answer = client.ask(wire.upgrade(program, "/feed", add=headers))
        expect_equal((answer.status, answer.body), (status, body))
        expect_equal(client.ends(), "closed", "the connection")
        return status

    table.add(f"02_admission: {name}", story)


refusal("no token", FEED[1:], 401, b"sign in first\n")
refusal("a wrong token", [("Authorization", "Bearer wrong"), FEED[1]], 401, b"sign in first\n")
refusal("no dialect in common", [FEED[0], ("Sec-WebSocket-Protocol", "feed.v9")], 400,
        b"no subprotocol in common\n")


def plain(name, path, status, check=None, *headers, method="GET", body=b""):
    """A row: a plain request to the third example."""

    def story(place):
        program = example(place, "03_http_and_files")
        length = [("Content-Length", str(len(body)))] if body else []
        request = get(program, path, *headers, *length, method=method) + body
        answer = place.wire(program).ask(request, to_head=method == "HEAD")
        expect_equal(answer.status, status, "status")
        if check:
            check(answer)
        return status

    table.add(f"03_http_and_files: {name}", story)


def has_body(body):
    return lambda answer: expect_equal(answer.body, body, "body")


def has_header(name, value):
    return lambda answer: expect_equal(answer.header(name), value, name)


def public(name):
    with open(os.path.join(ROOT, "examples", "public", name), "rb") as file:
        return file.read()


plain("a parameter, decoded", "/hello/gr%C3%BCner%20Tee", 200,
      has_body("Hello, grüner Tee!\n".encode()))
plain("a query", "/hello/Ada?greeting=Good%20day", 200, has_body(b"Good day, Ada!\n"))
plain("a reverse route", "/", 302, has_header("location", "/hello/green%20tea"))
plain("a body", "/shout", 200, has_body(b"HELLO"), method="POST", body=b"hello")
plain("another method", "/shout", 405,
      lambda answer: expect("post" in answer.tokens("allow"), answer.all("allow")))
plain("a plug answers", "/api/me", 401, has_body(b'{"error":"X-Api-Key is missing"}'))
plain("a plug lets through", "/api/me", 200, has_body(b"you came with the key k1\n"),
      ("X-Api-Key", "k1"))
plain("a plug's header", "/api/me", 200, has_header("cache-control", "no-store"),
      ("X-Api-Key", "k1"))
plain("a file", "/files/notes.txt", 200, has_body(public("notes.txt")))
plain("a file's type", "/files/notes.txt", 200,
      has_header("content-type", "text/plain; charset=utf-8"))
plain("index.html of a folder", "/files/", 200, has_body(public("index.html")))
plain("a file that is not there", "/files/none.txt", 404)
plain("HEAD of a file", "/files/notes.txt", 200,
      has_header("content-length", str(len(public("notes.txt")))), method="HEAD")
plain("a range", "/files/notes.txt", 206, has_body(public("notes.txt")[2:6]),
      ("Range", "bytes=2-5"))
plain("the last bytes", "/files/notes.txt", 206, has_body(public("notes.txt")[-5:]),
      ("Range", "bytes=-5"))
plain("a range that can't be", "/files/notes.txt", 416,
      has_header("content-range", f"bytes */{len(public('notes.txt'))}"), ("Range", "bytes=99999-"))
for climb in ("/files/../03_http_and_files.cpp", "/files/%2e%2e/03_http_and_files.cpp",
              "/files/..%2f03_http_and_files.cpp", "/files/%2e%2e%2f%2e%2e%2fREADME.md",
              "/files/.hidden", "/files//etc/passwd"):
    plain(f"no way out: {climb}", climb, 404)


@table.row("03_http_and_files: an ETag saves the second download")
def _(place):
    program = example(place, "03_http_and_files")
    first = place.wire(program).ask(get(program, "/files/notes.txt"))
    etag = first.header("etag")
    expect(etag, "no ETag")
    again = place.wire(program).ask(get(program, "/files/notes.txt", ("If-None-Match", etag)))
    expect_equal((again.status, again.header("etag")), (304, etag))
    return 304


@table.row("03_http_and_files: many downloads in one pipeline")
def _(place):
    program = example(place, "03_http_and_files")
    client = place.wire(program)
    client.send(b"".join(get(program, path) for path in ["/files/notes.txt", "/hello/you"] * 20))
    for _ in range(20):
        expect_equal(client.response().body, public("notes.txt"))
        expect_equal(client.response().body, b"Hello, you!\n")
    return "40 answers"


@table.row("05_limits: a stranger may send 64 bytes, a friend 64 KiB")
def _(place):
    program = example(place, "05_limits")
    stranger, friend = place.client(program, "/vault"), place.client(program, "/vault")
    stranger.says("x" * 64)
    stranger.hears("text 64 bytes from a stranger")
    friend.says("open sesame")
    friend.hears("text 11 bytes from a friend")
    friend.says("x" * 65536)
    friend.hears("text 65536 bytes from a friend")
    stranger.says("x" * 65)
    stranger.is_closed_with(1009)
    expect(program.log.wait_for(lambda line: "closed: too_big 1009" in line), "on_close's words")
    return "1009"


@table.row("05_limits: five messages a second, the rest is dropped")
def _(place):
    client = place.client(example(place, "05_limits"), "/ticker")
    start = time.monotonic()
    client.send(text("tick") * 50 + frames.ping("end"))
    heard = 0
    while (got := client.frame()).opcode == frames.TEXT:
        heard += 1
    expect_equal(got.line(), "pong end")
    expect(5 <= heard <= 10, f"{heard} ticks")
    expect_between(time.monotonic() - start, 0, 1, "the pong")
    return f"{heard} of 50"
