"""How the cost of a session grows with their number: the cases, and a drawing of the results."""

import math
import statistics

from cases import Case, echo
from report import MEASURES, digits, values

NUMBERS = (10, 30, 100, 300, 1_000, 3_000, 10_000, 15_000)
CASES = tuple(Case(f"growth-{number}", f"{number:,} sessions, 125 B, depth 1",
                   echo(number, 1, 125), measures=("cpu", "bytes"), fresh=True)
              for number in NUMBERS)

WIDTH, HEIGHT, LEFT, TOP, GAP = 340, 220, 56, 34, 40
COLOURS = ("#d9480f", "#1971c2", "#2f9e44", "#9c36b5", "#868e96", "#e67700", "#0c8599", "#e64980",
           "#82c91e", "#4c6ef5")
TITLES = {"cpu": "server CPU, µs per message", "bytes": "resident bytes per session"}


def lines_of(results, measure):
    """name -> [(sessions, median)], of those that have at least one above zero."""
    lines = {}
    for number, result in zip(NUMBERS, results):
        for name, outcome in result.outcomes.items():
            if outcome.counts:
                middle = statistics.median(values(outcome.turns, measure))
                if middle > 0:  # else it is too little to be measured
                    lines.setdefault(name, []).append((number, middle))
    return lines


def ticks(low, high):
    """1, 2 and 5 times powers of ten, from one at most `low` to one at least `high`."""
    steps = [digit * 10.0 ** power for power in range(-3, 8) for digit in (1, 2, 5)]
    first = max(step for step in steps if step <= low)
    last = min(step for step in steps if step >= high)
    all_steps = [step for step in steps if first <= step <= last]
    powers = [step for step in all_steps if math.log10(step) % 1 == 0]
    return all_steps if len(all_steps) <= 10 else powers


def place(value, low, high, length):
    """Where a value is on a logarithmic axis."""
    return length * (math.log(value) - math.log(low)) / (math.log(high) - math.log(low))


def panel(lines, names, title, at):
    """Both axes are logarithmic."""
    drawn = [value for line in lines.values() for _, value in line] or [1]
    marks = ticks(min(drawn), max(max(drawn), 1.001 * min(drawn)))
    low, high = min(marks[0], min(drawn)), max(marks[-1], max(drawn), 2 * marks[0])
    out = [f'<g transform="translate({at},{TOP})">',
           f'<text x="0" y="-14" font-weight="bold">{title}</text>']
    for mark in marks:
        y = HEIGHT - place(mark, low, high, HEIGHT)
        out += [f'<line x1="0" x2="{WIDTH}" y1="{y:.1f}" y2="{y:.1f}" stroke="#8884"/>',
                f'<text x="-6" y="{y + 4:.1f}" text-anchor="end">{mark:,.10g}</text>']
    for number in NUMBERS:
        x = place(number, NUMBERS[0], NUMBERS[-1], WIDTH)
        if number != NUMBERS[-2]:
            out.append(f'<text x="{x:.1f}" y="{HEIGHT + 16}" '
                       f'text-anchor="middle">{number:,}</text>')
    for name, line in lines.items():
        colour = COLOURS[names.index(name)]
        points = [(place(number, NUMBERS[0], NUMBERS[-1], WIDTH),
                   HEIGHT - place(value, low, high, HEIGHT)) for number, value in line]
        joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        out.append(f'<polyline points="{joined}" fill="none" stroke="{colour}" stroke-width="2"/>')
        out += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{colour}"><title>{name}, '
                f'{number:,} sessions: {digits(value)}</title></circle>'
                for (x, y), (number, value) in zip(points, line)]
    return [*out, "</g>"]


def drawing(results):
    """An SVG page of two panels, readable on light and dark ground."""
    names = list(lines_of(results, "cpu"))
    width, height = 2 * (LEFT + WIDTH) + GAP, TOP + HEIGHT + 50
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
           'font-family="sans-serif" font-size="11" fill="#868e96">']
    for number, measure in enumerate(TITLES):
        out += panel(lines_of(results, measure), names, TITLES[measure],
                     LEFT + number * (LEFT + WIDTH + GAP // 2))
    assert len(names) <= len(COLOURS), "each needs a colour of its own"
    for number, (colour, name) in enumerate(zip(COLOURS, names)):
        x = LEFT + min(110, (width - LEFT) // len(names)) * number
        out += [f'<rect x="{x}" y="{height - 16}" width="10" height="10" fill="{colour}"/>',
                f'<text x="{x + 15}" y="{height - 7}">{name}</text>']
    return "\n".join([*out, "</svg>", ""])


assert set(TITLES) <= set(MEASURES)
