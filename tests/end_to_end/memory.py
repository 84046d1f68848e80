"""What an idle session costs: resident memory of `orrery serve` with its defaults."""
import os
import resource

import server
import wire
from rows import Table, expect

table = Table("memory", over=("tcp",))
SESSIONS = 10_000
RING_BYTES = 32 if "server.io=io_uring" in server.SETTINGS else 0  # what its kernel has in hand
BUDGET_BYTES = 512 + RING_BYTES


def smaps(program):
    """Sums over all mappings, in bytes: resident, anonymous, and the heap alone."""
    sums = {"Rss": 0, "Anonymous": 0, "heap": 0}
    in_heap = False
    with open(f"/proc/{program.pid}/smaps", encoding="ascii", errors="replace") as file:
        for line in file:
            key, _, rest = line.partition(":")
            if "-" in key.split(" ")[0]:
                in_heap = line.rstrip().endswith("[heap]")
            elif key in sums:
                sums[key] += int(rest.split()[0]) * 1024
                if key == "Rss" and in_heap:
                    sums["heap"] += int(rest.split()[0]) * 1024
    return sums


def opened(program):
    client = wire.Client(program)
    client.open()
    client.echoes("hello")
    return client


def allow_descriptors(count):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    expect(hard >= count or hard == resource.RLIM_INFINITY,
           f"this row needs {count} descriptors; the hard limit is {hard}")
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))


@table.row(f"an idle session costs at most {BUDGET_BYTES} bytes", alone=True)
def _(place):
    allow_descriptors(SESSIONS + 500)
    program = place.own_server()
    for _ in range(50):
        opened(program).closes()
    before, resident = smaps(program), program.resident_bytes()
    crowd = [opened(program) for _ in range(SESSIONS)]
    try:
        after = smaps(program)
        each = (program.resident_bytes() - resident) / SESSIONS
        crowd[0].echoes("all are open")
        crowd[-1].echoes("all are open")
    finally:
        for client in crowd:
            client.drop()
    parts = {key: (after[key] - before[key]) // SESSIONS for key in after}
    expect(each <= BUDGET_BYTES, f"{each:.0f} bytes per session; by mapping: {parts}")
    return (f"{each:.0f} bytes of resident memory per session over {SESSIONS} "
            f"({parts['Anonymous']} anonymous, {parts['heap']} on the heap), "
            f"{os.cpu_count()} cores")
