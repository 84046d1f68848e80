#!/usr/bin/env python3
"""The runners count right: what ctest and GoogleTest report becomes one honest closing line."""

import pathlib
import stat
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True

from tally import Tally, closing_lines, load_tool, run_unit_tests

TOOLS = pathlib.Path(__file__).resolve().parent


run_tests = load_tool("run_tests")

MIXED_REPORT = """<testsuites><testsuite>
<testcase name="a" status="run" result="completed"/>
<testcase name="b" status="run" result="completed"><failure message="no"/></testcase>
<testcase name="c" status="run" result="skipped"><skipped message="later"/></testcase>
<testcase name="d" status="notrun" result="suppressed"/>
</testsuite></testsuites>"""
GOOD_REPORT = '<testsuites><testsuite><testcase name="a" status="run"/></testsuite></testsuites>'


class Counting(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.reports = pathlib.Path(self.folder.name)
        self.addCleanup(self.folder.cleanup)

    def tally(self, status, output="", report=None):
        if report:
            (self.reports / "http_test.xml").write_text(report)
        return run_tests.tally_of("http", status, output, self.reports)

    def test_a_gtest_program_counts_with_its_cases(self):
        self.assertEqual(Tally(1, 1, 2), self.tally("fail", report=MIXED_REPORT))

    def test_a_leak_after_the_last_case_is_a_failure(self):
        self.assertEqual(Tally(1, 1, 0), self.tally("fail", report=GOOD_REPORT))

    def test_a_program_without_a_report_counts_once(self):
        self.assertEqual(Tally(1, 0, 0), self.tally("run"))
        self.assertEqual(Tally(0, 1, 0), self.tally("fail", output="Segmentation fault"))
        self.assertEqual(Tally(0, 0, 1), self.tally("disabled"))

    def test_another_runner_counts_with_its_closing_line(self):
        self.assertEqual(Tally(7, 0, 0), self.tally("run", "ok\n7 passed, 0 failed, 0 skipped\n"))
        self.assertEqual(Tally(5, 2, 1), self.tally("fail", "5 passed, 2 failed, 1 skipped\n"))

    def test_a_runner_that_fails_after_a_good_closing_line_failed(self):
        self.assertEqual(Tally(0, 1, 0), self.tally("fail", "7 passed, 0 failed, 0 skipped\n"))

    def test_only_a_run_with_nothing_failed_or_skipped_is_good(self):
        self.assertTrue(Tally(1, 0, 0).good)
        for bad in (Tally(), Tally(1, 1, 0), Tally(1, 0, 1)):
            self.assertFalse(bad.good)

    def test_closing_lines_stand_alone(self):
        output = "x\n1 passed, 2 failed, 3 skipped\nsays 4 passed, 0 failed, 0 skipped\n"
        self.assertEqual([Tally(1, 2, 3)], closing_lines(output))


class Steps(unittest.TestCase):
    def run_steps(self, *names):
        with tempfile.TemporaryDirectory() as folder:
            program = pathlib.Path(folder, "program")
            program.write_text("#!/bin/sh\ncase $2 in\n"
                               "counts) echo '2 passed, 0 failed, 0 skipped' ;;\n"
                               "skips) echo '2 passed, 0 failed, 1 skipped' ;;\n"
                               "quiet) ;;\nbreaks) exit 3 ;;\nesac\n")
            program.chmod(program.stat().st_mode | stat.S_IXUSR)
            done = subprocess.run([TOOLS / "run_steps", program, *names], check=False, text=True,
                                  stdout=subprocess.PIPE)
        return done.returncode, done.stdout.splitlines()[-1], done.stdout

    def test_steps_add_up(self):
        status, summary, _ = self.run_steps("counts", "quiet")
        self.assertEqual((0, "3 passed, 0 failed, 0 skipped"), (status, summary))

    def test_the_first_failing_step_ends_the_run_and_is_named(self):
        status, summary, output = self.run_steps("quiet", "breaks", "counts")
        self.assertEqual((1, "1 passed, 1 failed, 0 skipped"), (status, summary))
        self.assertIn("FAILED in step breaks", output)
        self.assertNotIn("--- counts", output)

    def test_a_skipped_test_fails_its_step(self):
        self.assertEqual((1, "2 passed, 0 failed, 1 skipped"), self.run_steps("skips")[:2])


if __name__ == "__main__":
    sys.exit(run_unit_tests())
