"""Going away without hurting anybody (the contract's §6). `run.py drain`."""
import re
import select
import signal
import subprocess
import time

import frames
import server
import wire
from admin_table import admin_of, asked, orrery, status_of
from cli_table import Typist
from rows import Table, expect, expect_between, expect_equal

table = Table("drain", over=("tcp",))
HINT = re.compile(r"shutting down; reconnect in (\d+) ms")


def crowd_of(place, program, count):
    crowd = [place.client(program) for _ in range(count)]
    for client in crowd:
        client.echoes()
    return crowd


def goodbyes(crowd, seconds):
    """When each client was told to go, in seconds from now, and its hint in milliseconds."""
    start, waiting, told = time.monotonic(), {each.socket: each for each in crowd}, []
    while waiting:
        left = start + seconds - time.monotonic()
        ready = select.select(list(waiting), [], [], max(left, 0))[0]
        expect(ready, f"{len(waiting)} of {len(crowd)} were not told within {seconds} s")
        for socket in ready:
            client = waiting.pop(socket)
            got = client.is_closed_with(1001)
            hint = HINT.fullmatch(got.reason)
            expect(hint, f"reason {got.reason!r}")
            told.append((time.monotonic() - start, int(hint[1])))
    return told


def drained(program, told, cut):
    expect_equal(program.wait(), 0, "exit status")
    expect_equal(program.out.lines[-1], f"drained: {told} told, {cut} cut")


@table.row("SIGTERM: sessions are told evenly over drain.spread, each with a hint of its own",
           over=["tcp", "tls"])
def _(place):
    program = place.own_server(server={"threads": 2},
                               drain={"spread": 3000, "reconnectSpread": 60_000})
    crowd = crowd_of(place, program, 40)
    program.signal(signal.SIGTERM)
    told = goodbyes(crowd, 6)
    drained(program, 40, 0)
    times, hints = [time for time, _ in told], [hint for _, hint in told]
    expect_between(max(times), 1.5, 4.5, "the last goodbye")
    for third in range(3):
        count = sum(third <= time < third + 1 for time in times)
        expect(count >= 3, f"{count} of 40 in second {third + 1} of 3")
    expect(max(hints) < 60_000, f"a hint of {max(hints)} ms")
    expect(len(set(hints)) >= 38, f"{len(set(hints))} different hints of 40")
    return f"{min(times):.1f} .. {max(times):.1f} s, {len(set(hints))} hints"


@table.row("SIGINT: without the spread of the file, with its hints")
def _(place):
    program = place.own_server(drain={"delay": 20_000, "spread": 20_000,
                                      "reconnectSpread": 60_000, "deadline": 60_000})
    crowd = crowd_of(place, program, 20)
    program.signal(signal.SIGINT)
    told = goodbyes(crowd, 3)
    drained(program, 20, 0)
    expect(len({hint for _, hint in told}) >= 18, "the same hint for several")
    return f"all within {max(time for time, _ in told):.1f} s"


@table.row("drain.reconnectSpread 0: no hint")
def _(place):
    program = place.own_server(drain={"spread": 0, "reconnectSpread": 0})
    client = place.client(program)
    program.signal(signal.SIGTERM)
    got = client.is_closed_with(1001)
    expect_equal(got.reason, "shutting down")
    drained(program, 1, 0)
    return got.reason


@table.row("/readyz says 503 from the first moment, newcomers are served until drain.delay is over")
def _(place):
    program = place.own_server(websocket={"closeTimeout": 4000}, server={"threads": 1},
                               drain={"delay": 1500, "spread": 0})
    admin, deaf = admin_of(program), place.client(program)
    deaf.echoes()
    start = time.monotonic()
    expect_equal(asked(place, admin, "/api/drain", method="POST").status, 202)
    answer = asked(place, admin, "/readyz")
    expect_equal((answer.status, answer.body), (503, b"draining\n"))
    expect_equal(asked(place, admin, "/healthz").status, 200)
    late = place.client(program)
    late.echoes("within the delay")
    late.is_closed_with(1001)
    expect_between(time.monotonic() - start, 1.5, 2.7, "the goodbye of a latecomer")
    newcomer = place.wire(program).ask(wire.upgrade(program))
    expect_equal(newcomer.status, 503)
    expect(int(newcomer.header("retry-after")) >= 1, newcomer.headers)
    seen = status_of(place, admin)
    expect_equal((seen["ready"], seen["draining"]), (False, True))
    deaf.hears("close 1001")
    deaf.offer(frames.close(1001))
    drained(program, 2, 0)
    return "503, 101, then 503"


@table.row("a session that does not answer is cut at drain.deadline")
def _(place):
    program = place.own_server(websocket={"closeTimeout": 60_000},
                               drain={"spread": 0, "deadline": 1500})
    deaf, polite = place.client(program), place.client(program)
    start = time.monotonic()
    program.signal(signal.SIGTERM)
    polite.is_closed_with(1001)
    deaf.hears("close 1001")
    drained(program, 2, 1)
    expect_between(time.monotonic() - start, 1.5, 3.0, "exit")
    fields = program.closed_session(deaf)
    expect(fields["cause"] in ("drain", "shutdown_deadline"), fields["cause"])
    return "2 told, 1 cut"


@table.row("a second signal exits at once, in the middle of the spread")
def _(place):
    program = place.own_server(drain={"spread": 60_000, "deadline": 70_000})
    crowd_of(place, program, 5)
    program.signal(signal.SIGTERM)
    expect(program.log.wait_for(lambda line: "STOP" in line), "no STOP in the log")
    start = time.monotonic()
    program.signal(signal.SIGTERM)
    expect_equal(program.wait(), 1, "exit status")
    expect_between(time.monotonic() - start, 0, 1, "exit")
    return "exit 1"


@table.row("orrery drain: as SIGTERM; the first signal behind it does no harm")
def _(place):
    program = place.own_server(drain={"spread": 2000, "reconnectSpread": 60_000})
    admin, crowd = admin_of(program), crowd_of(place, program, 10)
    answer = orrery("drain", "--set", f"admin.port={admin.port}")
    expect_equal((answer.returncode, answer.stderr), (0, ""))
    expect("draining" in answer.stdout, answer.stdout)
    program.signal(signal.SIGTERM)  # what an orchestrator sends after its hook
    told = goodbyes(crowd, 5)
    drained(program, 10, 0)
    expect(max(time for time, _ in told) > 0.5, "all at once, in spite of the spread")
    return "10 told, 0 cut"


def command(program, *words):
    """`orrery drain` with these words, while its server runs."""
    return subprocess.Popen([server.BINARY, "drain", *words, "--set",
                             f"admin.port={admin_of(program).port}"],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@table.row("orrery drain --wait: returns when the process no longer answers")
def _(place):
    program = place.own_server(drain={"spread": 1000})
    crowd, start = crowd_of(place, program, 5), time.monotonic()
    waiting = command(program, "--wait")
    goodbyes(crowd, 5)
    drained(program, 5, 0)
    out, errors = waiting.communicate(timeout=server.PATIENCE)
    expect_equal((waiting.returncode, errors), (0, ""))
    expect(re.fullmatch(r"drained after \d+\.\d s\n", out), out)
    expect_between(time.monotonic() - start, 0, 4, "its return")
    return out.strip()


@table.row("orrery drain --wait --timeout: exit status 1 while sessions are left")
def _(place):
    program = place.own_server(websocket={"closeTimeout": 60_000}, drain={"spread": 0})
    deaf, start = place.client(program), time.monotonic()
    deaf.echoes()
    waiting = command(program, "--wait", "--timeout", "700ms")
    out, errors = waiting.communicate(timeout=server.PATIENCE)
    expect_equal((waiting.returncode, out), (1, ""))
    expect("not drained within 0.7 s: 1 session left" in errors, errors)
    expect_between(time.monotonic() - start, 0.7, 3, "its return")
    deaf.hears("close 1001")
    deaf.offer(frames.close(1001))
    drained(program, 1, 0)
    return "exit 1"


@table.row("orrery drain --wait at a terminal: shows how many sessions are left")
def _(place):
    program = place.own_server(websocket={"closeTimeout": 60_000}, drain={"spread": 0})
    deaf = place.client(program)
    deaf.echoes()
    watcher = Typist("drain", "--wait", "--set", f"admin.port={admin_of(program).port}")
    watcher.sees("draining: 1 session left, ")
    deaf.hears("close 1001")
    deaf.offer(frames.close(1001))
    watcher.sees(r"drained after \d+\.\d s")
    expect_equal(watcher.ends(), 0, "exit status")
    drained(program, 1, 0)
    return "1 session left"


@table.row("orrery drain, then SIGINT: no more waiting")
def _(place):
    program = place.own_server(drain={"spread": 60_000, "deadline": 70_000})
    admin, crowd = admin_of(program), crowd_of(place, program, 10)
    expect_equal(orrery("drain", "--set", f"admin.port={admin.port}").returncode, 0)
    program.signal(signal.SIGINT)
    goodbyes(crowd, 3)
    drained(program, 10, 0)
    return "10 told, 0 cut"


@table.row("the admin listener answers until the last session is gone")
def _(place):
    program = place.own_server(websocket={"closeTimeout": 2000}, drain={"spread": 0})
    admin, deaf = admin_of(program), place.client(program)
    deaf.echoes()
    program.signal(signal.SIGTERM)
    deaf.hears("close 1001")
    probe = place.wire(admin)  # kept alive: it must not hold the server either
    for _ in range(3):
        expect_equal(probe.ask(wire.get(admin, "/readyz")).status, 503)
        wire.pace(0.2)
    expect_equal(asked(place, admin, "/healthz").status, 200)
    start = time.monotonic()
    deaf.offer(frames.close(1001))
    deaf.drop()
    expect_equal(program.wait(), 0, "exit status")
    expect_between(time.monotonic() - start, 0, 1.5, "exit")
    return "503 until the end"


@table.row("without a session: exit 0 at once, whatever the spread")
def _(place):
    program = place.own_server(drain={"spread": 60_000, "deadline": 70_000})
    start = time.monotonic()
    program.signal(signal.SIGTERM)
    drained(program, 0, 0)
    expect_between(time.monotonic() - start, 0, 1, "exit")
    return "drained: 0 told, 0 cut"
