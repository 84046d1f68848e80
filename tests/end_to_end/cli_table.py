"""`orrery connect` and `orrery bench`: against our server, Node's `ws`, Python's `websockets`.
`run.py cli`."""
import json
import os
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import time

import server
from rows import HERE, Table, expect, expect_equal

table = Table("cli", wave="heavy")
PATIENCE = 30
SHORT = ("--duration", "300ms", "--warmup", "100ms", "--connections", "4")


def url_of(program, path="/echo"):
    return program.url.replace("http", "ws", 1) + path


def trust(place):
    return ("--ca", place.world.certificate()[0]) if place.tls else ()


def orrery(*words, said="", limit=()):
    return subprocess.run([*limit, server.BINARY, *words], input=said, capture_output=True,
                          text=True, timeout=PATIENCE, check=False)


def connect(place, program, *words, said="", path="/echo"):
    return orrery("connect", url_of(program, path), *trust(place), *words, said=said)


def bench(place, program, *words, path="/echo"):
    """A measurement that succeeds, as a dictionary."""
    run = orrery("bench", url_of(program, path), *trust(place), *SHORT, *words, "--json")
    expect_equal((run.returncode, run.stderr), (0, ""), "bench")
    report = json.loads(run.stdout)
    expect_equal((report["lost"], report["unanswered"]), ({}, 0))
    return report


def latencies_make_sense(latency, seconds=10):
    steps = [latency[name] for name in ("min", "p50", "p90", "p99", "p99.9", "p99.99", "max")]
    expect(steps == sorted(steps) and 0 < steps[0] and steps[-1] < seconds * 1e6, f"{latency}")


@table.row("connect between pipes: lines in, messages out")
def _(place):
    run = connect(place, place.server(), "--wait", "500ms", said="one\ntwo α\r\nthree")
    expect_equal((run.returncode, run.stdout), (0, "one\ntwo α\nthree\n"))
    expect_equal(run.stderr, "connected\n* closed with 1000\n")
    return "3 messages"


@table.row("connect with a file as input, many lines")
def _(place):
    lines = "".join(f"line {number}\n" for number in range(20_000))
    path = os.path.join(place.world.folder, f"lines-{place.transport}.txt")
    with open(path, "w", encoding="ascii") as file:
        file.write(lines)
    with open(path, encoding="ascii") as file:
        run = subprocess.run([server.BINARY, "connect", url_of(place.server()), *trust(place)],
                             stdin=file, capture_output=True, text=True, timeout=PATIENCE,
                             check=False)
    expect_equal(run.returncode, 0, "exit status")
    expect(run.stdout == lines, f"{len(run.stdout)} of {len(lines)} characters came back")
    return "20000 lines"


@table.row("connect --binary: shown as size and digits")
def _(place):
    run = connect(place, place.server(), "--binary", said="abc\n")
    expect_equal((run.returncode, run.stdout), (0, "binary, 3 bytes: 61 62 63\n"))
    return "61 62 63"


@table.row("connect offers compression, and --no-compression does not")
def _(place):
    lines = "".join(f"line {number}" + " of many that look alike" * 20 + "\n"
                    for number in range(200))
    for mode in ({}, {"compressionMode": "dedicated"},
                 {"compressionMode": "dedicated", "compressionWindowBits": 9}):
        program = place.server({"compression": True, **mode})
        for words, told in (((), "connected, permessage-deflate\n"),
                            (("--no-compression",), "connected\n")):
            run = connect(place, program, *words, said=lines)
            expect_equal((run.returncode, run.stdout == lines), (0, True), f"{mode} {words}")
            expect_equal(run.stderr, told + "* closed with 1000\n")
    run = connect(place, place.server(), said="hi\n")
    expect_equal((run.returncode, run.stdout), (0, "hi\n"), "a server that does not compress")
    return "permessage-deflate, none"


@table.row("connect: a refused handshake shows status, body and what to do")
def _(place):
    run = connect(place, place.server(), path="/nothing-here")
    expect_equal((run.returncode, run.stdout), (1, ""))
    expect("404 Not Found: nothing is at that path" in run.stderr, run.stderr)
    return "404, exit 1"


@table.row("connect: a certificate that is not trusted, and --insecure", over=["tls"])
def _(place):
    url = url_of(place.server())
    run = orrery("connect", url, said="hi\n")
    expect_equal((run.returncode, run.stdout), (1, ""))
    expect("--ca" in run.stderr and "--insecure" in run.stderr, run.stderr)
    run = orrery("connect", url, "--insecure", said="hi\n")
    expect_equal((run.returncode, run.stdout), (0, "hi\n"))
    run = orrery("connect", url, "--ca", "/nowhere.pem")
    expect_equal(run.returncode, 1, "exit status")
    expect("/nowhere.pem" in run.stderr and "PEM" in run.stderr, run.stderr)
    return "exit 1, 0"


@table.row("connect: ws to a TLS port says so", over=["tls"])
def _(place):
    run = orrery("connect", url_of(place.server()).replace("wss:", "ws:"))
    expect_equal(run.returncode, 1, "exit status")
    expect("wss" in run.stderr or "without a close frame" in run.stderr
           or "ended inside" in run.stderr, run.stderr)
    return "exit 1"


@table.row("connect: nobody listens, nothing by that name, no URL", over=["tcp"])
def _(place):
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        run = orrery("connect", f"ws://127.0.0.1:{deaf.getsockname()[1]}/echo")
    expect("nobody listens there" in run.stderr and run.returncode == 1, run.stderr)
    run = orrery("connect", "ws://no-such-host.invalid/")
    expect("no-such-host.invalid" in run.stderr and run.returncode == 1, run.stderr)
    run = orrery("connect", "localhost:7512")
    expect("must start with ws://" in run.stderr and run.returncode == 2, run.stderr)
    return "exit 1, 1, 2"


@table.row("connect over a unix socket", over=["tcp"])
def _(place):
    path = os.path.join(place.world.folder, "connect.sock")
    place.own_server(server={"address": f"unix:{path}"})
    run = orrery("connect", f"ws+unix:{path}:/echo", said="hi\n")
    expect_equal((run.returncode, run.stdout), (0, "hi\n"))
    return "hi"


@table.row("connect hears the server's goodbye")
def _(place):
    program = place.own_server(drain={"spread": 0})
    client = subprocess.Popen([server.BINARY, "connect", url_of(program), *trust(place)],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True)
    client.stdin.write("hi\n")
    client.stdin.flush()
    expect_equal(client.stdout.readline(), "hi\n")
    program.stop()
    out, errors = client.communicate(timeout=PATIENCE)
    expect_equal((client.returncode, out), (1, ""))
    expect("* closed with 1001" in errors, errors)
    return "1001, exit 1"


class Typist:
    """Somebody at a terminal."""

    def __init__(self, *words):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execv(server.BINARY, [server.BINARY, *words])
        self.screen = ""

    def sees(self, pattern):
        """Waits until the screen has it, from where the last one ended."""
        deadline = time.monotonic() + PATIENCE
        while True:
            found = re.search(pattern, self.screen)
            if found:
                self.screen = self.screen[found.end():]
                return
            left = deadline - time.monotonic()
            expect(left > 0 and select.select([self.fd], [], [], left)[0],
                   f"no {pattern!r} in {self.screen!r}")
            try:
                self.screen += os.read(self.fd, 65536).decode("utf-8", "replace")
            except OSError:
                raise AssertionError(f"it ended without {pattern!r}: {self.screen!r}") from None

    def types(self, keys):
        os.write(self.fd, keys.encode())

    def ends(self):
        try:
            while os.read(self.fd, 65536):
                pass
        except OSError:
            pass  # how a terminal says that nobody is left
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self.fd)
        return status


@table.row("connect at a terminal: lines, history, pings, a close with code and reason")
def _(place):
    typist = Typist("connect", url_of(place.server()), *trust(place))
    typist.sees("connected")
    typist.types("hello\r")
    typist.sees("< hello\r\n")
    typist.types("\x1b[A!\r")
    typist.sees("< hello!\r\n")
    typist.types("/ping are you there\r")
    typist.sees(r'\* pong "are you there"')
    typist.types("/hex 1b\r")
    typist.sees("< binary, 1 byte: 1b\r\n")
    typist.types("\x1b\x1b//slash \x16\x15//slash\r")
    typist.sees("< /slash\r\n")
    typist.types("/close 4001 bye\r")
    typist.sees(r"\* closed with 4001")
    expect_equal(typist.ends(), 0, "exit status")
    return 4001


@table.row("connect at a terminal: Ctrl-D closes, Ctrl-C ends at once", over=["tcp"])
def _(place):
    for keys, status in (("\x04", 0), ("\x03", 1)):
        typist = Typist("connect", url_of(place.server()))
        typist.sees("> ")
        typist.types(keys)
        expect_equal(typist.ends(), status, "exit status")
    return "exit 0, 1"


@table.row("bench: echo, and what it costs the server")
def _(place):
    program = place.own_server(server={"threads": 1})
    report = bench(place, program, "--depth", "4", "--size", "1KiB", "--binary", "--pid",
                   str(program.pid), "--threads", "2")
    expect(report["answered"] > 100 and report["opened"] == 4, f"{report}")
    latencies_make_sense(report["latencyMicroseconds"])
    expect(report["latencyMicroseconds"]["count"] >= report["answered"] * 0.9, f"{report}")
    expect(report["server"]["residentBytes"] > 1 << 20, f"{report}")
    expect(0.05 < report["server"]["cpuMicrosecondsPerMessage"] < 5000, f"{report}")
    return "answered"


@table.row("bench: every size, text and binary")
def _(place):
    for size in ("0", "1", "125", "126", "65535", "65536", "1000000"):
        for kind in ("--text", "--binary"):
            report = bench(place, place.server(), "--size", size, kind, "--depth", "2",
                           "--duration", "100ms", "--warmup", "0")
            expect(report["answered"] > 0, f"{size} {kind}: nothing came back")
    return "7 sizes"


@table.row("bench: an open loop keeps its rate")
def _(place):
    report = bench(place, place.server(), "--rate", "500", "--duration", "1s")
    expect(400 <= report["sent"] <= 600 and report["answered"] >= report["sent"] * 0.9,
           f"{report['sent']} sent, {report['answered']} answered")
    expect_equal(report["stepMicroseconds"], 0, "a step between messages that are 2 ms apart")
    report = bench(place, place.server(), "--rate", "5000", "--step", "10ms", "--duration", "1s")
    expect(4000 <= report["sent"] <= 6000 and report["stepMicroseconds"] == 10_000, f"{report}")
    return "500 per second, and 5000 in steps of 10 ms"


@table.row("bench: a server that stands still is in the latencies of an open loop", over=["tcp"])
def _(place):
    program = place.own_server()
    before = program.cpu_seconds()
    run = subprocess.Popen([server.BINARY, "bench", url_of(program), "--rate", "1000",
                            "--connections", "2", "--warmup", "0", "--duration", "4s", "--json"],
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while program.cpu_seconds() < before + 0.02 and run.poll() is None:
        pass  # until messages flow
    program.signal(signal.SIGSTOP)
    expect(select.select([run.stdout], [], [], 0.8)[0] == [], "it ended early")
    program.signal(signal.SIGCONT)
    out, errors = run.communicate(timeout=PATIENCE)
    expect_equal((run.returncode, errors), (0, ""))
    latency = json.loads(out)["latencyMicroseconds"]
    expect(latency["p90"] > 200_000 and latency["max"] > 700_000, f"{latency}")
    return "0.8 s"


@table.row("bench: fan-out to every member, and until the last has it")
def _(place):
    report = bench(place, place.server(), "--mode", "fan-out", "--depth", "2", "--threads", "2",
                   path=f"/echo/groups/bench-{place.transport}")
    expect(report["answered"] > 0 and report["opened"] == 5, f"{report}")
    latencies_make_sense(report["latencyMicroseconds"])
    expect(report["lastMemberMicroseconds"]["count"] > 0, f"{report}")
    return "answered"


@table.row("bench: a connect storm, closed loop and open")
def _(place):
    for pace in ((), ("--rate", "50")):
        report = bench(place, place.server(), "--mode", "connect", *pace)
        expect(report["answered"] > 3, f"{report}")
        latencies_make_sense(report["latencyMicroseconds"])
    return "opened"


@table.row("bench at a terminal: shows how it goes", over=["tcp"])
def _(place):
    watcher = Typist("bench", url_of(place.server()), "--connections", "2", "--warmup", "0",
                     "--duration", "1s")
    watcher.sees(r"\r\x1b\[K[^\r\n]*2 open, \d+ answered, \d+ per second")
    watcher.sees(r"\d messages per second")
    expect_equal(watcher.ends(), 0, "exit status")
    return "while it runs, then the report"


@table.row("bench: sessions that are held in silence")
def _(place):
    program = place.own_server()
    report = bench(place, program, "--mode", "idle", "--connections", "50", "--pid",
                   str(program.pid))
    expect_equal((report["opened"], report["answered"]), (50, 0))
    expect("bytesPerSession" in report["server"], f"{report}")
    return "50 sessions"


@table.row("bench: slow readers disturb nobody")
def _(place):
    report = bench(place, place.own_server({"maxQueuedBytes": "64KiB"}), "--mode", "slow",
                   "--size", "4KiB", "--read-rate", "1000")
    expect(report["answered"] > 0 and report["slow"] == 10, f"{report}")
    return "10 slow"


@table.row("bench --deflate: with a server that compresses, and with one that does not")
def _(place):
    report = bench(place, place.server({"compression": True}), "--deflate", "--size", "2KiB",
                   "--depth", "3")
    expect(report["answered"] > 0, f"{report}")
    run = orrery("bench", url_of(place.server()), *trust(place), *SHORT, "--deflate")
    expect_equal(run.returncode, 1, "exit status")
    expect("does not compress" in run.stderr, run.stderr)
    return "exit 0, 1"


@table.row("bench: refused, misused, or with too few descriptors", over=["tcp"])
def _(place):
    program = place.server()
    run = orrery("bench", url_of(program, "/nothing"), *SHORT)
    expect("404" in run.stderr and "0 of 4 sessions" in run.stderr and run.returncode == 1,
           run.stderr)
    run = orrery("bench", url_of(program), "--connections", "100",
                 limit=("/usr/bin/prlimit", "--nofile=64:64"))
    expect("ulimit -n 136" in run.stderr and run.returncode == 2, run.stderr)
    run = orrery("bench", url_of(program), "--pid", "2000000000", *SHORT)
    expect("pidof orrery" in run.stderr and run.returncode == 1, run.stderr)
    run = orrery("bench", url_of(program), "--size", "big")
    expect("such as 512 or 16KiB" in run.stderr and run.returncode == 2, run.stderr)
    return "exit 1, 2, 1, 2"


@table.row("bench: sessions that the server ends are counted with its words", over=["tcp"])
def _(place):
    program = place.own_server({"rateLimit": 5, "rateLimitPolicy": "close"})
    run = orrery("bench", url_of(program), *SHORT)
    expect_equal(run.returncode, 1, "exit status")
    expect("all sessions were lost" in run.stderr and "1008" in run.stderr, run.stderr)
    expect("--set server.protocols.websocket.rateLimit=0" in run.stderr, run.stderr)
    return "1008"


@table.row("bench: SIGINT ends it with a report of what there is", over=["tcp"])
def _(place):
    program = place.own_server()
    run = subprocess.Popen([server.BINARY, "bench", url_of(program), "--warmup", "0",
                            "--duration", "1h"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           text=True)
    while program.cpu_seconds() < 0.2 and run.poll() is None:
        pass  # until messages flow
    run.send_signal(signal.SIGINT)
    out, errors = run.communicate(timeout=PATIENCE)
    expect_equal((run.returncode, errors), (0, ""))
    expect("messages per second" in out and "p99.99" in out, out)
    return "exit 0"


@table.row("every command has a page of its own, within 100 columns", over=["tcp"])
def _(place):
    named = re.findall(r"^  ([a-z-]+)((?: [a-z]+)?)", orrery("--help").stdout, re.MULTILINE)
    commands = [" ".join(words).split() for words in named]
    commands = commands[:[words[0] for words in commands].index("version") + 1]
    commands = [words if words[0] == "config" else words[:1] for words in commands]
    expect(["config", "check"] in commands and ["drain"] in commands, f"{commands}")
    for words in commands:
        run = orrery(*words, "--help")
        expect_equal((run.returncode, run.stderr), (0, ""), f"{words}")
        name = " ".join(words)
        for part in (f"usage: orrery {name}", "\nExit status: 0", f"\nExample: orrery {name}"):
            expect(part in run.stdout, f"{part!r} is not in {run.stdout}")
        expect(max(map(len, run.stdout.splitlines())) <= 100, "too wide")
    return f"{len(commands)} pages"


def others(kind):
    """The rows against somebody else's server."""
    file = {"node": "websocket_server.mjs", "python": "websocket_server.py"}[kind]

    def program(place):
        runner = shutil.which("node") if kind == "node" else "/usr/bin/python3"
        expect(runner, f"{kind} is missing")
        return place.shared(file, lambda: server.Program([runner, os.path.join(HERE, file)]))

    def talk(place):
        run = connect(place, program(place), "--subprotocol", "feed.v1", "--subprotocol",
                      "feed.v2", said="hi α\nping me\nin fragments\nclose me\n")
        expect_equal(run.returncode, 1, "exit status")  # closed with another code than 1000
        lines = run.stdout.splitlines()
        expect("hi α" in lines and "in fragments" in lines, f"{lines}")
        for words in ("connected, subprotocol feed.v2", '* ping "tick"',
                      '* closed with 4002 "as you wish"'):
            expect(words in run.stderr, f"{words}: {run.stderr}")
        return "4002"

    def pong(place):
        run = connect(place, program(place), said="ping me\n")
        expect_equal((run.returncode, run.stdout), (0, "your pong: tick\n"))
        return "pong"

    def private(place):
        run = connect(place, program(place), path="/private")
        expect_equal(run.returncode, 1, "exit status")
        expect("401" in run.stderr and "--header" in run.stderr and "sign in first" in run.stderr,
               run.stderr)
        run = connect(place, program(place), "--header", "Authorization: Bearer sesame",
                      path="/private", said="hi\n")
        expect_equal((run.returncode, run.stdout), (0, "hi\n"))
        return "401, 101"

    def cut(place):
        run = connect(place, program(place), said="cut me off\n")
        expect_equal(run.returncode, 1, "exit status")
        expect("* lost: " in run.stderr, run.stderr)
        return "exit 1"

    def compressed(place):
        line = "many words, again and again; " * 200
        said = f"which extensions\n{line}\nshort\n"
        run = connect(place, program(place), said=said)
        expect_equal((run.returncode, run.stdout), (0, f"permessage-deflate\n{line}\nshort\n"))
        expect("connected, permessage-deflate" in run.stderr, run.stderr)
        run = connect(place, program(place), "--no-compression", said=said)
        expect_equal((run.returncode, run.stdout), (0, f"none\n{line}\nshort\n"))
        expect("deflate" not in run.stderr, run.stderr)
        return "permessage-deflate, none"

    def measured(place):
        for more in (("--size", "100"), ("--size", "70000", "--binary"), ("--deflate",),
                     ("--rate", "200"), ("--mode", "connect"), ("--mode", "idle")):
            report = bench(place, program(place), *more)
            expect(report["answered"] > 0 or "idle" in more, f"{more}: {report}")
        return "6 loads"

    for name, story in (("a talk with subprotocol, ping and close", talk), ("a pong", pong),
                        ("refused without a header", private), ("a cut connection", cut),
                        ("compression", compressed), ("bench", measured)):
        table.add(f"{kind}'s server: {name}", story, over=["tcp"])


others("node")
others("python")
