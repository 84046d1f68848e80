"""As a service of the system: what a service manager is told, and when. `run.py service`."""
import os
import signal
import socket
import sys
import time

import wire
from admin_table import Listener, admin_of, asked, orrery
from place import trusting
from rows import Table, expect, expect_between, expect_equal
from server import BINARY, PATIENCE, Program, next_number

table = Table("service", over=("tcp",))


class Manager:
    """The socket of a service manager: a path in the run's folder, or an abstract name."""

    def __init__(self, place, abstract=False):
        name = f"notices-{os.getpid()}-{next_number()}"
        path = "\0orrery-" + name if abstract else os.path.join(place.world.folder, name)
        self.address = path.replace("\0", "@")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)

    def hears(self, seconds=PATIENCE):
        """The next notice as a dictionary."""
        self.socket.settimeout(seconds)
        try:
            notice = self.socket.recv(4096).decode()
        except TimeoutError:
            raise AssertionError(f"no notice within {seconds} s") from None
        return dict(line.split("=", 1) for line in notice.split("\n"))

    def hears_nothing(self, seconds):
        self.socket.settimeout(seconds)
        try:
            raise AssertionError(f"heard {self.socket.recv(4096)!r}")
        except TimeoutError:
            return True


def serve(place, manager, sets=(), ready=True, **environment):
    words = [f"--set={key}" for key in ("server.port=0", "server.address=127.0.0.1",
                                        "admin.port=0", *sets)]
    return place.own(Program([BINARY, "serve", *words], ready=ready,
                             environment={"NOTIFY_SOCKET": manager.address, **environment}))


def life(place, manager):
    program = serve(place, manager, ["drain.deadline=7s"])
    ready = manager.hears()
    expect_equal(ready, {"READY": "1", "STATUS": f"serving at {program.url}"})
    client = place.client(program)
    client.echoes()
    program.signal(signal.SIGTERM)
    stopping = manager.hears()
    expect_equal(stopping, {"STOPPING": "1", "STATUS": "draining",
                            "EXTEND_TIMEOUT_USEC": "11000000"})
    client.drop()
    expect_equal(program.wait(), 0, "exit status")
    manager.hears_nothing(0.01)
    return "READY, STOPPING"


@table.row("READY when clients can connect, STOPPING when the drain begins")
def _(place):
    return life(place, Manager(place))


@table.row("the same over an abstract socket")
def _(place):
    return life(place, Manager(place, abstract=True))


@table.row("at READY a client connects at once")
def _(place):
    manager = Manager(place)
    program = serve(place, manager, ready=False)
    address = manager.hears()["STATUS"].removeprefix("serving at ")
    program.url, program.port = address, int(address.rsplit(":", 1)[1])
    place.client(program).echoes()
    return "echo"


@table.row("a server that can't start is never READY")
def _(place):
    taken = serve(place, Manager(place))
    manager = Manager(place)
    program = serve(place, manager, [f"server.port={taken.port}"], ready=False)
    expect_equal(program.wait(), 1, "exit status")
    manager.hears_nothing(0.01)
    return "exit 1"


@table.row("with WatchdogSec= it says that it lives, twice as often as it must")
def _(place):
    manager = Manager(place)
    program = serve(place, manager, WATCHDOG_USEC="400000")
    expect_equal(manager.hears()["READY"], "1")
    start = time.monotonic()
    for _ in range(6):
        expect_equal(manager.hears(), {"WATCHDOG": "1"})
    expect_between(time.monotonic() - start, 0.9, 2.5, "six pulses")
    expect(program.alive(), "it died")
    return "every 200 ms"


@table.row("the watchdog of another process is none of its business")
def _(place):
    manager = Manager(place)
    serve(place, manager, WATCHDOG_USEC="20000", WATCHDOG_PID="1")
    expect_equal(manager.hears()["READY"], "1")
    manager.hears_nothing(0.2)
    return "silence"


@table.row("a drain lasts as long as its sessions, with the watchdog fed")
def _(place):
    manager = Manager(place)
    program = serve(place, manager, ["drain.spread=0", "drain.deadline=1s",
                                     "server.protocols.websocket.closeTimeout=60s"],
                    WATCHDOG_USEC="200000")
    deaf = place.client(program)
    program.signal(signal.SIGTERM)
    deaf.hears("close 1001")
    told = [manager.hears() for _ in range(8)]
    expect(any("STOPPING" in notice for notice in told), told)
    expect("WATCHDOG" in told[-1], told)
    expect_equal(program.wait(), 0, "exit status")
    return "WATCHDOG until the end"


@table.row("a NOTIFY_SOCKET that can't be one is refused with its name")
def _(place):
    program = serve(place, Manager(place), ready=False, NOTIFY_SOCKET="vsock:2:1")
    expect_equal(program.wait(), 1, "exit status")
    expect(any("NOTIFY_SOCKET" in line for line in program.log.lines), program.log.lines)
    return "exit 1"


@table.row("a service manager that died harms nobody")
def _(place):
    manager = Manager(place)
    program = serve(place, manager, WATCHDOG_USEC="20000")
    expect_equal(manager.hears()["READY"], "1")
    manager.socket.close()
    client = place.client(program)
    client.echoes()
    wire.pace(0.1)
    client.closes()
    expect_equal(program.stop(), 0, "exit status")
    return "exit 0"


@table.row("RELOADING while a configuration is read, READY afterwards")
def _(place):
    manager = Manager(place)
    program = serve(place, manager)
    ready = manager.hears()
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    program.signal(signal.SIGHUP)
    told = manager.hears()
    after = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    expect(before <= int(told.pop("MONOTONIC_USEC")) <= after, "not the time of the reload")
    expect_equal(told, {"RELOADING": "1", "STATUS": "reloading"})
    expect_equal(manager.hears(), ready)
    expect_equal(orrery("reload", "--set", f"admin.port={admin_of(program).port}").returncode, 0)
    expect_equal(manager.hears()["RELOADING"], "1")
    expect_equal(manager.hears(), ready)
    return "RELOADING, READY"


# What systemd does between fork() and exec(): LISTEN_PID is the number of the process itself.
ACTIVATE = """
import fcntl, os, sys
names, sockets, program = sys.argv[1], sys.argv[2].split(","), sys.argv[3:]
high = [fcntl.fcntl(int(fd), fcntl.F_DUPFD, 100) for fd in sockets if fd]
for place, fd in enumerate(high):
    os.dup2(fd, 3 + place)
    os.close(fd)
os.environ.setdefault("LISTEN_PID", str(os.getpid()))
os.environ.update(LISTEN_FDS=str(len(high)), LISTEN_FDNAMES=names)
os.execv(program[0], program)
"""


def activated(place, names, sockets, *sets, ready=True, **environment):
    """A server to which these sockets were passed, with these names."""
    numbers = [each.fileno() for each in sockets]
    words = [f"--set={key}" for key in ("server.address=systemd", "admin.port=0", *sets)]
    return place.own(Program(
        [sys.executable, "-c", ACTIVATE, ":".join(names), ",".join(map(str, numbers)), BINARY,
         "serve", *words], ready=ready, passed=numbers, environment=environment))


def listening():
    return socket.create_server(("127.0.0.1", 0))


@table.row("a socket that systemd opened is served, also to who came before the start")
def _(place):
    with listening() as ours:
        port = ours.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as early:
            program = activated(place, ["orrery.socket"], [ours])
            expect_equal(program.url, f"http://127.0.0.1:{port}")
            early.sendall(wire.get(program))
            expect_equal(early.recv(12), b"HTTP/1.1 200")
        place.client(program).echoes()
    return "200, echo"


@table.row("it stays open while the server is restarted: nobody is refused")
def _(place):
    with listening() as ours:
        first = activated(place, ["orrery.socket"], [ours], "drain.spread=0", "server.threads=1",
                          "server.protocols.websocket.closeTimeout=60s")
        slow = place.client(first)
        first.signal(signal.SIGTERM)
        slow.hears("close 1001")
        during = place.wire(first)
        during.send(wire.upgrade(first))
        expect(during.quiet_for(0.2), "who drains has answered")
        slow.drop()
        expect_equal(first.wait(), 0, "exit status")
        after = place.wire(first)
        after.send(wire.upgrade(first))
        activated(place, ["orrery.socket"], [ours])
        for client in (during, after):
            expect_equal(client.response().status, 101)
    return "101, 101"


@table.row("sockets are told apart by their names, the admin listener's too")
def _(place):
    with listening() as web, listening() as more, listening() as admin, listening() as spare:
        program = activated(place, ["web", "admin", "other", "web"], [web, admin, spare, more],
                            "server.address=systemd:web", "admin.address=systemd:admin",
                            "admin.token=sesame")
        urls = [f"http://127.0.0.1:{each.getsockname()[1]}" for each in (web, more, admin)]
        expect(program.out.wait_for(lambda line: line.startswith("admin ")), program.out.lines)
        expect_equal([line.split()[1] for line in program.out.lines], urls)
        right = ("Authorization", "Bearer sesame")
        expect_equal(asked(place, Listener(urls[2]), "/readyz", right).status, 200)
        answer = orrery("status", "--set", "admin.address=systemd:admin", "--set",
                        f"admin.port={admin.getsockname()[1]}", "--set", "admin.token=sesame")
        expect_equal((answer.returncode, answer.stderr), (0, ""))
        expect(any("names=other" in line for line in program.log.lines), program.log.lines)
    return "web, web, admin"


@table.row("a TCP socket speaks TLS where there is a certificate, a unix socket never")
def _(place):
    certificate, key = place.world.certificate()
    path = os.path.join(place.world.folder, f"{next_number()}.sock")
    with listening() as tcp, socket.socket(socket.AF_UNIX) as unix:
        unix.bind(path)
        unix.listen()
        program = activated(place, ["a", "b"], [tcp, unix], f"server.tls.certificate={certificate}",
                            f"server.tls.key={key}", "drain.spread=0")
        expect_equal(program.url, f"https://127.0.0.1:{tcp.getsockname()[1]}")
        expect(program.out.wait_for(lambda line: line == f"listening unix:{path}"),
               program.out.lines)
        program.tls = trusting(certificate)
        place.client(program).echoes()
        program.url, program.tls = f"unix:{path}", None
        place.client(program).echoes()
        expect_equal(program.stop(), 0, "exit status")
        expect(os.path.exists(path), "a path that is systemd's is gone")
    return "wss, ws"


def is_refused(place, words, names, sockets, *sets, **environment):
    program = activated(place, names, sockets, *sets, ready=False, **environment)
    expect_equal(program.wait(), 1, "exit status")
    expect(any(all(word in line for word in words) for line in program.log.lines),
           f"{words} in {program.log.lines}")


@table.row("without such a socket the start fails, and says what was passed")
def _(place):
    is_refused(place, ["server.address", "passed none", "orrery.socket"], [], [])
    with listening() as ours:
        is_refused(place, ["passed none"], ["web"], [ours], LISTEN_PID="1")
        is_refused(place, ["server.address", "systemd:wob", "passed web"], ["web"], [ours],
                   "server.address=systemd:wob")
        is_refused(place, ["admin.address", "systemd:admin"], ["web"], [ours],
                   "admin.address=systemd:admin", "admin.token=sesame")
    with socket.socket() as deaf, socket.socket(type=socket.SOCK_DGRAM) as datagrams:
        is_refused(place, ["fd:3", "listens"], ["web"], [deaf])
        is_refused(place, ["fd:3", "listens"], ["web"], [datagrams])
    return "exit 1"
