"""Counts of tests, and the one closing line that every runner of this project prints."""

import importlib.machinery
import importlib.util
import pathlib
import re
import unittest
from dataclasses import dataclass

CLOSING_LINE = re.compile(r"^(\d+) passed, (\d+) failed, (\d+) skipped$", re.MULTILINE)


@dataclass
class Tally:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other):
        return Tally(self.passed + other.passed, self.failed + other.failed,
                     self.skipped + other.skipped)

    def __str__(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"

    @property
    def good(self):
        """Something ran, nothing failed, nothing was left out."""
        return self.passed > 0 and self.failed == 0 and self.skipped == 0


def load_tool(name):
    """A program of this folder, which has no .py, as a module: for its tests."""
    path = str(pathlib.Path(__file__).resolve().parent / name)
    loader = importlib.machinery.SourceFileLoader(name, path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


def run_unit_tests():
    """Those of the program that calls it, with their closing line; the exit status."""
    result = unittest.main(exit=False, verbosity=0).result
    broken = len(result.failures) + len(result.errors)
    print(Tally(result.testsRun - broken, broken, len(result.skipped)), flush=True)
    return 0 if result.wasSuccessful() else 1


def closing_lines(output):
    """The tallies of all closing lines in a program's output."""
    return [Tally(*map(int, numbers)) for numbers in CLOSING_LINE.findall(output)]
