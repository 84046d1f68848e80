#!/usr/bin/env python3
"""Compares `orrery serve` with other servers: ./dev bench peers [OPTION]...

Each case starts all contestants on one core; each round asks each of them once, in alternating
order, with `orrery bench` on another core. What counts is the ratio within a round.
"""

import argparse
import fnmatch
import json
import pathlib
import re
import resource
import signal
import sys
import tempfile

sys.dont_write_bytecode = True

import growth
import network
import report
from cases import CASES, HANDLERS, names
from contestants import (OURS, PEERS, ROOT, Failed, cores_of_servers, core_of_load, earlier,
                         given_peer, make_certificates, usable_cores, version_of)
from measuring import Match, Pace, handlers_table, rates_of

CONTRACT = """\
A program of --peer listens on 127.0.0.1, at the port in the environment variable PORT (which is
the one behind its path); with TLS when CERTIFICATE and KEY name PEM files; with two loops when
THREADS is 2. /echo returns text and binary messages; on /echo/groups/NAME every OTHER member gets
what one sends, byte for byte, and nothing else; /deflate agrees to permessage-deflate and is an
echo too. What it cannot do is reported as failed, and disturbs nobody.

exit status: 0 measured; 1 orrery failed a case; 2 misuse; 130 interrupted, with a report so far
"""
UNITS_MS = {"ms": 1, "s": 1000, "m": 60_000}


def milliseconds(low):
    def read(text):
        found = re.fullmatch(r"(\d+)(ms|s|m)", text)
        value = int(found[1]) * UNITS_MS[found[2]] if found else -1
        if text == "0":
            value = 0
        if not low <= value <= 600_000:
            raise argparse.ArgumentTypeError(
                f"{text!r} does not fit; give a time from {low}ms to 10m, such as 500ms or 2s")
        return value
    return read


def count(text):
    if not text.isdigit() or not 1 <= int(text) <= 1000:
        raise argparse.ArgumentTypeError(f"{text!r} does not fit; give a number from 1 to 1000")
    return int(text)


def program(make):
    def read(text):
        try:
            return make(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from error
    return read


def parser():
    command = argparse.ArgumentParser(
        prog="./dev bench peers", description=__doc__, epilog=CONTRACT, allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    add = command.add_argument
    add("--rounds", type=count, default=7, metavar="N", help="turns of each per case (7)")
    add("--duration", type=milliseconds(100), default=1000, metavar="TIME",
        help="what is measured of a turn (1s)")
    add("--warmup", type=milliseconds(0), default=200, metavar="TIME",
        help="under load before that (200ms)")
    add("--cases", nargs="+", action="extend", metavar="PATTERN",
        help="only those whose names match, such as echo or 'depth16-*'; --list names them")
    add("--peers", nargs="+", action="extend", metavar="NAME",
        help=f"only these: {', '.join(peer.name for peer in PEERS)} (and those of --peer); "
             "none: nobody else")
    add("--before", type=program(earlier), metavar="PROGRAM",
        help="an `orrery` of an earlier commit is one more; the report names what got dearer since")
    add("--peer", type=program(given_peer), action="append", default=[], metavar="NAME=PATH:PORT",
        help="one more, such as uws=build/uws_echo:9001; repeatable")
    add("--json", type=pathlib.Path, default=ROOT / "build/bench/peers.json", metavar="FILE",
        help="where every turn goes (build/bench/peers.json)")
    add("--markdown", type=pathlib.Path, default=ROOT / "build/bench/peers.md", metavar="FILE",
        help="where the report goes, besides the output (build/bench/peers.md)")
    add("--growth", type=pathlib.Path, metavar="FILE",
        help="instead of the cases: how the cost grows from 10 to 15,000 sessions, as a table, and "
             "as an SVG drawing in this file")
    add("--quick", action="store_true", help="only whether it works: 1 round of 200 ms")
    add("--list", action="store_true", help="name cases and contestants, and end")
    return command


def chosen_cases(command, patterns):
    """Names of cases, in their order: a pattern is a name, or the beginning of one, or a glob."""
    known = names()
    chosen = set()
    for pattern in patterns or ["*"]:
        found = {pattern} & set(known) or {
            name for name in known
            if fnmatch.fnmatchcase(name, pattern) or name.startswith(pattern)}
        if not found:
            command.error(f"argument --cases: no case matches {pattern!r}; there are: "
                          f"{', '.join(known)}")
        chosen |= found
    return [name for name in known if name in chosen]


def chosen_peers(command, wanted, given):
    known = {peer.name: peer for peer in (*given, *PEERS)}
    if len(known) < len(given) + len(PEERS):
        command.error("argument --peer: two of them have the same name")
    if wanted is None:
        return list(known.values())
    for name in wanted:
        if name not in known and name != "none":
            command.error(f"argument --peers: there is no {name!r}; there are: "
                          f"{', '.join(known)}, none")
    return [peer for name, peer in known.items() if name in wanted or peer in given]


def pace_of(options):
    if options.quick:
        return Pace(rounds=1, duration_ms=200, warmup_ms=50)
    return Pace(options.rounds, options.duration, options.warmup)


def head_of(pace, peers):
    versions = [(peer.name, version_of(peer)) for peer in peers]
    cores = "one core for all: the load disturbs what it measures" if len(usable_cores()) == 1 \
        else f"servers on core {cores_of_servers(1)[0]}, load on core {core_of_load(1)}; with 2 " \
             f"loops on {' and '.join(map(str, cores_of_servers(2)))}, load on {core_of_load(2)}"
    return [*report.machine(ROOT), network.describe(), cores,
            f"{pace.rounds} rounds of {pace.duration_ms} ms after {pace.warmup_ms} ms; text, so "
            "UTF-8 is checked; CPU is user and system time of all threads of the server",
            "versions: " + ", ".join(f"{name} {version or '(as given)'}"
                                     for name, version in versions)]


def say(words):
    """Where the run is, for who watches."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{words}", end="", file=sys.stderr, flush=True)


def raise_descriptors():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class Run:
    def __init__(self, pace, cases, peers, handlers):
        self.pace, self.cases, self.peers = pace, cases, peers
        self.with_handlers = handlers
        self.results, self.handlers, self.broken = [], "", False
        self.interrupted = False

    def measure(self):
        with tempfile.TemporaryDirectory() as folder:
            try:
                certificates = make_certificates(pathlib.Path(folder)) \
                    if any(case.ability == "tls" for case in self.cases) else None
                for case in self.cases:
                    self.play(case, certificates)
                if self.with_handlers:
                    self.measure_handlers()
            except KeyboardInterrupt:
                self.interrupted = True

    def play(self, case, certificates):
        everybody = [OURS, *self.peers]
        rates = rates_of(self.results, {each.name for each in everybody if each.compiled})
        result = Match(case, everybody, self.pace, certificates, say, rates).play()
        self.results.append(result)
        say("")
        for line in report.failures([result]):
            print(line, file=sys.stderr, flush=True)
        self.broken |= bool(result.outcomes[OURS.name].failure)

    def measure_handlers(self):
        say(HANDLERS)
        try:
            self.handlers = handlers_table(self.pace)
        except Failed as error:
            self.handlers = f"failed: {error}"
            self.broken = True
        say("")

    def write(self, head, options):
        peer_names = [peer.name for peer in self.peers]
        settings = {"rounds": self.pace.rounds, "durationMilliseconds": self.pace.duration_ms,
                    "warmupMilliseconds": self.pace.warmup_ms, "ours": OURS.name,
                    "peers": peer_names, "reference": report.reference_of(peer_names)}
        if self.interrupted:
            head = [*head, "INTERRUPTED: not all cases are here"]
        page = report.markdown(head, self.results, OURS.name, peer_names, self.handlers)
        raw = report.as_json(head, settings, self.results, self.handlers)
        for path, text in ((options.json, json.dumps(raw, indent=1) + "\n"),
                           (options.markdown, page)):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        print(page, end="", flush=True)


def main():
    command = parser()
    options = command.parse_args()
    chosen = chosen_cases(command, options.cases)
    earlier_ones = [options.before] if options.before else []
    peers = chosen_peers(command, options.peers, [*earlier_ones, *options.peer])
    if options.list:
        print("cases:", *chosen, "contestants:", OURS.name, *(peer.name for peer in peers),
              sep="\n  ")
        return 0
    if missing := OURS.absent():
        command.error(missing)
    network.enter()
    if network.is_own():
        network.prepare()
    raise_descriptors()
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)  # for the contestants, which inherit it
    for number in (signal.SIGINT, signal.SIGTERM):  # an end in good order, with a report so far
        signal.signal(number, signal.default_int_handler)
    pace = pace_of(options)
    head = head_of(pace, peers)
    cases = growth.CASES if options.growth else [case for case in CASES if case.name in chosen]
    run = Run(pace, cases, peers, handlers=not options.growth and HANDLERS in chosen)
    run.measure()
    run.write(head, options)
    if options.growth:
        options.growth.write_text(growth.drawing(run.results), encoding="utf-8")
    if run.interrupted:
        return 130
    return 1 if run.broken else 0


if __name__ == "__main__":
    sys.exit(main())
