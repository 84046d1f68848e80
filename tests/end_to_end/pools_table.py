"""Bounds that count heads: pools, addresses, newcomers; and what overflows. `run.py pools`."""
import concurrent.futures
import json
import time

import frames
import wire
from admin_table import admin_of, metrics_of, status_of
from overload_table import CHUNK, flood, numbered
from rows import Table, expect, expect_equal
from serving import refused_configuration

table = Table("pools", over=("tcp",))


def bounded(count, gear="echo", **more):
    return {f"gear:{gear}": {"maxConnections": count, **more}}


class Neighbour(wire.Client):
    """A session from one address that several share."""

    def _connect(self, program, receive_bytes):
        self.source = "127.250.250.250"
        return super()._connect(program, receive_bytes)


def is_refused(place, program, path="/echo"):
    answer = place.wire(program).ask(wire.upgrade(program, path))
    expect_equal(answer.status, 503)
    expect(int(answer.header("retry-after")) >= 1, answer.headers)
    expect_equal(answer.tokens("connection"), ["close"])
    return answer


def leaves(client):
    client.closes()
    client.drop()


def gets_a_place(newcomer):
    """Soon after somebody has left, and hung up, another one may come."""
    deadline = time.monotonic() + 1
    while (client := newcomer()).ask(wire.upgrade(client.program)).status == 503:
        expect(time.monotonic() < deadline, "no place within a second of a session's end")
        wire.pace(0.02)


@table.row("maxConnections: no session more, and a place that is free is given again",
           over=["tcp", "tls"])
def _(place):
    program = place.own_server(pools=bounded(5))
    crowd = [place.client(program) for _ in range(5)]
    is_refused(place, program)
    leaves(crowd[0])
    gets_a_place(lambda: place.wire(program))
    is_refused(place, program)
    for client in crowd[1:]:
        client.echoes("nobody else noticed")
    expect(program.log.wait_for(lambda line: "handshake refused" in line and "503" in line),
           "no line for the refused handshake")
    return "5, then 503"


@table.row("maxConnections: exact under a storm of handshakes")
def _(place):
    program = place.own_server(server={"threads": 2}, pools=bounded(50))
    crowd = [place.wire(program) for _ in range(200)]

    def handshake(client):
        return client.ask(wire.upgrade(program)).status

    with concurrent.futures.ThreadPoolExecutor(32) as threads:
        answers = list(threads.map(handshake, crowd))
    seen = {status: answers.count(status) for status in set(answers)}
    expect_equal(seen, {101: 50, 503: 150})
    expect_equal(status_of(place, admin_of(program))["sessions"], 50)
    return "50 of 200"


@table.row("maxConnections: requests that are plain, malformed or unknown take no place")
def _(place):
    program = place.own_server(pools=bounded(1))
    for _ in range(20):
        expect_equal(place.wire(program).ask(wire.get(program)).status, 200)
        expect_equal(place.wire(program).ask(wire.upgrade(program, "/nowhere")).status, 404)
        bad = wire.upgrade(program, drop=["Sec-WebSocket-Key"])
        expect_equal(place.wire(program).ask(bad).status, 400)
        foreign = wire.upgrade(program, add=[("Origin", "https://evil.example")])
        expect_equal(place.wire(program).ask(foreign).status, 403)
    place.client(program).echoes()
    is_refused(place, program)
    return "1, then 503"


@table.row("maxConnections: of one gear is none of another's")
def _(place):
    program = place.own_server(pools=bounded(0))
    is_refused(place, program)
    answer = place.wire(program).ask(wire.upgrade(program, "/chat/rooms/tea"))
    expect_equal(answer.status, 101)
    return "503, 101"


@table.row("a pool of a gear that is unknown, or not listed, is refused with its place")
def _(place):
    path, said = refused_configuration(place, '{\n  "pools": { "gear:ehco": {} }\n}\n')
    line = next((line for line in said if line.startswith(f"{path}:2:14: ")), None)
    expect(line and "gear:ehco" in line and 'did you mean "gear:echo"' in line, f"{said}")
    path, said = refused_configuration(place, """{
  "gears": { "chat": {} },
  "pools": {
    "gear:echo": { "maxConnections": 5 },
    "tenant:acme": { "gears": ["chat", "caht"] }
  }
}
""")
    listed = next((line for line in said if line.startswith(f"{path}:4:5: ")), None)
    expect(listed and "not listed" in listed and "chat" in listed, f"{said}")
    unknown = next((line for line in said if line.startswith(f"{path}:5:40: ")), None)
    expect(unknown and 'did you mean "chat"' in unknown, f"{said}")
    return "exit 2"


@table.row("maxSessionsPerIp: one more from the same address, and from another")
def _(place):
    program = place.own_server({"maxSessionsPerIp": 3})
    crowd = [Neighbour(program) for _ in range(4)]
    try:
        for client in crowd[:3]:
            client.open()
        answer = crowd[3].ask(wire.upgrade(program))
        expect_equal(answer.status, 503)
        expect(int(answer.header("retry-after")) >= 1, answer.headers)
        place.client(program).echoes("from elsewhere")
        leaves(crowd[0])
        gets_a_place(lambda: crowd.append(Neighbour(program)) or crowd[-1])
        for client in (crowd[1], crowd[2]):
            client.echoes()
    finally:
        for client in crowd:
            client.drop()
    return "3, then 503"


@table.row("connections without a session: accepting pauses, sessions notice nothing")
def _(place):
    # 270 descriptors, less the reserve: 200 connections, of which 20 may be without a session.
    program = place.own_server(limit=["/usr/bin/prlimit", "--nofile=270:270"],
                               server={"threads": 1}, websocket={"handshakeTimeout": 2000})
    settled = [place.client(program) for _ in range(10)]
    for client in settled:
        client.echoes()
    before = program.open_descriptors()
    crowd = [place.wire(program) for _ in range(150)]
    for client in crowd:
        client.send(b"G")
    busy, most = program.cpu_seconds(), 0
    for number in range(10):
        for client in settled:
            client.echoes(str(number))
        most = max(most, program.open_descriptors() - before)
        wire.pace(0.1)
    busy = program.cpu_seconds() - busy
    expect(10 <= most <= 60, f"{most} connections without a session at once")
    expect(busy < 0.5, f"{busy:.2f} s of CPU in a second of waiting")
    for client in crowd:
        client.drop()
    place.client(program).echoes("after the crowd has gone")
    expect(program.log.wait_for(lambda line: "accepting goes on" in line), program.log.lines)
    told = [line for line in program.log.lines if "accepting pauses" in line]
    expect(told and all("without a session" in line for line in told), program.log.lines)
    return f"{most} of 150 at once"


def pauses_of(place, program, limit, cause, sessions=0):
    """Lets newcomers wait for descriptors; answers the line that the log has about it."""
    admin = admin_of(program)
    full = [place.client(program) for _ in range(sessions)]
    waiting = [wire.Wire(program) for _ in range(limit)]
    for client in waiting:
        client.send(b"G")
    line = program.log.wait_for(lambda text: "accepting pauses" in text)
    expect(line and f"descriptors={limit}" in line and "orrery doctor" in line, program.log.lines)
    wire.pace(1.5)
    expect_equal(program.log.count(lambda text: "accepting pauses" in text), 1, "lines")
    if sessions > 0:  # the reserve leaves the admin listener its own descriptors
        expect_equal(metrics_of(place, admin)["orrery_accepting_paused"], 1)
    for client in [*full, *waiting]:
        client.drop()
    expect(program.log.wait_for(lambda text: "accepting goes on" in text), program.log.lines)
    seen = metrics_of(place, admin)
    expect_equal(seen["orrery_accepting_paused"], 0)
    expect(seen[f'orrery_accept_pauses_total{{cause="{cause}"}}'] >= 1, seen)
    return line


@table.row("out of descriptors: told once, counted, and told when accepting goes on")
def _(place):
    program = place.own_server(limit=["/usr/bin/prlimit", "--nofile=152:152"],
                               server={"threads": 2}, websocket={"handshakeTimeout": 30_000})
    few = program.log.wait_for(lambda line: "fewer sessions fit" in line)
    expect(few and " fit=76 " in few and "maxConnections" in few, program.log.lines)
    line = pauses_of(place, program, 152, "connections", sessions=76)
    expect("no descriptors left for more connections connections=76" in line, line)
    return line.split("accepting ")[1]


@table.row("hardly any descriptors: told once, too, with errno")
def _(place):
    program = place.own_server(limit=["/usr/bin/prlimit", "--nofile=24:24"],
                               server={"threads": 2}, websocket={"handshakeTimeout": 30_000})
    line = pauses_of(place, program, 24, "descriptors")
    expect("errno=24" in line, line)
    return line.split("accepting ")[1]


def heard_of_flood(place, overflow, count=400):
    """A client that sends `count` messages, reads none, and then reads all that is left."""
    program = place.own_server({"maxQueuedBytes": "256KiB", "overflow": overflow})
    client = place.client(program, receive_bytes=CHUNK)
    sent = flood(client, count)
    client.socket.settimeout(10)
    return program, client, sent


@table.row("overflow drop_oldest: whole messages are missing, the newest one never",
           over=["tcp", "tls"])
def _(place):
    program, client, sent = heard_of_flood(place, "drop_oldest")
    expect_equal(sent, 400, "messages that the server took")
    client.send(frames.ping("end"))
    heard = []
    while (got := client.frame()).opcode == frames.BINARY:
        number = int(got.payload[:8])
        expect(got.payload == numbered(number), f"message {number} is broken")
        heard.append(number)
    while got.opcode != frames.PONG:
        got = client.frame()
    expect(heard == sorted(set(heard)), "order")
    expect(len(heard) < 400, "nothing was dropped: the client was not slow enough")
    rest = []
    while not rest or rest[-1] != "text end":
        if not rest:
            client.says("end")
        got = client.frame()
        rest.append(got.line() if got.opcode == frames.TEXT else int(got.payload[:8]))
    newest = [each for each in [*heard, *rest] if isinstance(each, int)]
    expect_equal(newest[-1], 399, "the newest message")
    client.echoes("as if nothing had happened")
    return f"{len(newest)} of 400, the newest among them"


@table.row("overflow latest_per_key: what has no key closes, as `close` does")
def _(place):
    program, client, _ = heard_of_flood(place, "latest_per_key", 2000)
    expect_equal(program.closed_session(client)["cause"], "slow_consumer")
    return "slow_consumer"


@table.row("maxFragments: one more than allowed")
def _(place):
    client = place.client(place.server({"maxFragments": 4}))
    client.send(frames.fragments(frames.TEXT, b"abcd", 1))
    client.hears("text abcd")
    client.send(frames.fragments(frames.TEXT, b"abcde", 1))
    client.is_closed_with(1009)
    expect_equal(client.program.closed_session(client)["cause"], "too_big")
    return 1009


@table.row("every key of pools, drain and admin acts: the log names none of them")
def _(place):
    tree = {"pools": {**bounded(5, workers=1, workerQueue=2, maxMemory="1MiB"),
                      "tenant:acme": {"gears": ["echo"], "maxConnections": 3}},
            "drain": {"delay": 0, "spread": 0, "reconnectSpread": 1, "deadline": 1000}}
    websocket = {"mailboxCount": 5, "mailboxBytes": 5000, "mailboxOverflow": "close",
                 "maxSessionsPerIp": 5, "admissionTimeout": 1000, "maxFragments": 100,
                 "overflow": "latest_per_key"}
    program = place.own_server(websocket, **tree)
    place.client(program).echoes()
    expect_equal(program.stop(), 0, "exit status")
    named = [line for line in program.log.lines if "do not act" in line]
    expect_equal(named, [], json.dumps(tree))
    return "all act"
