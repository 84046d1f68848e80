"""What the keys about slow readers and full pools do."""
import wire
from frames import CLOSE, binary
from keys_rows import WEBSOCKET, key
from overload_table import CHUNK, flood

BRIEF = {WEBSOCKET + "closeTimeout": 300}  # nobody answers our close
LITTLE = {**BRIEF, WEBSOCKET + "maxQueuedBytes": "256KiB"}
DROPPING = {**LITTLE, WEBSOCKET + "overflow": "drop_newest"}


def end_of_slow_reader(place, program, seconds=4):
    """The cause in the log within so many seconds of a flood that its sender does not read."""
    client = place.client(program, receive_bytes=CHUNK)
    flood(client, 400)
    line = program.log.wait_for(lambda text: "session closed" in text, seconds)
    return line.partition("cause=")[2].split()[0] if line else "stays"


@key(WEBSOCKET + "maxQueuedBytes", "256KiB", ("stays", "slow_consumer"), instead_of="64MiB",
     beside=BRIEF)
def _(place, program):
    return end_of_slow_reader(place, program)


@key(WEBSOCKET + "overflow", "drop_newest", ("slow_consumer", "stays"), beside=LITTLE)
def _(place, program):
    return end_of_slow_reader(place, program)


@key(WEBSOCKET + "writeTimeout", 300, ("stays", "slow_consumer"), beside=DROPPING)
def _(place, program):
    return end_of_slow_reader(place, program)


@key("pools.gear:echo.maxConnections", 1, (101, 503))
def _(place, program):
    place.client(program)
    return place.wire(program).ask(wire.upgrade(program)).status


@key("pools.gear:echo.maxMemory", "1MiB", ("echo", "close 1013"),
     beside={WEBSOCKET + "maxMessageSize": "16MiB", WEBSOCKET + "maxQueuedBytes": "64MiB"})
def _(place, program):
    client = place.client(program)
    client.offer(binary(b"x" * (8 << 20)))
    got = client.frame()
    return got.line() if got.opcode == CLOSE else "echo"
