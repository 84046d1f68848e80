"""Rows: every test is a sentence, run over the transports of its table, and answers with a word.

A row is a function that gets a Place (place.py), asserts, and returns what it saw (or nothing).
There is no way to skip a row: a client or a program that is missing is a failure.
"""
import concurrent.futures
import os
import re
import threading
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
AT_ONCE = {"light": 12, "heavy": 3, "alone": 1}  # how many rows run side by side, wave by wave


class Row:
    def __init__(self, group, transport, name, story, wave, lane):
        self.group = group
        self.transport = transport
        self.name = name
        self.story = story
        self.wave = wave
        self.lane = lane
        self.title = f"{group} {transport}: {name}" if transport else f"{group}: {name}"


class Table:
    """The rows of one group. `over` says which transports each row runs over.

    Rows of the wave `light` mostly wait, side by side; `heavy` ones want the processor;
    `alone` measures the machine (memory, latency), so nothing else runs beside it.
    """

    def __init__(self, group, over=("tcp", "tls"), wave="light"):
        self.group = group
        self.over = over
        self.wave = wave
        self.rows = []

    def row(self, name, over=None, alone=False):
        """Decorator: the function below is the story of this row."""

        def add(story):
            self.add(name, story, over, alone)
            return story

        return add

    def add(self, name, story, over=None, alone=False, lane=None):
        """Rows of one lane run one after the other, in order."""
        for transport in over if over is not None else self.over:
            self.rows.append(Row(self.group, transport, name, story,
                                 "alone" if alone else self.wave,
                                 (lane, transport) if lane else object()))


class Report:
    """Prints rows as they finish and counts them."""

    def __init__(self):
        self.passed = 0
        self.failed = []
        self._lock = threading.Lock()

    def note(self, title, answer=None, why=None):
        with self._lock:
            if why is None:
                self.passed += 1
                print(f"ok {title}" + (f" → {clean(answer)}" if answer is not None else ""),
                      flush=True)
            else:
                self.failed.append(title)
                print(f"not ok {title} → {clean(why)}", flush=True)

    def finish(self):
        if self.failed:
            print("\nfailed:")
            for title in self.failed:
                print(f"  {title}")
        print(f"\n{self.passed} passed, {len(self.failed)} failed, 0 skipped", flush=True)
        return 1 if self.failed or not self.passed else 0


def chosen(rows, pattern):
    """A group's name picks the group; anything else is a regular expression over titles."""
    if not pattern:
        return rows
    if any(row.group == pattern for row in rows):
        return [row for row in rows if row.group == pattern]
    matches = re.compile(pattern, re.IGNORECASE).search
    return [row for row in rows if matches(row.title)]


def run(rows, world, report):
    for wave, at_once in AT_ONCE.items():
        lanes = {}
        for row in rows:
            if row.wave == wave:
                lanes.setdefault(row.lane, []).append(row)
        with concurrent.futures.ThreadPoolExecutor(at_once) as workers:
            for _ in workers.map(lambda lane: run_lane(lane, world, report), lanes.values()):
                pass


def run_lane(lane, world, report):
    for row in lane:
        run_one(row, world, report)


def run_one(row, world, report):
    place = world.place(row.transport, row.title)
    try:
        report.note(row.title, answer=row.story(place))
    except Exception as error:  # a failed row must not take the others with it
        report.note(row.title, why=why(error) + place.trouble())
    finally:
        place.leave()


def why(error):
    """The assertion's own words, and the line of the test where it happened."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__)
              if frame.filename.startswith(os.path.dirname(HERE))]
    where = f"{os.path.basename(frames[-1].filename)}:{frames[-1].lineno}" if frames else "?"
    story = [frame for frame in frames if frame.name.startswith(("story", "_", "<lambda>"))]
    if story and story[-1] is not frames[-1]:
        where = f"{os.path.basename(story[-1].filename)}:{story[-1].lineno} {where}"
    text = str(error) or (frames[-1].line if frames else "")
    kind = "" if isinstance(error, AssertionError) else type(error).__name__ + ": "
    return f"{kind}{text} [{where}]"


def clean(words):
    """One printable line."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in str(words))[:600]


def expect(condition, sentence):
    if not condition:
        raise AssertionError(sentence)


def expect_equal(seen, wanted, what=""):
    if seen != wanted:
        label = f"{what}: " if what else ""
        raise AssertionError(f"{label}saw {shortened(seen)}, wanted {shortened(wanted)}")


def expect_between(seconds, low, high, what):
    """Deadlines: never early (but for two clocks' rounding), late by the contract's second."""
    expect(low - 0.06 <= seconds <= high, f"{what} after {seconds:.2f} s, wanted {low}..{high} s")


def shortened(value):
    text = repr(value)
    return text if len(text) <= 400 else f"{text[:300]}… ({len(text)} characters)"
