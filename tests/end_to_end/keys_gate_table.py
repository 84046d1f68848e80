"""What keys do to handlers that block, wait, or leave their mailbox unread: see keys_server.cpp."""
import re
import signal

import wire
from keys_rows import MOMENT, WEBSOCKET, answer_or_nothing, gate, key
from rows import expect

POOL = "pools.gear:echo."


@key(WEBSOCKET + "admissionTimeout", 200, ("nothing", 503), start=gate)
def _(place, program):
    client = place.wire(program)
    client.send(wire.upgrade(program, "/gate/admits"))
    return answer_or_nothing(client)


@key("server.callbackBudget", 3_600_000, ("reported", "nothing"), start=gate,
     names=[WEBSOCKET + "callbackBudget"])
def _(place, program):
    client = place.client(program, "/gate/holds")
    client.says("hold")
    line = program.log.wait_for(lambda text: "a callback holds its loop" in text, MOMENT)
    program.signal(signal.SIGUSR1)
    client.hears("text hold")
    expect(line is None or "/gate/holds" in line, line)
    return "reported" if line else "nothing"


# The mailbox of a session that sleeps.
def sleeper(place, program):
    client = place.client(program, "/gate/sleeper")
    client.hears("text ready")
    client.says("sleep")
    client.hears("text sleeping")
    return client


def posted(place, program, count, size):
    """How many server messages found room in its mailbox."""
    answer = place.wire(program).ask(
        wire.get(program, f"/gate/post?count={count}&bytes={size}"))
    return f"{answer.body.decode()} of {count}"


@key(WEBSOCKET + "mailboxCount", 5, ("10 of 10", "5 of 10"), start=gate)
def _(place, program):
    sleeper(place, program)
    return posted(place, program, 10, 1)


@key(WEBSOCKET + "mailboxBytes", 2048, ("10 of 10", "2 of 10"), start=gate)
def _(place, program):
    sleeper(place, program)
    return posted(place, program, 10, 1000)


@key(WEBSOCKET + "mailboxOverflow", "close", ("text x", "close 1008"), start=gate,
     beside={WEBSOCKET + "mailboxCount": 5})
def _(place, program):
    client = sleeper(place, program)
    posted(place, program, 10, 1)
    program.signal(signal.SIGUSR1)
    return client.frame().line()


# The workers of a pool.
def queued(place, program, count):
    """How many callbacks wait for a worker when so many sessions want one, and it has settled."""
    for _ in range(count):
        place.client(program, "/gate/blocks").says("work")
    reader, seen = place.wire(program), []
    while len(seen) < 5 or len(set(seen[-5:])) > 1:
        expect(len(seen) < 100, f"it never settles: {seen}")
        page = reader.ask(wire.get(program, "/gate/metrics")).body.decode()
        seen.append(re.search(r'orrery_pool_jobs_queued\{pool="gear:echo"\} (\d+)', page)[1])
        wire.pace(0.03)
    return f"{seen[-1]} wait"


@key(POOL + "workers", 1, ("1 wait", "2 wait"), start=gate)
def _(place, program):
    return queued(place, program, 3)


@key(POOL + "workerQueue", 2, ("4 wait", "2 wait"), start=gate, beside={POOL + "workers": 1})
def _(place, program):
    return queued(place, program, 5)


@key("pools.tenant:acme.gears", ["echo"], (404, 101), start=gate,
     beside={"pools.tenant:acme.maxConnections": 5})
def _(place, program):
    request = wire.upgrade(program, "/gate/blocks?pool=tenant%3Aacme")
    return place.wire(program).ask(request).status
