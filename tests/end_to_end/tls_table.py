"""TLS as clients meet it: names, client certificates, tickets, versions. `run.py tls`."""
import os
import socket
import ssl
import subprocess

import frames
import server
import wire
from admin_table import admin_of, metrics_of, orrery
from place import make_certificate
from rows import Table, expect, expect_equal

table = Table("tls", over=("tcp",))


def made(place, *names):
    """A self-signed certificate for these names: {"certificate": PATH, "key": PATH}."""
    stem = os.path.join(place.world.folder, f"tls-{server.next_number()}")
    pair = {"certificate": stem + ".pem", "key": stem + ".key"}
    openssl("req", "-x509", *EC, "-subj", f"/CN={names[0]}", "-addext",
            "subjectAltName=" + ",".join(f"DNS:{name}" for name in names),
            "-out", pair["certificate"], "-keyout", pair["key"])
    return pair


EC = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]


def openssl(*words):
    subprocess.run(["openssl", *words], check=True, capture_output=True, timeout=30)


class Authority:
    """A certificate authority, and what it signs for clients."""

    def __init__(self, place):
        stem = os.path.join(place.world.folder, f"authority-{server.next_number()}")
        self.certificate, self.key = stem + ".pem", stem + ".key"
        openssl("req", "-x509", *EC, "-subj", "/CN=authority", "-out", self.certificate,
                "-keyout", self.key)

    def client(self, name):
        stem = self.certificate + "-" + name
        openssl("req", "-x509", *EC, "-subj", f"/CN={name}", "-CA", self.certificate, "-CAkey",
                self.key, "-addext", "basicConstraints=critical,CA:FALSE", "-out", stem + ".pem",
                "-keyout", stem + ".key")
        return stem + ".pem", stem + ".key"


def believing():
    """A client that encrypts without asking with whom."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def connected(program, context, name="localhost", session=None):
    raw = socket.create_connection(("127.0.0.1", program.port), server.PATIENCE)
    try:
        return context.wrap_socket(raw, server_hostname=name, session=session)
    except Exception:
        raw.close()
        raise


def shown(program, name):
    """The certificate that a client sees who asks for this name, in PEM."""
    with connected(program, believing(), name) as client:
        return ssl.DER_cert_to_PEM_cert(client.getpeercert(binary_form=True))


def pem_of(pair):
    with open(pair["certificate"], encoding="ascii") as file:
        return file.read()


@table.row("the certificate is chosen by the name that the client asks for")
def _(place):
    first, wild, exact = (made(place, "localhost"), made(place, "*.example.test", "example.test"),
                          made(place, "a.example.test"))
    program = place.own_server(server={"tls": [first, wild, exact]})
    for name, pair in (("localhost", first), ("example.test", wild), ("b.example.test", wild),
                       ("a.example.test", exact), ("A.Example.TEST", exact)):
        expect_equal(shown(program, name), pem_of(pair), name)
    return "3 certificates"


@table.row("who asks for no name of ours sees the first certificate")
def _(place):
    first = made(place, "localhost")
    program = place.own_server(server={"tls": [first, made(place, "*.example.test")]})
    for name in (None, "nobody.test", "a.b.example.test", "127.0.0.1"):
        expect_equal(shown(program, name), pem_of(first), name)
    return "the first"


@table.row("/metrics and doctor know each certificate")
def _(place):
    pairs = [made(place, "localhost"), made(place, "other.test")]
    program = place.own_server(server={"tls": pairs, "address": ["127.0.0.1", "127.0.0.2:0"]})
    seen = metrics_of(place, admin_of(program))
    for pair in pairs:
        moment = seen[f'orrery_tls_not_after_seconds{{certificate="{pair["certificate"]}"}}']
        expect(1.7e9 < moment < 3e9, f"an expiry, and not twice of it: {moment}")
    path = program.process.args[program.process.args.index("--config") + 1]
    answer = orrery("doctor", "--config", path, "--set", "admin.port=0")
    for pair in pairs:
        expect(f"certificate {pair['certificate']}: is valid until" in answer.stdout, answer.stdout)
    return "2 certificates"


@table.row("what counts for all names is said once, with the first certificate")
def _(place):
    first, second = made(place, "localhost"), made(place, "other.test")
    for more in ({"minVersion": "1.3"}, {"clientCa": first["certificate"]}):
        program = server.serve(place.world.folder, server.configuration(
            server={"tls": [first, {**second, **more}]}), ready=False)
        expect_equal(program.wait(), 2, "exit status")
        key = f"server.tls[1].{next(iter(more))}"
        expect(any(key in line and "server.tls[0]" in line for line in program.log.lines),
               program.log.lines)
    return "exit 2"


def echoed(place, program, certificate=None):
    """Whether a client that shows this certificate gets a session."""
    program.tls = believing()
    if certificate:
        program.tls.load_cert_chain(*certificate)
    try:
        place.client(program).echoes()
    except (OSError, AssertionError):
        return False
    return True


@table.row("clientCa: no certificate and a stranger's are refused, the right one is let in")
def _(place):
    ours, theirs = Authority(place), Authority(place)
    program = place.own_server(server={"tls": {**made(place, "localhost"),
                                               "clientCa": ours.certificate}})
    expect(not echoed(place, program), "a client without a certificate got in")
    expect(not echoed(place, program, theirs.client("mallory")), "a stranger got in")
    expect(echoed(place, program, ours.client("alice")), "the right one did not get in")
    return "refused, refused, 101"


@table.row("clientCa counts for every name")
def _(place):
    ours = Authority(place)
    program = place.own_server(server={"tls": [
        {**made(place, "localhost"), "clientCa": ours.certificate}, made(place, "other.test")]})
    for certificate, answers in ((None, False), (ours.client("alice"), True)):
        context = believing()
        if certificate:
            context.load_cert_chain(*certificate)
        try:
            with connected(program, context, "other.test") as client:
                client.sendall(wire.get(program))
                seen = client.recv(12) == b"HTTP/1.1 200"
        except OSError:
            seen = False
        expect_equal(seen, answers, f"certificate {certificate}")
    return "refused, 200"


def visit(program, context, session=None):
    """One request on a connection of its own; answers whether it resumed, and the next ticket."""
    with connected(program, context, session=session) as client:
        client.sendall(wire.get(program, "/", ("Connection", "close")))
        while client.recv(1 << 16):
            pass
        return client.session_reused, client.session


def only(version):
    context = believing()
    context.minimum_version = context.maximum_version = version
    return context


VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)


@table.row("a returning client needs no full handshake, whatever loop it meets")
def _(place):
    program = place.own_server(server={"threads": 4, "tls": made(place, "localhost")})
    for version in VERSIONS:
        context = only(version)
        resumed, session = visit(program, context)
        expect_equal(resumed, False, "the first time")
        for number in range(8):
            resumed, session = visit(program, context, session)
            expect_equal(resumed, True, f"{version.name}, time {number + 2}")
    return "8 of 8"


@table.row("tickets are good on every listener, and after certificates were read again")
def _(place):
    pair = made(place, "localhost")
    program = place.own_server(server={"tls": pair, "address": ["127.0.0.1:0", "127.0.0.1:0"]})
    admin = admin_of(program)
    ports = [int(line.rsplit(":", 1)[1]) for line in program.out.lines if "listening" in line]
    expect_equal(len(set(ports)), 2, "listeners")
    for version in VERSIONS:
        context = only(version)
        program.port = ports[0]
        _, session = visit(program, context)
        make_certificate(pair["certificate"], pair["key"], "second")
        expect_equal(orrery("reload", "--set", f"admin.port={admin.port}").returncode, 0)
        for port in ports:
            program.port = port
            resumed, session = visit(program, context, session)
            expect_equal(resumed, True, f"{version.name}, port {port}")
    return "resumed"


@table.row("ALPN: http/1.1 is chosen, nothing else is spoken")
def _(place):
    program = place.own_server(server={"tls": made(place, "localhost")})
    for offered, chosen in ((["h2", "http/1.1"], "http/1.1"), ([], None)):
        context = believing()
        if offered:
            context.set_alpn_protocols(offered)
        with connected(program, context) as client:
            expect_equal(client.selected_alpn_protocol(), chosen, f"offered {offered}")
    context = believing()
    context.set_alpn_protocols(["h2"])
    try:
        connected(program, context).close()
    except ssl.SSLError as refused:
        expect("no application protocol" in str(refused), refused)
        return "http/1.1, nothing, refused"
    raise AssertionError("h2 alone was accepted")


@table.row("both have said goodbye: close_notify follows, and then the end")
def _(place):
    program = place.own_server(server={"tls": made(place, "localhost")})
    raw = socket.create_connection(("127.0.0.1", program.port), server.PATIENCE)
    with believing().wrap_socket(raw, server_hostname="localhost",
                                 suppress_ragged_eofs=False) as client:  # they raise
        client.sendall(wire.upgrade(program) + frames.close(1000))
        heard = b"".join(iter(lambda: client.recv(4096), b""))
    expect(heard.endswith(b"\x88\x02\x03\xe8"), heard)
    return "close 1000, close_notify"


@table.row("minVersion: 1.2 is spoken by default, and refused where 1.3 is wanted")
def _(place):
    pair = made(place, "localhost")
    for least, version, spoken in ((None, VERSIONS[0], True), (None, VERSIONS[1], True),
                                   ("1.3", VERSIONS[0], False), ("1.3", VERSIONS[1], True)):
        program = place.own_server(server={"tls": {**pair, **({"minVersion": least} if least
                                                              else {})}})
        try:
            with connected(program, only(version)) as client:
                seen = client.version() == version.name.replace("_", ".")
        except ssl.SSLError as refused:
            expect("PROTOCOL_VERSION" in str(refused), refused)
            seen = False
        expect_equal(seen, spoken, f"minVersion {least}, {version.name}")
    return "1.2, 1.3"
