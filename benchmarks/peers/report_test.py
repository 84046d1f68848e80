#!/usr/bin/env python3
"""The runner of ./dev bench peers counts right: pairs, medians, what stands in its tables."""

import argparse
import pathlib
import sys
import unittest
import xml.etree.ElementTree

sys.dont_write_bytecode = True
sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "tools"))

import cases
import contestants
import growth
import measuring
import report
import run
from measuring import CaseResult, Outcome
from tally import run_unit_tests


def turn(cpu, rate=1000.0, p99=50.0, share=0.5, resident=100):
    return {"perSecond": rate, "load": {"share": share},
            "latencyMicroseconds": {"p50": 10.0, "p99": p99, "p99.9": 1234.5},
            "server": {"cpuMicrosecondsPerMessage": cpu, "bytesPerSession": resident}}


def outcome(*costs, **more):
    return Outcome([turn(cost, **more) for cost in costs])


ECHO, IDLE, HALF = (next(case for case in cases.CASES if case.name == name)
                    for name in ("echo-1", "idle", "half-rate"))


class Arithmetic(unittest.TestCase):
    def test_a_ratio_is_within_its_round(self):
        # The machine is twice as slow in the second round, for both.
        ours, theirs = [5.0, 10.0, 5.0], [10.0, 20.0, 8.0]
        self.assertEqual([0.5, 0.5, 0.625], report.ratios(ours, theirs))
        self.assertEqual("0.50 (0.50–0.62)", report.spread(report.ratios(ours, theirs)))

    def test_nothing_is_divided_by_nothing(self):
        self.assertEqual([2.0], report.ratios([1.0, 2.0], [0.0, 1.0]))

    def test_the_median_of_an_even_number_is_between(self):
        self.assertEqual("1.50 (1.00–2.00)", report.spread([2.0, 1.0]))

    def test_three_digits_count(self):
        said = [report.digits(number) for number in (0.3124, 4.561, 78.94, 99.96, 1234.4, -3)]
        self.assertEqual(["0.312", "4.56", "78.9", "100", "1,234", "-3.00"], said)
        said = [report.per_second(number) for number in (987, 12_340, 999_900, 2_760_000)]
        self.assertEqual(["987", "12.3k", "1.00M", "2.76M"], said)

    def test_half_of_the_slowest_is_a_round_rate(self):
        self.assertEqual(22_000, measuring.half_of_slowest([90_000.0, 45_678.9]))
        self.assertEqual(4, measuring.half_of_slowest([9.0]))
        self.assertEqual(1, measuring.half_of_slowest([0.5]))

    def test_the_rate_is_that_of_the_full_case_of_compiled_contestants(self):
        full = next(case for case in cases.CASES if case.name == measuring.FULL_RATE_CASE)
        crowd = {"orrery": outcome(1.0, rate=90.0), "beast": outcome(1.0, 1.0, rate=60.0),
                 "ws": outcome(1.0, rate=10.0), "websocketpp": Outcome(failure="gone")}
        results = [CaseResult(ECHO, crowd), CaseResult(full, crowd)]
        self.assertEqual([90.0, 60.0],
                         measuring.rates_of(results, {"orrery", "beast", "websocketpp"}))


class Tables(unittest.TestCase):
    def test_cells_say_ratio_range_and_cost(self):
        ours, theirs = outcome(5.0, 10.0, 5.0), outcome(10.0, 20.0, 8.0)
        self.assertEqual("**0.50** (0.50–0.62) of 10.0",
                         report.cost_cell(ours, theirs, "cpu", bold=True))
        self.assertEqual("0.50 (0.50–0.62) of 10.0",
                         report.cost_cell(ours, theirs, "cpu", bold=False))
        self.assertEqual("5.00", report.own_cell(ours, "cpu"))

    def test_who_lacks_it_or_failed_has_no_numbers(self):
        broken = Outcome([turn(1.0)], failure="LOST 3 sessions")
        for cell in (report.rate_cell, report.latency_cell):
            self.assertEqual("–", cell(None))
            self.assertEqual("–", cell(Outcome(lacks=True)))
            self.assertEqual("failed", cell(broken))
        self.assertEqual("failed", report.cost_cell(outcome(1.0), broken, "cpu", False))
        self.assertEqual("2.00", report.cost_cell(broken, outcome(2.0), "cpu", True))

    def test_a_load_at_its_limit_has_a_star(self):
        self.assertEqual("1.00k", report.rate_cell(outcome(1.0)))
        self.assertEqual("1.00k\\*", report.rate_cell(outcome(1.0, share=0.95)))

    def test_the_reference_is_uws_then_beast(self):
        self.assertEqual("uws", report.reference_of(["beast", "uws", "ws"]))
        self.assertEqual("beast", report.reference_of(["ws", "beast"]))
        self.assertEqual("ws", report.reference_of(["ws"]))
        self.assertIsNone(report.reference_of([]))

    def test_what_got_dearer_is_named(self):
        results = [
            CaseResult(ECHO, {"orrery": outcome(10.4, 10.6, 11), "before": outcome(10, 10, 10)}),
            CaseResult(IDLE, {"orrery": outcome(1.0, resident=105),
                              "before": outcome(1.0, resident=100)}),
            CaseResult(HALF, {"orrery": outcome(1.0), "before": Outcome(lacks=True)})]
        self.assertEqual([f"* {ECHO.title}, CPU µs: 1.06 (1.04–1.10)"],
                         report.dearer(results, "orrery", "before"))
        page = report.markdown([], results[1:], "orrery", ["before"])
        self.assertIn("## What got dearer than before by more than 5 %\n\nNothing.\n", page)

    def test_a_whole_report(self):
        results = [
            CaseResult(ECHO, {"orrery": outcome(5.0), "ws": outcome(20.0), "beast": outcome(10.0)}),
            CaseResult(IDLE, {"orrery": outcome(0.0, resident=50), "ws": Outcome(failure="gone"),
                              "beast": outcome(0.0, resident=200)}),
            CaseResult(HALF, {"orrery": outcome(1.0, p99=100.0), "ws": Outcome(lacks=True),
                              "beast": outcome(2.0, p99=50.0)}, rate=22_000),
        ]
        page = report.markdown(["commit abc"], results, "orrery", ["ws", "beast"], "| handlers |")
        for line in (
                "* commit abc",
                "| case | of the server | orrery | ws | beast |",
                "| --- | --: | --: | --: | --: |",
                f"| {ECHO.title} | CPU µs | 5.00 | 0.25 (0.25–0.25) of 20.0 "
                "| **0.50** (0.50–0.50) of 10.0 |",
                f"| {IDLE.title} | bytes | 50.0 | failed | **0.25** (0.25–0.25) of 200 |",
                f"| {HALF.title}, 22,000 per second | p99 µs | 100 | – "
                "| **2.00** (2.00–2.00) of 50.0 |",
                f"| {ECHO.title} | 10.0 / 50.0 / 1,234 | 10.0 / 50.0 / 1,234 "
                "| 10.0 / 50.0 / 1,234 |",
                "| handlers |", "* ws in idle: gone"):
            self.assertIn(line, page.splitlines())
        self.assertEqual(2, page.count(IDLE.title) + 1)  # only where bytes are compared

    def test_raw_turns_are_kept(self):
        results = [CaseResult(ECHO, {"orrery": outcome(5.0, 6.0)})]
        raw = report.as_json(["x"], {"rounds": 2}, results)
        self.assertEqual([turn(5.0), turn(6.0)],
                         raw["cases"][0]["contestants"]["orrery"]["turns"])


class Words(unittest.TestCase):
    def chosen(self, *patterns):
        return run.chosen_cases(run.parser(), list(patterns) or None)

    def test_cases_are_chosen_by_name_beginning_or_glob(self):
        self.assertEqual(["echo-1"], self.chosen("echo-1"))
        self.assertEqual(["echo-1", "echo-100", "echo-1000", "idle"], self.chosen("idle", "echo"))
        self.assertEqual(["large-16KiB", "large-64KiB", "tls-125B", "tls-16KiB"],
                         self.chosen("tls-*", "large-*"))
        self.assertEqual(cases.names(), self.chosen())

    def test_times_have_units_and_bounds(self):
        read = run.milliseconds(100)
        self.assertEqual([200, 2000, 60_000], [read(word) for word in ("200ms", "2s", "1m")])
        for word in ("99ms", "2", "0", "soon", "11m"):
            self.assertRaises(argparse.ArgumentTypeError, read, word)

    def test_another_peer_is_a_program_and_a_port(self):
        peer = contestants.given_peer("uws=/bin/true:9001")
        self.assertEqual(("uws", 9001, ("/bin/true",)), (peer.name, peer.port, peer.command))
        for word in ("uws", "uws=/bin/true", "uws=/bin/true:0", "beast=/bin/true:1",
                     "uws=/bin/nothing-here:1", "uws=/bin:1"):
            self.assertRaises(ValueError, contestants.given_peer, word)

    def test_failures_have_their_reason(self):
        lost = '{"lost":{"closed by the server with 1008":2},"unanswered":3}'
        self.assertEqual("LOST 2 sessions: closed by the server with 1008; "
                         "3 messages were not answered", measuring.why_it_failed(1, lost, ""))
        self.assertEqual("the server does not compress",
                         measuring.why_it_failed(1, "", "orrery bench: the server does not "
                                                        "compress\n"))


class Turns(unittest.TestCase):
    """What a turn makes of `orrery bench`, which is not run."""

    def take(self, printed, case=ECHO, status=0):
        class Server:
            name, port, pid = "orrery", 1, 2
            path_of = contestants.OURS.path_of

            def check_it_lives(self):
                pass

        def play(words, seconds, cores):
            del seconds, cores
            self.words = [str(word) for word in words]
            return status, printed, ""

        before, measuring.run_to_end = measuring.run_to_end, play
        try:
            return measuring.take_turn(Server(), case, measuring.Pace(1, 200, 0))
        finally:
            measuring.run_to_end = before

    def test_a_turn_is_what_bench_printed(self):
        self.assertEqual(7, self.take('{"mode":"echo","answered":7}')["answered"])
        self.assertEqual(["--duration", "200ms"],
                         self.words[(at := self.words.index("--duration")):at + 2])

    def test_a_turn_without_answers_is_none(self):
        with self.assertRaisesRegex(measuring.Failed, "nothing was answered in 200 ms"):
            self.take('{"mode":"echo","answered":0}')
        self.assertEqual(0, self.take('{"mode":"idle","answered":0}')["answered"])

    def test_ours_echoes_compressed_where_it_echoes(self):
        deflate, secret = (next(case for case in cases.CASES if case.name == name)
                           for name in ("deflate", "tls-125B"))
        self.take('{"mode":"echo","answered":1}', deflate)
        self.assertIn("ws://127.0.0.1:1/echo", self.words)
        self.take('{"mode":"echo","answered":1}', secret)
        self.assertIn("wss://127.0.0.1:1/echo", self.words)
        self.assertIn("--insecure", self.words)


class Playing(unittest.TestCase):
    """A match in which nothing is started: who is asked, and in which order."""

    def setUp(self):
        self.asked = []

    def match(self, fails=()):
        crowd = [contestants.Peer(name, ("/bin/true",)) for name in ("a", "b", "c")]
        match = measuring.Match(ECHO, crowd, measuring.Pace(3, 1, 0), None, lambda words: None)

        def turn_of(name):
            self.asked.append(name)
            if (name, len(match.outcomes[name].turns)) in fails:
                raise measuring.Failed("wrong answer")
            match.outcomes[name].turns.append(turn(1.0))

        match.start, match.warm_up, match.turn = lambda name: None, lambda: None, turn_of
        return match.play()

    def test_rounds_alternate(self):
        self.match()
        self.assertEqual("abccbaabc", "".join(self.asked))

    def test_who_fails_stops_nobody_else(self):
        result = self.match(fails={("b", 1)})
        self.assertEqual("abccbaac", "".join(self.asked))
        self.assertEqual("wrong answer", result.outcomes["b"].failure)
        self.assertTrue(result.outcomes["a"].counts and not result.outcomes["b"].counts)


class Growth(unittest.TestCase):
    def results(self, *names):
        outcomes = {name: outcome(1.0 + 1 / len(name)) for name in names}
        return [CaseResult(case, dict(outcomes)) for case in growth.CASES]

    def drawn(self, results):
        return xml.etree.ElementTree.fromstring(growth.drawing(results))

    def test_each_has_a_line_in_each_panel(self):
        page = self.drawn(self.results("orrery", "beast"))
        lines = page.findall(".//{*}polyline")
        self.assertEqual(4, len(lines))
        for line in lines:
            points = [tuple(map(float, point.split(","))) for point in line.get("points").split()]
            self.assertEqual(len(growth.NUMBERS), len(points))
            self.assertTrue(all(0 <= x <= growth.WIDTH and 0 <= y <= growth.HEIGHT
                                for x, y in points), points)

    def test_what_failed_or_is_missing_is_not_drawn(self):
        results = self.results("orrery", "beast")[:3]
        results[1].outcomes["beast"] = Outcome(failure="lost")
        lines = self.drawn(results).findall(".//{*}polyline")
        self.assertEqual([3, 2, 3, 2], [len(line.get("points").split()) for line in lines])

    def test_nothing_makes_an_empty_page(self):
        self.assertEqual([], self.drawn([]).findall(".//{*}polyline"))


if __name__ == "__main__":
    sys.exit(run_unit_tests())
