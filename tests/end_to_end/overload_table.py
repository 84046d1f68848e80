"""Limits against those who read too slowly or send too much: outbox, write deadline, fairness."""
import socket
import threading
import time

import frames
import wire
from frames import binary, text
from rows import Table, expect, expect_between, expect_equal

table = Table("overload")
CHUNK = 64 * 1024


def numbered(number):
    return b"%08d" % number + b"x" * (CHUNK - 8)


def flood(client, most):
    """Sends numbered messages and reads nothing, until `most`, the end, or a server that waits."""
    client.socket.settimeout(1.0)
    sent = 0
    try:
        while sent < most:
            client.socket.sendall(binary(numbered(sent), mask=b"\0\0\0\0"))
            sent += 1
    except OSError:
        pass
    return sent


def last_words(client):
    """Reads what is left: the close frame if there is one, else None (the connection was cut)."""
    try:
        while got := client.frame():
            if got.opcode == frames.CLOSE:
                return got
    except AssertionError:
        pass
    return None


@table.row("maxQueuedBytes, policy close: a reader that does not read")
def _(place):
    program = place.server({"maxQueuedBytes": "256KiB", "closeTimeout": 1000})
    client = place.client(program, receive_bytes=CHUNK)
    flood(client, 2000)
    expect_equal(program.closed_session(client)["cause"], "slow_consumer")
    goodbye = last_words(client)
    if goodbye is not None:
        expect_equal(goodbye.code, 1008)
    return f"1008 {goodbye.reason}" if goodbye else "cut"


@table.row("maxQueuedBytes, policy close: neighbours notice nothing")
def _(place):
    program = place.own_server({"maxQueuedBytes": "256KiB"}, server={"threads": 1})
    neighbour, slow = place.client(program), place.client(program, receive_bytes=CHUNK)
    flood(slow, 500)
    neighbour.echoes("fine")
    return "echo"


@table.row("maxQueuedBytes, policy drop_newest: whole messages are missing, none is broken")
def _(place):
    program = place.server({"maxQueuedBytes": "256KiB", "overflow": "drop_newest"})
    client = place.client(program, receive_bytes=CHUNK)
    count = 400
    sender = threading.Thread(target=flood, args=(client, count))
    sender.start()
    sender.join(30)
    client.socket.settimeout(10)
    client.send(frames.ping("end"))
    heard = []
    while (got := client.frame()).opcode == frames.BINARY:
        number = int(got.payload[:8])
        expect(got.payload == numbered(number), f"message {number} is broken")
        heard.append(number)
    expect_equal(got.line(), "pong end")
    expect(heard == sorted(set(heard)), "order")
    expect(len(heard) < count, "nothing was dropped: the client was not slow enough")
    client.echoes("as if nothing had happened")
    return f"{len(heard)} of {count}"


@table.row("maxQueuedBytes: a single message larger than it")
def _(place):
    client = place.client(place.server({"maxQueuedBytes": "64KiB"}))
    client.send(binary(b"x" * 1_000_000))
    got = client.frame()
    expect(got is None or got.line() in ("close 1008", frames.line("binary", b"x" * 1_000_000)),
           f"heard {got and got.line()}")
    if got is not None and got.opcode == frames.BINARY:
        client.echoes()
    return got.line().split(" ")[0] if got else "cut"


@table.row("writeTimeout: no progress on a non-empty outbox, under a policy that drops")
def _(place):
    program = place.server({"maxQueuedBytes": "256KiB", "overflow": "drop_newest",
                            "writeTimeout": 1000})
    client = place.client(program, receive_bytes=CHUNK)
    start = time.monotonic()
    flood(client, 400)
    fields = program.closed_session(client)
    expect_equal(fields["cause"], "slow_consumer")
    expect_between(time.monotonic() - start, 1.0, 9.0, "end")
    return "slow_consumer"


@table.row("writeTimeout: slow but steady progress is no reason to close")
def _(place):
    program = place.server({"maxQueuedBytes": "64MiB", "maxMessageSize": "32MiB",
                            "writeTimeout": 1000})
    client = place.client(program, receive_bytes=CHUNK)
    payload = b"x" * (20 << 20)
    client.send(binary(payload))
    start = time.monotonic()
    expect_equal(client.take(10), frames.head(frames.BINARY, len(payload), mask=None))
    left = len(payload)
    while left:
        left -= len(client.take(min(CHUNK, left)))
        if time.monotonic() - start < 3:
            wire.pace(0.01)  # about 6 MB a second: never a second without progress
    expect_between(time.monotonic() - start, 2.5, 20, "the last byte")
    client.echoes()
    return "open"


class Flooder:
    """A client that pipelines small messages as fast as it can, and reads the echoes."""

    def __init__(self, client):
        self.client = client
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=work) for work in (self._write, self._read)]
        for thread in self.threads:
            thread.start()

    def _write(self):
        block = text("flood flood flood flood") * 20_000
        while not self.stop.is_set():
            try:
                self.client.socket.sendall(block)
            except OSError:
                return

    def _read(self):
        while not self.stop.is_set():
            try:
                if not self.client.socket.recv(1 << 20):
                    return
            except OSError:
                return

    def end(self):
        self.stop.set()
        self.client.socket.shutdown(socket.SHUT_RDWR)
        for thread in self.threads:
            thread.join(10)


@table.row("fairness: a flooding client beside one that plays ping-pong", over=["tcp"], alone=True)
def _(place):
    program = place.own_server(server={"threads": 1})
    flooder, player = Flooder(place.client(program)), place.client(program)
    try:
        worst = 0.0
        for number in range(200):
            start = time.monotonic()
            player.echoes(str(number))
            worst = max(worst, time.monotonic() - start)
    finally:
        flooder.end()
    expect(worst < 0.5, f"an answer took {worst * 1000:.0f} ms")
    return f"worst answer {worst * 1000:.1f} ms"


@table.row("more connections than descriptors: the server survives and serves again", over=["tcp"])
def _(place):
    program = place.own_server(limit=["/usr/bin/prlimit", "--nofile=96:96"],
                               server={"threads": 1}, websocket={"handshakeTimeout": 30_000})
    first = place.client(program)
    crowd = [wire.Wire(program) for _ in range(200)]
    for client in crowd:
        client.send(b"G")  # the kernel may hand over only connections that said something
    first.echoes("while it is full")
    busy = program.cpu_seconds()
    expect(first.quiet_for(1.0), "a word")
    busy = program.cpu_seconds() - busy
    expect(busy < 0.5, f"{busy:.2f} s of CPU in one second of being full")
    for client in crowd:
        client.drop()
    place.client(program).echoes("after the crowd has gone")
    return f"{busy * 1000:.0f} ms of CPU per second while full"
