"""What the keys under `server` do, but those of WebSocket sessions."""
import os
import re
import signal
import socket
import ssl
import subprocess

import frames
import server
import wire
from admin_table import admin_of, status_of
from keys_rows import answer_or_nothing, configured, key, next_of, orrery, refused, story, told_by
from machine_table import io_uring_is_forbidden
from place import make_certificate, trusting
from reload_table import shown_name
from rows import expect, expect_equal

HTTP = "server.protocols.http."
SESSIONS = "server.protocols.websocket."


def status(place, program, request):
    return place.wire(program).ask(request).status


@story("$schema")
def _(place):
    run = [server.BINARY, "config", "check", "--config"]
    said = []
    for word in ("$schema", "$shema"):
        path = os.path.join(place.world.folder, f"{word}.json")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f'{{"{word}": "schema.json"}}')
        said.append(subprocess.run([*run, path], capture_output=True, check=False,
                                   timeout=server.PATIENCE).returncode)
    expect_equal(said, [0, 2], "exit statuses of config check")
    return "read by editors only: accepted, where any other unknown key is refused with 2"


@story("unknownKeys")
def _(place):
    said = refused(place, {"nobodyKnows": 1}, "nobodyKnows")
    program = orrery(place, configured({"nobodyKnows": 1, "unknownKeys": "warn"}))
    expect(program.log.wait_for(lambda line: "nobodyKnows" in line), "no warning in the log")
    return f'an unknown key: {said} by default; serves and warns with "warn"'


@story("server.port")
def _(place):
    holder = orrery(place, configured({}))
    expect(holder.port != 0, holder.url)
    said = refused(place, {"server.port": holder.port}, f":{holder.port}")
    return f"0: a free port, printed; {said} with the port of another server"


@key("server.address", "127.0.0.2", ("http://127.0.0.1", "http://127.0.0.2"))
def _(_place, program):
    return program.url.rpartition(":")[0]


@key("server.threads", 3, (1, 3), instead_of=1)
def _(place, program):
    return status_of(place, admin_of(program))["loops"]


@story("server.io")
def _(place):
    expect_equal(waits_with(place, "epoll"), ("epoll", 0), "what it is called, and its rings")
    if io_uring_is_forbidden():
        said = refused(place, {"server.io": "io_uring"}, "server.io: io_uring is not to be had")
        return f"0 rings with epoll; NOT TESTED: io_uring is forbidden here, {said}"
    name, rings = waits_with(place, "auto")
    wanted = ("epoll", 0) if filtered() else ("epoll+io_uring", 1)
    expect_equal((name, rings), wanted, "what auto comes to, and its rings")
    name, rings = waits_with(place, "io_uring")
    expect(name == "io_uring" and rings > 1, f"{rings} rings with io_uring: {name}")
    return "no ring of the kernel with epoll; auto may have one to send with; more with io_uring"


def filtered():
    """Whether a filter of system calls stands over us, and over what we start."""
    with open("/proc/self/status", encoding="ascii") as status_file:
        return re.search(r"^Seccomp:\s+0$", status_file.read(), re.MULTILINE) is None


def waits_with(place, io):
    """What the START line calls it, and how many io_urings there are after a fan-out."""
    with orrery(place, configured({"server.io": io, "server.threads": 1})) as program:
        members = [place.client(program, "/echo/groups/rings") for _ in range(3)]
        members[0].says("to many")
        for member in members[1:]:
            member.hears(frames.line("text", "to many"))
        expect(program.log.wait_for(lambda line: "START" in line), program.log.lines)
        start = next(line for line in program.log.lines if "START" in line)
        folder = f"/proc/{program.pid}/fd"
        links = [os.readlink(os.path.join(folder, each)) for each in os.listdir(folder)]
        return re.search(r" io=(\S+)", start)[1], links.count("anon_inode:[io_uring]")


@key("server.maxRequestSize", 1000, (405, 413))
def _(place, program):
    client = place.wire(program)
    client.send(wire.request("POST", "/", [("Host", "h"), ("Content-Length", "1001")]))
    client.offer(b"x" * 1001)
    return client.response().status


@key("server.maxHeadBytes", 512, (200, 431),
     names=[HTTP + "maxHeadBytes", SESSIONS + "maxHeadBytes"])
def _(place, program):
    return status(place, program, wire.get(program, "/", ("X-Padding", "x" * 512)))


@key("server.httpIdleTimeout", 200, ("nothing", "the end"),
     names=[HTTP + "httpIdleTimeout", SESSIONS + "httpIdleTimeout"])
def _(place, program):
    client = place.wire(program)
    expect_equal(client.ask(wire.get(program)).status, 200)
    return answer_or_nothing(client)


@key("server.bodyTimeout", 200, ("nothing", 408),
     names=[HTTP + "bodyTimeout", SESSIONS + "bodyTimeout"])
def _(place, program):
    client = place.wire(program)
    client.send(wire.get(program, "/", ("Content-Length", "5")) + b"half")
    return answer_or_nothing(client)


@key("server.protocols.http.enabled", False, (200, 426))
def _(place, program):
    return status(place, program, wire.get(program))


@key("server.trustedProxies", ["127.0.0.0/8"], ("the socket's", "198.51.100.7"))
def _(place, program):
    client = place.client(program, headers=[("X-Forwarded-For", "198.51.100.7")])
    client.closes()
    line = program.log.wait_for(lambda text: "session closed" in text)
    remote = re.search(r"remote=([\d.]+)", line)[1]
    return "the socket's" if remote == client.source else remote


@key("server.proxyProtocol", "v1v2", (400, 200), beside={"server.trustedProxies": ["127.0.0.0/8"]})
def _(place, program):
    line = b"PROXY TCP4 203.0.113.7 192.0.2.1 4711 443\r\n"
    return place.wire(program, before=[line]).ask(wire.get(program)).status


told_by("proxy tcp: half a header ends in proxyTimeout, a later byte does not lengthen it",
        "server.proxyTimeout")


# TLS.
def pair(place, name):
    """A certificate of its own, as the two keys of a listener."""
    paths = [os.path.join(place.world.folder, f"keys-{name}-{server.next_number()}.{end}")
             for end in ("pem", "key")]
    make_certificate(*paths, name)
    return {"server.tls.certificate": paths[0], "server.tls.key": paths[1]}


def tls_server(place, keys):
    program = orrery(place, configured(keys))
    program.tls = trusting(keys["server.tls.certificate"])
    return program


@story("server.tls.certificate")
def _(place):
    plain = orrery(place, configured({}))
    program = tls_server(place, pair(place, "by-this-name"))
    expect_equal((plain.url[:7], program.url[:8]), ("http://", "https://"))
    expect_equal(shown_name(program), "by-this-name")
    place.client(program).echoes()
    return "http:// by default; https:// and the certificate of that name with one"


@story("server.tls.key")
def _(place):
    one, other = pair(place, "one"), pair(place, "other")
    tls_server(place, one)
    said = refused(place, {**one, "server.tls.key": other["server.tls.key"]},
                   other["server.tls.key"])
    alone = refused(place, {"server.tls.certificate": one["server.tls.certificate"]},
                    "server.tls.key")
    return f"serves with the certificate's; {said} with another's; {alone} without"


def handshake(program, context):
    """What the server makes of this TLS client: "welcome", or "refused"."""
    try:
        with socket.create_connection(("127.0.0.1", program.port), server.PATIENCE) as raw, \
                context.wrap_socket(raw, server_hostname="localhost") as client:
            client.sendall(wire.get(program))
            return "welcome" if client.recv(100).startswith(b"HTTP/1.1 200") else "refused"
    except (ssl.SSLError, ConnectionError):
        return "refused"


@story("server.tls.minVersion")
def _(place):
    keys, seen = pair(place, "version"), []
    for more in ({}, {"server.tls.minVersion": "1.3"}):
        program = tls_server(place, {**keys, **more})
        program.tls.maximum_version = ssl.TLSVersion.TLSv1_2
        seen.append(handshake(program, program.tls))
        expect_equal(handshake(program, trusting(keys["server.tls.certificate"])), "welcome",
                     "a client with TLS 1.3")
    expect_equal(seen, ["welcome", "refused"], "a client with TLS 1.2")
    return 'a client with TLS 1.2: welcome by default; refused with "1.3"'


@story("server.tls.clientCa")
def _(place):
    keys, own, seen = pair(place, "server"), pair(place, "client"), []
    for more in ({}, {"server.tls.clientCa": own["server.tls.certificate"]}):
        program = tls_server(place, {**keys, **more})
        seen.append(handshake(program, program.tls))
    expect_equal(seen, ["welcome", "refused"], "a client without a certificate")
    program.tls.load_cert_chain(own["server.tls.certificate"], own["server.tls.key"])
    expect_equal(handshake(program, program.tls), "welcome", "a client with one")
    return "a client without a certificate: welcome by default; refused with an authority"


# What is about the time before a session.
@key(SESSIONS + "enabled", False, (101, 404))
def _(place, program):
    return status(place, program, wire.upgrade(program))


@key(SESSIONS + "handshakeTimeout", 200, ("nothing", 408))
def _(place, program):
    client = place.wire(program)
    client.send(wire.upgrade(program)[:30])
    return answer_or_nothing(client)


@key(SESSIONS + "origins", ["https://app.example"], (403, 101))
def _(place, program):
    return status(place, program, wire.upgrade(program, add=[("Origin", "https://app.example")]))


@key(SESSIONS + "closeTimeout", 200, ("nothing", "the end"), beside={"drain.spread": 0})
def _(place, program):
    client = place.client(program)
    program.signal(signal.SIGTERM)
    client.hears("close 1001")
    return next_of(client)
