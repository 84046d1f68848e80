"""Where a row happens: servers shared by configuration, certificates, clients that hang up."""
import json
import os
import shutil
import ssl
import subprocess
import tempfile
import threading

import planted
import server
import wire


class World:
    """Everything that rows share; lives for one run."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="orrery-e2e-")
        self.deaths = []  # of shared servers, while rows were using them
        self._servers = {}
        self._lock = threading.Lock()
        self._certificate_lock = threading.Lock()
        self._certificate = None

    def place(self, transport, title=""):
        return Place(self, transport, title)

    def shared(self, key, start):
        """The one program under this key, started when the first row asks for it."""
        with self._lock:
            slot = self._servers.setdefault(key, [threading.Lock(), None])
        with slot[0]:
            if slot[1] is not None and not slot[1].alive():
                self.deaths.append(f"{key}: died with {slot[1].wait()}, {slot[1].log.lines[-3:]}")
                slot[1] = None
            if slot[1] is None:
                slot[1] = start()
            return slot[1]

    def start(self, tree, transport, limit=()):
        if transport == "tls":
            certificate, key = self.certificate()
            tree = {**tree, "server": {**tree["server"],
                                       "tls": {"certificate": certificate, "key": key}}}
        program = server.serve(self.folder, tree, limit)
        if transport == "tls":
            program.tls = trusting(self.certificate()[0])
        return program

    def certificate(self):
        """A certificate for localhost, made for this run only."""
        with self._certificate_lock:
            if self._certificate is None:
                paths = [os.path.join(self.folder, name) for name in ("certificate.pem", "key.pem")]
                make_certificate(*paths)
                self._certificate = paths
            return self._certificate

    def stop_all(self):
        """Stops every shared server; answers the words of those that did not stop cleanly."""
        complaints = list(self.deaths)
        for key, (_, program) in self._servers.items():
            if program is None:
                continue
            try:
                status = program.stop(20)
            except AssertionError as error:
                status = str(error)
            if status != 0:
                complaints.append(f"{key}: {status}, {program.log.lines[-3:]}")
        shutil.rmtree(self.folder, ignore_errors=True)
        return complaints


class Place:
    """One row over one transport. Clients and servers that it opened are gone when it ends."""

    def __init__(self, world, transport, title=""):
        self.world = world
        self.transport = transport
        self.title = title  # of the row
        self._clients = []
        self._own = []
        self._last = None

    @property
    def tls(self):
        return self.transport == "tls"

    def server(self, websocket=None, **more):
        """The shared server with these keys under server.protocols.websocket."""
        tree = server.configuration(websocket, **more)
        return self.shared(json.dumps(tree, sort_keys=True),
                           lambda: self.world.start(tree, self.transport))

    def shared(self, key, start):
        """Any program that rows of one transport share."""
        self._last = self.world.shared(f"{self.transport} {key}", start)
        return self._last

    def own_server(self, websocket=None, limit=(), **more):
        """A server that no other row touches."""
        tree = server.configuration(websocket, **more)
        return self.own(self.world.start(tree, self.transport, limit))

    def own(self, program):
        """Takes a program along that ends with this row."""
        self._own.append(program)
        self._last = program
        return program

    def wire(self, program=None, **options):
        client = wire.Wire(program or self.server(), **options)
        self._clients.append(client)
        return client

    def client(self, program=None, path="/echo", headers=(), **options):
        """An open session. Like every client it shows secrets, which must not be in any log."""
        client = wire.Client(program or self.server(), **options)
        self._clients.append(client)
        client.open(planted.target(self.title, path),
                    [*planted.headers(self.title, headers), *headers])
        return client

    def trouble(self):
        """What a failed row may want to know: a server that died, and its last words."""
        if self._last is None or self._last.alive():
            return ""
        return f" (server exited {self._last.process.returncode}: {self._last.log.lines[-5:]})"

    def leave(self):
        for client in self._clients:
            client.drop()
        for program in self._own:
            program.kill()


def make_certificate(certificate, key, name="localhost"):
    """Files made by the openssl command: valid for this machine for two days, whatever its name."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-out", certificate,
                    "-keyout", key], check=True, capture_output=True, timeout=30)


def trusting(certificate):
    context = ssl.create_default_context(cafile=certificate)
    context.set_alpn_protocols(["http/1.1"])
    return context
