"""Programs under test: started with port 0, read on stdout and stderr, stopped by signal."""
import contextlib
import json
import os
import re
import signal
import subprocess
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BINARY = os.path.abspath(
    os.environ.get("ORRERY_BINARY", os.path.join(ROOT, "build", "release", "orrery")))
SETTINGS = os.environ.get("ORRERY_SET", "").split()  # KEY=VALUE ..., of every server of this run
PATIENCE = 10.0  # seconds that anything may take before it counts as broken
FIELD = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|\S*)')


class Lines:
    """What a program prints on one descriptor, collected by a thread."""

    def __init__(self, stream):
        self.lines = []
        self.ended = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._collect, args=(stream,), daemon=True)
        self._thread.start()

    def _collect(self, stream):
        for raw in stream:
            with self._changed:
                self.lines.append(raw.decode("utf-8", "replace").rstrip("\n"))
                self._changed.notify_all()
        with self._changed:
            self.ended = True
            self._changed.notify_all()

    def wait_for(self, wanted, seconds=PATIENCE):
        """The first line that `wanted` accepts, or None when there is none in time."""
        deadline = time.monotonic() + seconds
        seen = 0
        with self._changed:
            while True:
                for line in self.lines[seen:]:
                    if wanted(line):
                        return line
                seen = len(self.lines)
                left = deadline - time.monotonic()
                if self.ended or left <= 0:
                    return None
                self._changed.wait(left)

    def count(self, wanted):
        with self._changed:
            return sum(1 for line in self.lines if wanted(line))

    def join(self):
        self._thread.join(PATIENCE)


class Program:
    """One process. It must print `listening URL` on stdout before anyone may talk to it."""

    def __init__(self, arguments, environment=None, ready=True, passed=()):
        arguments = with_settings(arguments)
        if not os.access(command_of(arguments), os.X_OK):
            raise AssertionError(f"missing program: {command_of(arguments)}")
        self.process = subprocess.Popen(
            arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, **(environment or {})}, cwd=ROOT, pass_fds=passed)
        with _number_lock:
            _programs.append(self)
        self.name = f"{os.path.basename(command_of(arguments))} ({self.pid})"
        self.out = Lines(self.process.stdout)
        self.log = Lines(self.process.stderr)
        self.tls = None  # the client's TLS context, if this server speaks TLS
        self.url = self.host = self.port = None
        if ready:
            self._read_url()

    def _read_url(self):
        line = self.out.wait_for(lambda text: text.startswith("listening "))
        if line is None:
            self.kill()
            raise AssertionError("no `listening` line; stderr: " + " | ".join(self.log.lines[-3:]))
        self.url = line.split()[1]
        network = re.match(r"https?://(.+):(\d+)$", self.url)
        if network:
            self.host, self.port = network[1], int(network[2])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    @property
    def pid(self):
        return self.process.pid

    def alive(self):
        return self.process.poll() is None

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, seconds=PATIENCE):
        """The exit status; a program that does not end in time is killed and fails."""
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"did not exit within {seconds} s") from None
        self.out.join()
        self.log.join()
        return status

    def stop(self, seconds=PATIENCE):
        if self.alive():
            self.signal(signal.SIGTERM)
        return self.wait(seconds)

    def kill(self):
        if self.alive():
            self.process.kill()
            self.process.wait()

    def resident_bytes(self):
        return self.status_kib("VmRSS") * 1024

    def peak_bytes(self):
        return self.status_kib("VmHWM") * 1024

    def status_kib(self, key):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as status:
            for line in status:
                if line.startswith(key + ":"):
                    return int(line.split()[1])
        raise AssertionError(f"no {key} in /proc/PID/status")

    def forget_peak(self):
        """VmHWM starts again from the memory that is resident now."""
        with open(f"/proc/{self.pid}/clear_refs", "w", encoding="ascii") as refs:
            refs.write("5")

    def cpu_seconds(self):
        with open(f"/proc/{self.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def open_descriptors(self):
        """Of `orrery serve`: its signalfd is the last that it opens, behind `listening`."""
        deadline = time.monotonic() + PATIENCE
        while "anon_inode:[signalfd]" not in (kinds := self._descriptors()):
            if not self.alive() or time.monotonic() > deadline:
                raise AssertionError("it has ended, or never hears signals")
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(0.01)
        return len(kinds)

    def _descriptors(self):
        kinds = []
        for name in os.listdir(f"/proc/{self.pid}/fd"):
            with contextlib.suppress(OSError):  # closed meanwhile
                kinds.append(os.readlink(f"/proc/{self.pid}/fd/{name}"))
        return kinds

    def closed_session(self, client, seconds=PATIENCE):
        """The fields of the `session closed` line of this client."""
        remote = re.compile(rf"session closed .*remote={re.escape(client.source)}[: ]")
        line = self.log.wait_for(remote.search, seconds)
        if line is None:
            raise AssertionError(f"no `session closed` line for {client.source}")
        return {key: value.strip('"') for key, value in FIELD.findall(line)}


def with_settings(arguments):
    """Behind `orrery serve`, and before the settings of the row, which override them."""
    serves = [BINARY, "serve"]
    for place in range(1, len(arguments)):
        if arguments[place - 1:place + 1] == serves:
            return [*arguments[:place + 1], *(f"--set={each}" for each in SETTINGS),
                    *arguments[place + 1:]]
    return arguments


def command_of(arguments):
    """The program under test, behind a possible `prlimit --nofile=N`."""
    return next(word for word in arguments if word.startswith("/") and "prlimit" not in word)


def configuration(websocket=None, server=None, **blocks):
    """A configuration as `orrery serve` reads it; nothing in it is left to the machine."""
    tree = {"server": {"port": 0, "address": "127.0.0.1", **(server or {})}, **blocks}
    if websocket:
        tree["server"]["protocols"] = {"websocket": websocket}
    return tree


def serve(folder, tree, limit=(), ready=True):
    """Starts `orrery serve` with this configuration, written to a file of its own."""
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, f"orrery-{next_number()}.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(tree, file, indent=2)
    return Program([*limit, BINARY, "serve", "--config", path, "--set", "admin.port=0"],
                   ready=ready)


_numbers = iter(range(1, 10**9))
_number_lock = threading.Lock()
_programs = []


def programs():
    """Every program that this run has started; those that have ended have said all they had to."""
    with _number_lock:
        started = list(_programs)
    for program in started:
        if not program.alive():
            program.out.join()
            program.log.join()
    return started


def next_number():
    with _number_lock:
        return next(_numbers)
