"""`orrery serve` as an operator meets it: what it prints, refuses, and how it stops."""
import json
import os
import re
import signal
import socket
import time

import frames
import server
import wire
from rows import Table, expect, expect_between, expect_equal

table = Table("serving", over=("",))
KUZZLE = """{
  "server": {
    // The listening port for HTTP and WebSocket
    "port": 0,
    "protocols": {
      "websocket": {
        "enabled": true,
        /* milliseconds */
        "idleTimeout": 0,
        "heartbeat": 60000,
        "compression": false,
        "rateLimit": 0,
        "realtimeNotifications": true,
        "sendPingsAutomatically": false,
        "resetIdleTimeoutOnSend": false,
      }
    }
  }
}
"""


def refused_configuration(place, text):
    """Starts with this file; it must exit 2. Answers the path and what was said on stderr."""
    path = os.path.join(place.world.folder, f"refused-{server.next_number()}.json")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    program = server.Program([server.BINARY, "serve", "--config", path], ready=False)
    expect_equal(program.wait(), 2, "exit status")
    expect_equal(program.out.lines, [], "stdout")
    return path, program.log.lines


@table.row("prints `listening URL` with the real port")
def _(place):
    program = place.own_server()
    expect(re.fullmatch(r"http://127\.0\.0\.1:\d+", program.url), program.url)
    expect(program.port != 0, program.url)
    place.client(program).echoes()
    return "http://127.0.0.1:PORT"


@table.row("prints https:// where it speaks TLS", over=["tls"])
def _(place):
    program = place.own_server()
    expect(re.fullmatch(r"https://127\.0\.0\.1:\d+", program.url), program.url)
    return "https://127.0.0.1:PORT"


@table.row("0.0.0.0 is shown as 127.0.0.1")
def _(place):
    program = place.own_server(server={"address": "0.0.0.0"})
    expect(re.fullmatch(r"http://127\.0\.0\.1:\d+", program.url), program.url)
    bound = f"listening=0.0.0.0:{program.port} "
    expect(program.log.wait_for(lambda line: "START" in line and bound in line), program.log.lines)
    return "http://127.0.0.1:PORT"


@table.row("listens on a unix socket, and removes it at the end")
def _(place):
    path = os.path.join(place.world.folder, f"{server.next_number()}.sock")
    program = place.own_server(server={"address": f"unix:{path}"})
    expect_equal(program.url, f"unix:{path}")
    client = place.client(program)
    client.echoes()
    client.closes()
    expect_equal(program.stop(), 0, "exit status")
    expect(not os.path.exists(path), "the socket is still there")
    return "unix:PATH"


@table.row("listens on several addresses")
def _(place):
    path = os.path.join(place.world.folder, f"{server.next_number()}.sock")
    program = place.own_server(server={"address": ["127.0.0.1", f"unix:{path}"]})
    expect(program.out.wait_for(lambda line: line == f"listening unix:{path}"), program.out.lines)
    place.client(program).echoes()
    return "2 listeners"


@table.row("the block of Kuzzle's configuration page is accepted, comments and commas included")
def _(place):
    path = os.path.join(place.world.folder, "kuzzlerc.json")
    with open(path, "w", encoding="utf-8") as file:
        file.write(KUZZLE)
    with server.Program([server.BINARY, "serve", "--config", path, "--set", "admin.port=0",
                         "--set", "drain.spread=0"]) as it:
        place.client(it).echoes()
        expect_equal(it.stop(), 0, "exit status")
    return "accepted"


@table.row("the environment and --set override the file, in this order")
def _(place):
    path = os.path.join(place.world.folder, f"order-{server.next_number()}.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(server.configuration({"maxMessageSize": 10}), file)
    name = "ORRERY_SERVER__PROTOCOLS__WEBSOCKET__MAXMESSAGESIZE"
    command = [server.BINARY, "serve", "--config", path, "--set", "admin.port=0"]
    with server.Program(command, {name: "20"}) as it:
        client = place.client(it)
        client.echoes("x" * 20)
        client.send(frames.head(frames.TEXT, 21))
        client.is_closed_with(1009)
    overridden = [*command, "--set", "server.protocols.websocket.maxMessageSize=30"]
    with server.Program(overridden, {name: "20"}) as it:
        place.client(it).echoes("x" * 30)
    return "10 < 20 < 30"


@table.row("an unknown key is refused with its place and the nearest key")
def _(place):
    path, said = refused_configuration(place, '{\n  "server": {\n    "prot": 1\n  }\n}\n')
    line = next((line for line in said if line.startswith(f"{path}:3:5: ")), None)
    expect(line is not None, f"no line {path}:3:5 in {said}")
    expect("server.prot" in line and '"port"' in line, line)
    return "exit 2"


@table.row("all errors of a file are told at once")
def _(place):
    path, said = refused_configuration(place, """{
  "server": {
    "port": "eighty",
    "threads": -1,
    "protocols": { "websocket": { "idleTimeout": 999, "compresion": true } }
  }
}
""")
    places = [line for line in said if re.match(re.escape(path) + r":\d+:\d+: ", line)]
    expect(len(places) >= 4, f"{said}")
    for word in ("server.port", "server.threads", "idleTimeout", "compresion"):
        expect(any(word in line for line in places), f"{word} is not in {said}")
    return f"exit 2, {len(places)} lines"


@table.row("a file that is no JSON is refused with its place")
def _(place):
    path, said = refused_configuration(place, '{\n  "server": {\n    "port": 1 "x"\n  }\n}\n')
    told = [line for line in said if line.startswith(f"{path}:3:")]
    expect(len(told) == 1 and told[0].endswith("a comma is probably missing before it"), f"{said}")
    return "exit 2"


@table.row("\"unknownKeys\": \"warn\" relaxes it")
def _(place):
    program = place.own_server(unknownKeys="warn", nobodyKnows=1)
    place.client(program).echoes()
    expect(program.log.wait_for(lambda line: "nobodyKnows" in line), "no warning in the log")
    return "warned"


@table.row("a key that does not act yet is accepted, and the log names it")
def _(place):
    program = place.own_server(cluster={"leaseTime": 20000})
    expect(program.log.wait_for(lambda line: "cluster.leaseTime" in line), "not in the log")
    return "named"


@table.row("a missing configuration file is refused")
def _(place):
    missing = os.path.join(place.world.folder, "missing.json")
    program = server.Program([server.BINARY, "serve", "--config", missing], ready=False)
    expect_equal(program.wait(), 2, "exit status")
    expect(any("missing.json" in line for line in program.log.lines), program.log.lines)
    return "exit 2"


@table.row("a port that is taken is an error that says what to do")
def _(place):
    holder = place.own_server()
    program = server.serve(place.world.folder,
                           server.configuration(server={"port": holder.port}), ready=False)
    expect_equal(program.wait(), 1, "exit status")
    expect(any(str(holder.port) in line and "in use" in line for line in program.log.lines),
           program.log.lines)
    place.client(holder).echoes()
    return "exit 1"


@table.row("a port held by another program is never shared")
def _(place):
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        program = server.serve(place.world.folder, server.configuration(server={"port": port}),
                               ready=False)
        expect_equal(program.wait(), 1, "exit status")
    return "exit 1"


@table.row("a certificate that is missing is refused")
def _(place):
    tls = {"certificate": "/nowhere/certificate.pem", "key": "/nowhere/key.pem"}
    program = server.serve(place.world.folder, server.configuration(server={"tls": tls}),
                           ready=False)
    expect_equal(program.wait(), 2, "exit status")
    expect(any("/nowhere/certificate.pem" in line for line in program.log.lines),
           program.log.lines)
    return f"exit {program.process.returncode}"


@table.row("websocket.enabled false: no WebSocket routes, plain HTTP stays")
def _(place):
    program = place.own_server({"enabled": False})
    expect_equal(place.wire(program).ask(wire.upgrade(program)).status, 404)
    expect_equal(place.wire(program).ask(wire.get(program)).status, 200)
    return 404


@table.row("http.enabled false: plain requests get 426, WebSocket stays")
def _(place):
    tree = {"http": {"enabled": False}}
    program = place.own_server(server={"protocols": tree})
    expect_equal(place.wire(program).ask(wire.get(program)).status, 426)
    place.client(program).echoes()
    return 426


@table.row("both disabled is refused")
def _(place):
    _, said = refused_configuration(place, json.dumps(server.configuration(server={
        "protocols": {"http": {"enabled": False}, "websocket": {"enabled": False}}})))
    expect(any("enabled" in line for line in said), f"{said}")
    return "exit 2"


@table.row("gears run where the file mounts them")
def _(place):
    program = place.own_server(gears={"echo": {"mount": "/deep/mirror"}})
    place.client(program, "/deep/mirror").echoes()
    expect_equal(place.wire(program).ask(wire.upgrade(program, "/echo")).status, 404)
    expect_equal(place.wire(program).ask(wire.upgrade(program, "/chat/rooms/tea")).status, 404)
    return "/deep/mirror"


def told_goodbye(place, number, count=20):
    """Open sessions hear 1001, answer, and the server exits 0."""
    program = place.own_server(drain={"spread": 0})
    crowd = [place.client(program) for _ in range(count)]
    for client in crowd:
        client.echoes()
    start = time.monotonic()
    program.signal(number)
    for client in crowd:
        client.is_closed_with(1001)
    expect_equal(program.wait(), 0, "exit status")
    closed = program.log.count(lambda line: "session closed " in line and "cause=drain" in line)
    expect_equal(closed, count, "sessions closed with cause=drain in the log")
    return f"1001, exit 0 after {time.monotonic() - start:.1f} s"


@table.row("SIGTERM: open sessions hear 1001, exit 0", over=["tcp", "tls"])
def _(place):
    return told_goodbye(place, signal.SIGTERM)


@table.row("SIGINT: open sessions hear 1001, exit 0", over=["tcp", "tls"])
def _(place):
    return told_goodbye(place, signal.SIGINT)


@table.row("SIGTERM: a client that never answers does not hold the server", over=["tcp", "tls"])
def _(place):
    program = place.own_server({"closeTimeout": 1000}, drain={"spread": 0, "deadline": 5000})
    deaf, unread = place.client(program), place.client(program, receive_bytes=4096)
    unread.socket.settimeout(0.5)
    try:
        for _ in range(64):
            unread.socket.sendall(frames.binary(b"x" * 65536))
    except OSError:
        pass
    start = time.monotonic()
    program.signal(signal.SIGTERM)
    deaf.hears("close 1001")
    expect_equal(program.wait(15), 0, "exit status")
    expect_between(time.monotonic() - start, 0, 7, "exit")
    return "exit 0"


@table.row("SIGTERM without a session: exit 0 at once", over=["tcp", "tls"])
def _(place):
    program = place.own_server()
    idle = place.wire(program)
    expect_equal(idle.ask(wire.get(program)).status, 200)
    start = time.monotonic()
    expect_equal(program.stop(), 0, "exit status")
    expect_between(time.monotonic() - start, 0, 3, "exit")
    return "exit 0"


@table.row("a second signal exits at once")
def _(place):
    program = place.own_server({"closeTimeout": 60_000})
    client = place.client(program)
    client.echoes()
    program.signal(signal.SIGTERM)
    client.patience = 15
    client.hears("close 1001")
    start = time.monotonic()
    program.signal(signal.SIGTERM)
    program.wait()
    expect_between(time.monotonic() - start, 0, 2, "exit")
    return f"exit {program.process.returncode}"


@table.row("one line per closed session, with everything an operator needs", over=["tcp", "tls"])
def _(place):
    program = place.own_server()
    client = place.client(program)
    for number in range(5):
        client.echoes(f"message {number}")
    client.closes(4001, "bye")
    fields = program.closed_session(client)
    expect_equal(fields["cause"], "client")
    expect_equal(fields["code"], "4001")
    expect_equal(fields["reason"], "bye")
    expect(re.fullmatch(r"\d+\.\d+\.\d+", fields["session"]), f"{fields}")
    expect_equal(fields["gear"], "echo")
    expect_equal(fields["route"], "/echo")
    expect_equal((fields["messages_in"], fields["messages_out"]), ("5", "5"))
    expect(int(fields["bytes_in"]) >= 45 and int(fields["bytes_out"]) >= 45, f"{fields}")
    expect(float(fields["seconds"]) < 10, f"{fields}")
    return "client 4001 bye"


def cause(name, words, action):
    """How a session ended, in the log's words."""

    def story(place):
        client = place.client(place.server())
        program = client.program
        action(client)
        client.drop()
        expect_equal(program.closed_session(client)["cause"], words)
        return words

    table.add(f"cause in the log: {name}", story, over=["tcp", "tls"])


cause("an empty close", "client_without_code", lambda client: client.send(frames.close()))
cause("a reset", "transport", wire.Wire.reset)
cause("an end without a close", "transport",
      lambda client: client.socket.shutdown(socket.SHUT_RDWR))
cause("an unknown opcode", "protocol_error", lambda client: client.send(frames.head(3, 0)))
cause("text that is not UTF-8", "bad_text", lambda client: client.send(frames.text(b"\xff")))
cause("a message too big", "too_big",
      lambda client: client.send(frames.head(frames.TEXT, 1 << 30)))


@table.row("the log has a line for START, STOP and every refused handshake")
def _(place):
    program = place.own_server()
    place.wire(program).ask(wire.upgrade(program, "/nothing-here"))
    expect(program.log.wait_for(lambda line: "refused" in line and "404" in line),
           "no line for the refused handshake")
    expect_equal(program.stop(), 0, "exit status")
    expect(any("START" in line.upper() for line in program.log.lines), program.log.lines)
    expect(any("STOP" in line.upper() for line in program.log.lines), program.log.lines)
    expect("drained told=0 cut=0" in program.log.lines[-1], program.log.lines)
    return "3 lines"


@table.row("--help fits a screen and tells the exit statuses")
def _(place):
    program = server.Program([server.BINARY, "--help"], ready=False)
    expect_equal(program.wait(), 0, "exit status")
    said = program.out.lines
    expect(len(said) <= 40 and max(map(len, said)) <= 100, f"{len(said)} lines")
    expect(any("serve" in line for line in said), f"{said}")
    expect(any("exit" in line.lower() for line in said), "no exit statuses")
    return f"{len(said)} lines"


@table.row("--version says what version says")
def _(_place):
    said = []
    for word in ("version", "--version"):
        program = server.Program([server.BINARY, word], ready=False)
        expect_equal(program.wait(), 0, word)
        said.append(program.out.lines)
    expect_equal(said[1], said[0])
    return said[1][0]


@table.row("an unknown command is refused")
def _(place):
    program = server.Program([server.BINARY, "sevre"], ready=False)
    expect_equal(program.wait(), 2, "exit status")
    expect(program.log.lines, "a word on stderr")
    return "exit 2"
