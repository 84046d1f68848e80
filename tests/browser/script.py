"""Runs a client written in JavaScript once per transport and compression; its lines become rows."""
import json
import os
import shutil
import signal
import subprocess
import threading

from rows import Table
from server import ROOT

HERE = os.path.dirname(os.path.abspath(__file__))
LARGE = {"maxMessageSize": "17MiB", "maxQueuedBytes": "64MiB"}
PATIENCE = 150  # seconds for one run of a script


class Script:
    """One script; every row of one transport and compression comes from the same run of it."""

    def __init__(self, file):
        self.file = file
        self._runs = {}
        self._lock = threading.Lock()

    def result(self, place, compression, row):
        key = (place.transport, compression)
        with self._lock:
            slot = self._runs.setdefault(key, [threading.Lock(), None])
        with slot[0]:
            if slot[1] is None:
                slot[1] = self._run(place, compression)
        results, trouble = slot[1]
        if row not in results:
            raise AssertionError(f"{self.file} did not say: {trouble}")
        if "why" in results[row]:
            raise AssertionError(results[row]["why"])
        return results[row]["answer"]

    def plan(self, place, compression):
        """What the script is told, and the server that ends when it says `goodbye`."""
        leaving = place.own_server(drain={"spread": 0})
        return {
            "url": place.server({**LARGE, "compression": compression}).url,
            "passive": place.server({"idleTimeout": 1000, "sendPingsAutomatically": False}).url,
            "pinging": place.server({"idleTimeout": 3000}).url,
            "goodbye": leaving.url,
            "certificate": place.world.certificate()[0],
        }, leaving

    def _run(self, place, compression):
        node = shutil.which("node")
        if node is None:
            return {}, "node is missing"
        plan, leaving = self.plan(place, compression)
        plan = {**plan, "compression": compression, "transport": place.transport,
                "screenshots": os.path.join(ROOT, "build", "screenshots")}
        process = subprocess.Popen([node, os.path.join(HERE, self.file), json.dumps(plan)],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, start_new_session=True)
        watchdog = threading.Timer(PATIENCE, kill_group, [process])
        watchdog.start()
        try:
            return self._read(process, leaving)
        finally:
            watchdog.cancel()
            kill_group(process)

    def _read(self, process, leaving):
        results = {}
        for line in process.stdout:
            said = json.loads(line)
            if "goodbye" in said:
                leaving.signal(signal.SIGTERM)
            else:
                results[said["row"]] = said
        status = process.wait(10)
        errors = process.stderr.read().decode("utf-8", "replace").strip().splitlines()
        return results, f"exit {status}; {errors[:3]}"


def kill_group(process):
    """The script and what it started (a browser)."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def table_of(group, file, rows, plain_only=()):
    """One row per line that the script promises, without and with compression."""
    table, script = Table(group, wave="heavy"), Script(file)
    for compression in (False, True):
        word = "deflate" if compression else "plain"
        for row in rows if compression else [*rows, *plain_only]:
            table.add(f"{row} ({word})", lambda place, row=row, compression=compression:
                      script.result(place, compression, row), lane=word)
    return table


SHARED_ROWS = [
    "text comes back", "an empty text comes back", "binary comes back", "16 MiB of text come back",
    "16 MiB of binary come back", "1,000 messages come back in order",
    "the client closes with 4001 and a reason", "the client closes without a code",
    "the server closes with 1009",
    "the server closes an idle passive session with 1000 and a reason",
    "an idle session whose client answers pings stays open", "a path without a route is refused",
    "two members of a group hear each other",
]
