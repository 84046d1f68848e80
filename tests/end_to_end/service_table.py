"""As a service of the system: what a service manager is told, and when. `run.py service`."""
import os
import signal
import socket
import time

import wire
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
