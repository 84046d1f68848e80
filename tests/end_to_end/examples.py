"""The examples, started as their readers would start them, and talked to."""
import os
import re
import signal
import time

import frames
import planted
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


planted.sends("examples: 02_admission", "open-sesame")
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


@table.row("06_broadcast_from_a_thread: every reader hears the same headlines")
def _(place):
    program = example(place, "06_broadcast_from_a_thread")
    readers = [place.client(program, "/news") for _ in range(3)]
    heard = [[number_in(said(reader), "headline ") for _ in range(5)] for reader in readers]
    for numbers in heard:
        expect_equal(numbers, list(range(numbers[0], numbers[0] + 5)), "headlines")
    readers[0].says("hello?")
    while (words := said(readers[0])).startswith("headline "):
        pass
    expect_equal(words, "this line only speaks")
    return f"headline {heard[0][0]} and on"


@table.row("06_broadcast_from_a_thread: the server goes before its thread does", alone=True)
def _(place):
    program = place.own(Program([os.path.join(FOLDER, "06_broadcast_from_a_thread"), "0"]))
    reader = place.client(program, "/news")
    number_in(said(reader), "headline ")
    program.signal(signal.SIGTERM)
    reader.is_closed_with(1001)
    expect_equal(program.wait(), 0, "exit status")
    return 1001


def said(client):
    """The text of the next frame, however long."""
    frame = client.frame()
    expect(frame and frame.opcode == frames.TEXT, frame.line() if frame else "the end")
    return frame.payload.decode()


def number_in(words, before):
    expect(words.startswith(before), f"heard {words[:80]!r}")
    return int(words.removeprefix(before).split()[0])


@table.row("07_names: whoever knows a name can send there")
def _(place):
    program = example(place, "07_names")
    ada, bob = place.client(program, "/people/Ada"), place.client(program, "/people/Bob")
    ada.hears("text you are Ada")
    bob.hears("text you are Bob")
    ada.says("Bob: are you there?")
    bob.hears("text Ada: are you there?")
    bob.says("Carol: hello")
    bob.hears("text Carol is not here")
    return "are you there?"


@table.row("07_names: a name that is taken is refused, and free when its session ends")
def _(place):
    program = example(place, "07_names")
    first = place.client(program, "/people/Dora")
    first.hears("text you are Dora")
    expect_equal(place.client(program, "/people/Dora").is_closed_with(4001).reason,
                 "that name is taken")
    first.closes()
    place.client(program, "/people/Dora").hears("text you are Dora")
    return 4001


@table.row("07_names: where the newcomer wins, the one before is closed")
def _(place):
    program = example(place, "07_names")
    before, after = (opened(place, program) for _ in range(2))
    expect_equal(before.is_closed_with(4000).reason, "name taken over")
    after.says("Eve: note to myself")
    after.hears("text Eve: note to myself")
    return 4000


def opened(place, program):
    client = place.client(program, "/desks/Eve")
    client.hears("text you are Eve")
    return client


@table.row("08_coroutine: a conversation from top to bottom")
def _(place):
    client = place.client(example(place, "08_coroutine"), "/launch")
    client.hears("text who are you?")
    client.send(text("Ada") + text("yes") + text("all well"))  # it takes them when it asks
    for line in ("ready, Ada?", "3", "2", "1", "lift-off!", "Ada to ground: all well"):
        client.hears("text " + line)
    client.says("over")
    client.hears("text Ada to ground: over")
    client.closes()
    return "lift-off!"


@table.row("08_coroutine: a conversation that ends closes its session")
def _(place):
    client = place.client(example(place, "08_coroutine"), "/launch")
    client.says("Ada")
    client.says("no")
    client.is_closed_with(1000)
    return 1000


@table.row("08_coroutine: clients leave in the middle of it, and others talk on")
def _(place):
    program = example(place, "08_coroutine")
    for words in ([], ["Ada"], ["Ada", "yes"], ["Ada", "yes", "more"]):
        leaving = place.client(program, "/launch")
        for word in words:
            leaving.says(word)
        leaving.hears("text who are you?")
        leaving.reset()
    place.client(program, "/launch").hears("text who are you?")
    return "who are you?"


@table.row("09_workers: a handler that blocks, and shows its state")
def _(place):
    client = place.client(example(place, "09_workers"), "/resolver")
    client.send(text("127.0.0.1") + text("127.0.0.2"))
    for line in ("asking", "1: 127.0.0.1", "asking", "2: 127.0.0.2"):
        client.hears("text " + line)
    return "127.0.0.2"


@table.row("09_workers: a coroutine that waits for a worker")
def _(place):
    client = place.client(example(place, "09_workers"), "/conversation")
    client.send(text("127.0.0.3") + text("not a host") + text("127.0.0.4"))
    client.hears("text 127.0.0.3")
    expect(said(client).startswith("? "), "an error in words")
    client.hears("text 127.0.0.4")
    return "127.0.0.4"


@table.row("10_presence: who is here, who comes, who goes")
def _(place):
    program = example(place, "10_presence")
    ada = place.client(program, "/rooms/tea?name=Ada")
    ada.hears("text welcome, Ada")
    bob = place.client(program, "/rooms/tea?name=Bob")
    bob.hears("text here: Ada")
    bob.hears("text welcome, Bob")
    ada.hears("text came: Bob")
    carol = place.client(program, "/rooms/coffee?name=Carol")
    carol.hears("text welcome, Carol")
    ada.says("how many?")
    ada.hears("text 2 here")
    bob.reset()
    ada.hears("text went: Bob")
    ada.says("and now?")
    ada.hears("text 1 here")
    return "2 here"


@table.row("11_drain_hook: each is told, with a moment of its own to come back", alone=True)
def _(place):
    program = place.own(Program([os.path.join(FOLDER, "11_drain_hook"), "0"]))
    clients = [place.client(program, "/draft") for _ in range(10)]
    for client in clients[:5]:
        client.says("half a poem")
        client.hears("text 11 bytes kept")
    program.signal(signal.SIGTERM)
    moments = set()
    for number, client in enumerate(clients):
        if number < 5:
            client.hears("text not saved: half a poem")
        reason = client.is_closed_with(1001).reason
        told = re.fullmatch(r"shutting down; reconnect in (\d+) ms", reason)
        expect(told and int(told[1]) < 5000, f"told {reason!r}")
        moments.add(told[1])
    expect(len(moments) > 5, f"the same moment for many: {moments}")
    expect_equal(program.wait(), 0, "exit status")
    expect(program.out.wait_for(lambda line: line == "drained: 10 told, 0 cut"), program.out.lines)
    return "10 told"


SHARES = ("ACME ", "HAL ", "TYRELL ")


@table.row("12_latest_per_key: who reads hears every price")
def _(place):
    client = place.client(example(place, "12_latest_per_key"), "/prices")
    for turn in range(1, 21):
        for share in SHARES:
            expect_equal(number_in(said(client), share), turn, share)
    client.says("how many were replaced?")
    while (words := said(client)).startswith(SHARES):
        pass
    expect_equal(words, "0 prices were replaced by newer ones")
    return "20 turns"


@table.row("12_latest_per_key: who does not read for long hears the newest ones")
def _(place):
    client = place.client(example(place, "12_latest_per_key"), "/prices", receive_bytes=4096)
    wire.pace(3)
    client.says("how many were replaced?")
    newest, skipped = dict.fromkeys(SHARES, 0), 0
    while (words := said(client)).startswith(SHARES):
        share = next(share for share in SHARES if words.startswith(share))
        turn = number_in(words, share)
        expect(turn > newest[share], f"{share}{turn} came after {newest[share]}")
        skipped += turn - newest[share] - 1
        newest[share] = turn
    expect(skipped > 0, "nothing was skipped")
    replaced = int(words.removesuffix(" prices were replaced by newer ones"))
    expect(replaced > 0, "nobody was told")
    return f"{replaced} replaced"
