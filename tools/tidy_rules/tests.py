"""Nothing in a test is left to chance: no sleeps, nothing skipped."""

import re

from .tree import Fault

# A session's own sleep_for is a coroutine's: it waits on the test's clock.
SLEEP = re.compile(r"(?<!\.)\bsleep_for\b|\b(?:sleep_until|usleep|nanosleep|waitForTimeout)\b"
                   r"|\btime\.sleep\b|\basyncio\.sleep\((?!0\))|(?<![\w.])sleep\s*\(")
SKIP = re.compile(r"\bGTEST_SKIP\b|\bDISABLED_\w+|\bskipTest\b|@unittest\.skip"
                  r"|\b(?:it|test|describe)\.skip\b")


def tests(tree):
    return [file for file in tree.files if file.is_test and file.suffix != ".md"]


def sleeps(tree):
    for file in tests(tree):
        for match in SLEEP.finditer(file.code):
            yield Fault(file.path, file.line_at(match.start()),
                        f"{match.group(0).rstrip('( ')}: a test waits for an event, not for time")


def skips(tree):
    for file in tests(tree):
        for match in SKIP.finditer(file.code):
            yield Fault(file.path, file.line_at(match.start()),
                        f"{match.group(0)}: a test that is not run proves nothing")
