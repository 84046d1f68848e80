"""The cases: what is asked of every contestant, in the order of the report."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    name: str                 # for --cases
    title: str
    words: tuple              # of `orrery bench`
    path: str = "/echo"
    ability: str = ""         # what a contestant needs for it: GROUPS ... of contestants.py
    measures: tuple = ("cpu",)  # what is compared: keys of report.MEASURES
    loops: int = 1
    fresh: bool = False       # a process of its own for each turn, at most 3 of them
    half_rate: bool = False   # an open loop, at half of what the slowest C++ contestant can do


def traffic(connections, depth, size):
    """`size` as `orrery bench` reads it: bytes, or 16KiB."""
    return ("--connections", str(connections), "--depth", str(depth), "--size", str(size))


def echo(sessions, depth, size):
    return (*traffic(sessions, depth, size), "--text")


def fan_out(depth, size):
    return ("--mode", "fan-out", *traffic(1000, depth, size), "--text")


def short(size):
    """In names: 16B, 16KiB."""
    return f"{size}B" if isinstance(size, int) else size


def spoken(size):
    """In titles: 16 B, 16 KiB."""
    return f"{size} B" if isinstance(size, int) else size.replace("KiB", " KiB")


CASES = (
    *(Case(f"echo-{sessions}", f"echo, {sessions:,} session{'s' * (sessions > 1)}, 125 B, depth 1",
           echo(sessions, 1, 125)) for sessions in (1, 100, 1000)),
    *(Case(f"depth16-{short(size)}", f"echo, 100 sessions, {spoken(size)}, depth 16",
           echo(100, 16, size)) for size in (16, 125, "1KiB", "16KiB", "64KiB")),
    *(Case(f"large-{size}", f"echo, 100 sessions, {spoken(size)}, depth 1", echo(100, 1, size))
      for size in ("16KiB", "64KiB")),
    *(Case(f"fan-out-{short(size)}-{depth}",
           f"fan-out to 1,000, {spoken(size)}, {depth} under way (per delivery)",
           fan_out(depth, size), path="/echo/groups/all", ability="groups")
      for size in (64, "16KiB") for depth in (1, 8)),
    Case("connect", "connect, upgrade, close; 64 at a time (per session)",
         ("--mode", "connect", "--connections", "64")),
    Case("deflate", "permessage-deflate, 100 sessions, 1 KiB like JSON, depth 1",
         (*traffic(100, 1, "1KiB"), "--text", "--deflate"), path="/deflate", ability="deflate"),
    Case("idle", "idle, 10,000 sessions (per session)",
         ("--mode", "idle", "--connections", "10000"), measures=("bytes",), fresh=True),
    *(Case(f"tls-{short(size)}", f"TLS 1.3, echo, 100 sessions, {spoken(size)}, depth 1",
           echo(100, 1, size), ability="tls") for size in (125, "16KiB")),
    Case("loops-2", "2 loops on 2 cores, echo, 100 sessions, 125 B, depth 1",
         echo(100, 1, 125), ability="loops", loops=2),
    Case("half-rate", "open loop at a fixed rate, echo, 100 sessions, 125 B",
         echo(100, 1, 125), measures=("cpu", "p99"), half_rate=True),
    Case("beside-nobody", "echo, 99 sessions, 125 B, depth 1",
         echo(99, 1, 125), measures=("cpu", "p99")),
    Case("beside-stopped", "the same beside one that sends and stops reading",
         (*echo(99, 1, 125), "--slow", "1"), measures=("cpu", "p99")),
)

# Not a comparison with peers: a program of ours, whose table is appended.
HANDLERS = "handlers"


def names():
    return [case.name for case in CASES] + [HANDLERS]
