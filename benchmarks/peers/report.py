"""The report: medians, ratios of pairs, and Markdown made of them. Pure but for machine()."""

import datetime
import os
import pathlib
import platform
import statistics
import subprocess

LOAD_WAS_THE_LIMIT = 0.9  # of its threads' time
DEARER = 1.05              # than before: worth a word

# What is compared: (what it is called, where it is in a turn). Less is better.
MEASURES = {
    "cpu": ("CPU µs", lambda turn: turn["server"]["cpuMicrosecondsPerMessage"]),
    "p99": ("p99 µs", lambda turn: turn["latencyMicroseconds"]["p99"]),
    "bytes": ("bytes", lambda turn: turn["server"]["bytesPerSession"]),
}


def values(turns, measure):
    return [MEASURES[measure][1](turn) for turn in turns]


def ratios(ours, theirs):
    """Ours to theirs, within each round: what disturbs the machine disturbs both of a pair."""
    return [mine / other for mine, other in zip(ours, theirs) if other > 0]


def digits(number):
    """Three that count: 0.312, 4.56, 78.9, 1,234."""
    size = abs(number)
    if size >= 99.95:
        return f"{number:,.0f}"
    return f"{number:.{1 if size >= 9.995 else 2 if size >= 0.9995 else 3}f}"


def per_second(number):
    """1.23M, 123k, 12.3k, 987"""
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if number >= 0.9995 * size:
            return digits(number / size) + unit
    return digits(number)


def spread(numbers):
    return f"{statistics.median(numbers):.2f} ({min(numbers):.2f}–{max(numbers):.2f})"


def reference_of(names):
    """Whom the ratios in bold are to."""
    return next((name for name in ("uws", "beast") if name in names),
                next(iter(names), None))


def absent_cell(outcome):
    """What stands for a contestant that has no numbers; None if it has."""
    if outcome is None or outcome.lacks:
        return "–"
    return None if outcome.counts else "failed"


def cost_cell(ours, theirs, measure, bold):
    """`0.91 (0.88–0.95) of 4.56`: our share of what it costs them."""
    if absent_cell(theirs):
        return absent_cell(theirs)
    absolute = digits(statistics.median(values(theirs.turns, measure)))
    pairs = ratios(values(ours.turns, measure), values(theirs.turns, measure)) \
        if ours.counts else []
    if not pairs:
        return absolute
    middle, _, rest = spread(pairs).partition(" ")
    return f"{f'**{middle}**' if bold else middle} {rest} of {absolute}"


def own_cell(outcome, measure):
    return absent_cell(outcome) or digits(statistics.median(values(outcome.turns, measure)))


def rate_cell(outcome):
    """Messages per second; with a star where it was the load that could not do more."""
    if absent_cell(outcome):
        return absent_cell(outcome)
    limited = statistics.median(turn["load"]["share"] for turn in outcome.turns)
    star = "\\*" if limited > LOAD_WAS_THE_LIMIT else ""
    return per_second(statistics.median(turn["perSecond"] for turn in outcome.turns)) + star


def latency_cell(outcome):
    if absent_cell(outcome):
        return absent_cell(outcome)
    medians = (statistics.median(turn["latencyMicroseconds"][name] for turn in outcome.turns)
               for name in ("p50", "p99", "p99.9"))
    return " / ".join(map(digits, medians))


def table(head, rows):
    lines = [head, ["---", *["--:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def cost_table(results, ours, peers):
    reference = reference_of(peers)
    rows = []
    for result in results:
        for measure in result.case.measures:
            mine = result.outcomes[ours]
            rows.append([result.title, MEASURES[measure][0], own_cell(mine, measure),
                         *(cost_cell(mine, result.outcomes.get(name), measure, name == reference)
                           for name in peers)])
    return table(["case", "of the server", ours, *peers], rows)


def per_case_table(results, ours, peers, cell):
    return table(["case", ours, *peers],
                 [[result.title, *(cell(result.outcomes.get(name)) for name in (ours, *peers))]
                  for result in results])


def dearer(results, ours, before):
    """What costs more than it did, case by case."""
    said = []
    for result in results:
        mine, theirs = result.outcomes[ours], result.outcomes.get(before)
        for measure in result.case.measures:
            pairs = ratios(values(mine.turns, measure), values(theirs.turns, measure)) \
                if theirs and mine.counts and theirs.counts else []
            if pairs and statistics.median(pairs) > DEARER:
                said.append(f"* {result.title}, {MEASURES[measure][0]}: {spread(pairs)}")
    return said


def failures(results):
    """Who could not do what, and why; a contestant that is not there only once."""
    said = {}
    for result in results:
        for name, outcome in result.outcomes.items():
            if outcome.failure:
                said.setdefault((name, outcome.failure), []).append(result.case.name)
    return [f"* {name} in {', '.join(cases)}: {why}" for (name, why), cases in said.items()]


def markdown(head, results, ours, peers, appendix=""):
    """`head`: lines that say what the numbers mean nothing without."""
    spoken = [result for result in results if "bytes" not in result.case.measures]
    parts = ["# Orrery and others", "\n".join(f"* {line}" for line in head)]
    if results:
        parts += ["## What it costs the server",
                  f"In the column of {ours} the median of its turns. In the others `ratio (range) "
                  f"of theirs`: {ours} to them within each round, the median and the range of all "
                  "rounds, and the median of their turns. Below 1, ours costs less. –: it has no "
                  "such thing.",
                  cost_table(results, ours, peers)]
    if "before" in peers:
        parts += ["## What got dearer than before by more than 5 %",
                  "\n".join(dearer(results, ours, "before")) or "Nothing."]
    if spoken:
        parts += ["## How many per second",
                  "Medians. \\*: the load computed more than 90 % of the time, so it may be the "
                  "limit.",
                  per_case_table(spoken, ours, peers, rate_cell),
                  "## How long they take, p50 / p99 / p99.9 in µs",
                  "Medians. Where no rate is fixed, of a server that is loaded to its limit.",
                  per_case_table(spoken, ours, peers, latency_cell)]
    if appendix:
        parts += ["## Handlers of ours: a coroutine, a worker, and a plain callback",
                  appendix.strip()]
    if said := failures(results):
        parts += ["## What failed", "\n".join(said)]
    return "\n\n".join(parts) + "\n"


def as_json(head, settings, results, appendix=""):
    """All there is, for programs."""
    return {"head": head, "settings": settings, "handlers": appendix,
            "cases": [{"name": result.case.name, "title": result.title,
                       "measures": list(result.case.measures), "rate": result.rate,
                       "contestants": {name: {"lacks": outcome.lacks, "failure": outcome.failure,
                                              "turns": outcome.turns}
                                       for name, outcome in result.outcomes.items()}}
                      for result in results]}


def one_line(words, folder):
    done = subprocess.run(words, cwd=folder, check=False, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL)
    return done.stdout.strip()


def machine(root):
    """What runs, and where."""
    model = next((line.partition(":")[2].strip() for line in
                  pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())
    when = datetime.datetime.now(datetime.timezone.utc)
    commit = one_line(["git", "describe", "--always", "--dirty"], root) or "none"
    load = " ".join(f"{number:.2f}" for number in os.getloadavg())
    return [f"commit {commit}, {when:%Y-%m-%d %H:%M} UTC",
            f"{model}, {os.cpu_count()} cores, Linux {platform.release()}, "
            f"load average before {load}"]
