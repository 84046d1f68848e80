"""Who runs: how each is started on its cores, waited for, and ended."""

import ctypes
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass, field

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BUILD = ROOT / "build" / "release"
ORRERY = BUILD / "orrery"
MODULES = HERE / "node_modules"
ALL = frozenset(("groups", "deflate", "tls", "loops"))
PATIENCE_SECONDS = 10
PR_SET_PDEATHSIG = 1
libc = ctypes.CDLL(None)


class Failed(Exception):
    """A contestant could not do what a case wants; the words say why."""


@dataclass(frozen=True)
class Contestant:
    name: str
    command: tuple
    abilities: frozenset = ALL
    port: int = 0              # 0: any free one
    compiled: bool = True      # a serious C++ contestant, as case half-rate has it
    version: tuple = ()        # (kind, package): see version_of()
    environment: dict = field(default_factory=dict, hash=False)
    needed: tuple = ()         # files without which it is not there

    def absent(self):
        """What is missing of it, or None."""
        for path in self.needed:
            if not os.path.exists(path):
                return f"{os.path.basename(path)} is not there: ./dev bench peers installs and " \
                       "builds it where its packages are"
        return None


    def path_of(self, case):
        return case.path


class Orrery(Contestant):
    """Ours: `orrery serve` as it ships."""

    def path_of(self, case):  # compression is a setting of it, and has no path of its own
        return "/echo" if case.ability == "deflate" else case.path

    def words(self, port, loops, certificates, deflate):
        values = {"server.address": "127.0.0.1", "server.port": port, "server.threads": loops,
                  "admin.port": 0, "pools.gear:echo.maxConnections": 20_000}
        if certificates:
            values["server.tls.certificate"], values["server.tls.key"] = certificates
            values["server.tls.minVersion"] = "1.3"
        if deflate:
            values["server.protocols.websocket.compression"] = "true"
        settings = [word for key, value in values.items() for word in ("--set", f"{key}={value}")]
        return [*self.command, *settings], {}


class Peer(Contestant):
    """Everybody else: the contract of README.md."""

    def words(self, port, loops, certificates, deflate):
        del deflate  # it has a path of its own
        environment = {"PORT": str(port), **self.environment}
        if loops > 1:
            environment["THREADS"] = str(loops)
        if certificates:
            environment["CERTIFICATE"], environment["KEY"] = map(str, certificates)
        return list(self.command), environment


def compiled_peer(name, abilities, package=None):
    program = BUILD / "benchmarks" / "peers" / f"{name}_echo"
    version = ("dpkg", package) if package else ("ours", "")
    return Peer(name, (str(program),), frozenset(abilities), version=version, needed=(program,))


def scripted_peer(name, program, abilities, needed, environment=None):
    return Peer(name, (program, str(HERE / f"{name}_echo.mjs")), frozenset(abilities),
                compiled=False, version=("npm", name), environment=environment or {},
                needed=needed)


OURS = Orrery("orrery", (str(ORRERY), "serve"), needed=(ORRERY,))
# What a peer cannot do, or only with a lot of code of ours, is left out of its abilities.
PEERS = (
    compiled_peer("beast", ALL, "libboost1.81-dev"),
    compiled_peer("libwebsockets", ("groups", "deflate", "tls"), "libwebsockets-dev"),
    compiled_peer("websocketpp", ("groups", "deflate", "loops"), "libwebsocketpp-dev"),
    scripted_peer("ws", "node", ("groups", "deflate", "tls"), (MODULES / "ws",),
                  {"NODE_ENV": "production"}),
    scripted_peer("bun", str(MODULES / ".bin" / "bun"), ALL, (MODULES / ".bin" / "bun",)),
    compiled_peer("floor", ()),
)


def earlier(text):
    """An `orrery` of another commit, as a contestant."""
    program = os.path.abspath(text)
    if not os.access(program, os.X_OK) or os.path.isdir(program):
        raise ValueError(f"{text} is no program that can be started; give an `orrery` that was "
                         "built before")
    return Orrery("before", (program, "serve"), needed=(program,))


def given_peer(text):
    """NAME=PATH:PORT as a contestant of which everything is asked."""
    name, _, place = text.partition("=")
    path, _, port = place.rpartition(":")
    taken = {OURS.name, "before", *(peer.name for peer in PEERS)}
    if not name or not path or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError(f"{text!r} is not NAME=PATH:PORT, such as uws=build/uws_echo:9001")
    if name in taken:
        raise ValueError(f"{name} is taken; give another name than {', '.join(sorted(taken))}")
    program = os.path.abspath(path)
    if not os.access(program, os.X_OK) or os.path.isdir(program):
        raise ValueError(f"{path} is no program that can be started")
    return Peer(name, (program,), port=int(port), needed=(program,))


def said_by(*words):
    return subprocess.run(words, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          check=True).stdout.strip()


def version_of(contestant):
    kind, package = contestant.version or ("", "")
    try:
        if kind == "ours":
            return "(no server: what sockets and framing cost alone)"
        if kind == "dpkg":
            return said_by("dpkg-query", "-W", "-f=${Version}", package)
        if kind == "npm":
            version = json.loads((MODULES / package / "package.json").read_text())["version"]
            on_node = contestant.command[0] == "node"
            return f"{version} on Node {said_by('node', '--version')}" if on_node else version
    except (OSError, subprocess.CalledProcessError, ValueError, KeyError):
        pass
    return ""


def make_certificates(folder):
    """(certificate, key) of 127.0.0.1, for two days; None if there is no openssl to make them."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    if not shutil.which("openssl"):
        return None
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return certificate, key


def usable_cores():
    return sorted(os.sched_getaffinity(0))


def cores_of_servers(loops):
    return usable_cores()[:loops]


def core_of_load(loops):
    """The first that no loop has; the last, if the loops have all."""
    cores = usable_cores()
    return cores[min(max(loops, 1), len(cores) - 1)]


def stays_on(cores, orphans_die=True):
    """What a child does before it becomes its program."""
    def prepare():
        os.sched_setaffinity(0, cores)
        if orphans_die:
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    return prepare


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


class Server:
    """A running contestant."""

    def __init__(self, contestant, loops=1, certificates=None, deflate=False):
        self.name, self.path_of = contestant.name, contestant.path_of
        self.port = contestant.port or free_port()
        if answers(self.port):
            raise Failed(f"somebody else listens on port {self.port}")
        words, environment = contestant.words(self.port, loops, certificates, deflate)
        self.said = tempfile.TemporaryFile()
        # SIGPIPE stays ignored, as it is in this process; Ctrl-C reaches only this process.
        self.process = subprocess.Popen(
            words, env={**os.environ, **environment}, stdin=subprocess.DEVNULL, stdout=self.said,
            stderr=self.said, restore_signals=False, start_new_session=True,
            preexec_fn=stays_on(cores_of_servers(loops)))
        try:
            self.wait_until_it_listens()
        except BaseException:
            self.stop()
            raise

    @property
    def pid(self):
        return self.process.pid

    def wait_until_it_listens(self):
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise Failed(f"ended with status {self.process.returncode} before it listened"
                             f"{self.last_words()}")
            if answers(self.port):
                return
            time.sleep(0.02)
        raise Failed(f"does not listen on port {self.port}{self.last_words()}")

    def last_words(self):
        self.said.seek(0)
        lines = self.said.read().decode(errors="replace").strip().splitlines()
        return f": {lines[-1].strip()}" if lines else ""

    def check_it_lives(self):
        if self.process.poll() is not None:
            raise Failed(f"ended with status {self.process.returncode}{self.last_words()}")

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(2)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.said.close()
