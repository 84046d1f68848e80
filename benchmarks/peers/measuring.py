"""Turns: each round asks each contestant of a case once, in alternating order."""

import json
import math
import os
import signal
import statistics
import subprocess
from dataclasses import dataclass, field

from contestants import BUILD, ORRERY, Failed, Server, core_of_load, stays_on

FULL_RATE_CASE = "echo-100"
MOST_FRESH_ROUNDS = 3
PATIENCE_SECONDS = 60


@dataclass(frozen=True)
class Pace:
    rounds: int
    duration_ms: int
    warmup_ms: int


@dataclass
class Outcome:
    """What one contestant did in one case."""
    turns: list = field(default_factory=list)  # what `orrery bench --json` said, round by round
    failure: str = ""
    lacks: bool = False

    @property
    def counts(self):
        return bool(self.turns) and not self.failure


@dataclass
class CaseResult:
    case: object
    outcomes: dict
    rate: int = 0  # messages per second, in an open loop

    @property
    def title(self):
        return self.case.title + (f", {self.rate:,} per second" if self.rate else "")


def run_to_end(words, seconds, cores):
    """(status, what it printed, what it complained), or Failed if it takes too long."""
    with subprocess.Popen([str(word) for word in words], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          start_new_session=True, preexec_fn=stays_on(cores)) as process:
        try:
            printed, complained = process.communicate(timeout=seconds)
        except BaseException as error:
            process.kill()
            if isinstance(error, subprocess.TimeoutExpired):
                raise Failed(f"{os.path.basename(words[0])} did not end in {seconds} s") from error
            raise
    return process.returncode, printed, complained


def why_it_failed(status, printed, complained):
    try:
        report = json.loads(printed)
    except ValueError:
        lines = complained.strip().splitlines()
        words = lines[-1].removeprefix("orrery bench: ") if lines else f"exit status {status}"
        return words if status >= 0 else f"{words} ({signal.Signals(-status).name})"
    troubles = [f"LOST {times} sessions: {why}" for why, times in report["lost"].items()]
    if report["unanswered"]:
        troubles.append(f"{report['unanswered']} messages were not answered")
    return "; ".join(troubles) or f"orrery bench: exit status {status}"


def take_turn(server, case, pace, rate=0):
    """The report of `orrery bench` as a dictionary; Failed says what went wrong."""
    secret = case.ability == "tls"
    scheme = "wss" if secret else "ws"
    words = [ORRERY, "bench", f"{scheme}://127.0.0.1:{server.port}{server.path_of(case)}",
             *case.words, "--duration", f"{pace.duration_ms}ms", "--warmup",
             f"{pace.warmup_ms}ms", "--pid", server.pid, "--json"]
    if secret:
        words.append("--insecure")
    if rate:
        words += ["--rate", rate, "--step", "250us"]
    seconds = PATIENCE_SECONDS + (pace.duration_ms + pace.warmup_ms) / 1000
    server.check_it_lives()
    status, printed, complained = run_to_end(words, seconds, [core_of_load(case.loops)])
    server.check_it_lives()
    if status != 0:
        raise Failed(why_it_failed(status, printed, complained))
    report = json.loads(printed)
    if report["mode"] != "idle" and not report["answered"]:
        raise Failed(f"nothing was answered in {pace.duration_ms} ms")
    return report


def half_of_slowest(rates):
    """Half of the smallest, rounded down to two digits: 45,678 -> 22,000."""
    half = min(rates) / 2
    step = 10 ** max(0, math.floor(math.log10(half)) - 1) if half >= 1 else 1
    return max(1, int(half // step * step))


def rates_of(results, compiled):
    """What the C++ contestants could do in the case that half-rate takes half of, if it was run."""
    return [statistics.median(turn["perSecond"] for turn in outcome.turns)
            for result in results if result.case.name == FULL_RATE_CASE
            for name, outcome in result.outcomes.items() if name in compiled and outcome.counts]


class Match:
    """One case, with everybody who takes part in it. `rates`: rates_of(), or warming up says it."""

    def __init__(self, case, contestants, pace, certificates, say, rates=()):
        self.case, self.pace, self.say, self.rates = case, pace, say, list(rates)
        self.certificates = certificates if case.ability == "tls" else None
        self.contestants = {each.name: each for each in contestants}
        self.outcomes = {name: Outcome() for name in self.contestants}
        self.servers = {}
        self.rate = 0

    def play(self):
        try:
            self.choose()
            if not self.case.fresh:
                for name in list(self.playing()):
                    self.attempt(name, self.start)
                self.warm_up()
            for number in range(self.rounds()):
                self.say(f"{self.case.name}: round {number + 1} of {self.rounds()}")
                names = self.playing()
                for name in names if number % 2 == 0 else reversed(names):
                    self.attempt(name, self.turn)
        finally:
            for name in list(self.servers):
                self.stop(name)
        return CaseResult(self.case, self.outcomes, self.rate)

    def rounds(self):
        return min(self.pace.rounds, MOST_FRESH_ROUNDS) if self.case.fresh else self.pace.rounds

    def playing(self):
        return [name for name, outcome in self.outcomes.items()
                if not outcome.failure and not outcome.lacks]

    def choose(self):
        for name, contestant in self.contestants.items():
            outcome = self.outcomes[name]
            outcome.failure = contestant.absent() or ""
            if self.case.ability == "tls" and not self.certificates:
                outcome.failure = "there is no openssl to make a certificate with"
            outcome.lacks = bool(self.case.ability) and (
                self.case.ability not in contestant.abilities)

    def attempt(self, name, what):
        try:
            what(name)
        except (Failed, OSError, subprocess.SubprocessError) as error:
            self.outcomes[name].failure = str(error)
            self.stop(name)

    def start(self, name):
        self.servers[name] = Server(self.contestants[name], self.case.loops, self.certificates,
                                    self.case.ability == "deflate")

    def stop(self, name):
        if name in self.servers:
            self.servers.pop(name).stop()

    def warm_up(self):
        """As long as a turn, and not counted: there are compilers that learn while they run."""
        self.say(f"{self.case.name}: warming up")
        rates = []

        def warm(name):
            report = take_turn(self.servers[name], self.case, self.pace)
            if self.contestants[name].compiled:
                rates.append(report["perSecond"])

        for name in self.playing():
            self.attempt(name, warm)
        if self.case.half_rate and (self.rates or rates):
            self.rate = half_of_slowest(self.rates or rates)

    def turn(self, name):
        if self.case.fresh:
            self.start(name)
        report = take_turn(self.servers[name], self.case, self.pace, self.rate)
        self.outcomes[name].turns.append(report)
        if self.case.fresh:
            self.stop(name)


def handlers_table(pace):
    """What benchmarks/handlers.cpp prints; Failed if it does not."""
    words = [BUILD / "benchmarks" / "handlers", "--rounds", pace.rounds, "--turn-ms",
             pace.duration_ms]
    if not words[0].exists():
        raise Failed("build/release/benchmarks/handlers is not there")
    seconds = PATIENCE_SECONDS + pace.rounds * 8 * 2 * pace.duration_ms / 1000
    status, printed, complained = run_to_end(words, seconds, os.sched_getaffinity(0))
    if status != 0:
        raise Failed(complained.strip() or f"exit status {status}")
    return printed
