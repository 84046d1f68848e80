"""The `server` block of Kuzzle's configuration page: each key does what that page says of it.

kuzzle_block.txt is the block as the page prints it, comments and all; one closing brace is missing
there. Rows change single values in that very text.
"""
import os
import re
import subprocess
import time

import frames
import server
import wire
from keys_rows import MOMENT, add, explained, next_of
from keys_session_table import agreed, burst, told_by_a_friend
from rows import HERE, expect, expect_between, expect_equal

ON = ("--set=server.port=0", "--set=server.address=127.0.0.1", "--set=admin.port=0")
with open(os.path.join(HERE, "kuzzle_block.txt"), encoding="utf-8") as file:
    BLOCK = file.read()


def page(place, **values):
    """The path of a file with the completed block, and these values in it."""
    block = BLOCK
    for name, value in values.items():
        block, count = re.subn(rf'("{name}": )\w+', rf"\g<1>{value}", block)
        expect_equal(count, 1, f"values of {name} in the block")
    path = os.path.join(place.world.folder, f"kuzzlerc-{server.next_number()}.json")
    with open(path, "w", encoding="utf-8") as file:
        file.write("{\n" + block + "}\n}\n")
    return path


def serve(place, **values):
    return place.own(server.Program([server.BINARY, "serve", "--config", page(place, **values),
                                     *ON]))


def says(name):
    """Decorator: the row of this key of the page."""

    def decorate(told):
        add(f"kuzzle {name}", told, f"the page's {name}")
        return told

    return decorate


@says("block")
def _(place):
    run = subprocess.run([server.BINARY, "config", "check", "--config", page(place)],
                         capture_output=True, text=True, timeout=server.PATIENCE, check=False)
    expect_equal(run.returncode, 0, run.stderr)
    expect("is fine" in run.stdout, run.stdout)
    place.client(serve(place)).echoes()
    return "completed with its braces, it is accepted unchanged, and serves"


@says("port")
def _(place):
    program = serve(place)
    expect_equal(place.wire(program).ask(wire.get(program)).status, 200)
    expect_equal(place.wire(program).ask(wire.upgrade(program)).status, 101)
    return "HTTP gets 200 and WebSocket 101 on the one port"


@says("enabled")
def _(place):
    seen = [place.wire(program).ask(wire.upgrade(program)).status
            for program in (serve(place), serve(place, enabled="false"))]
    expect_equal(seen, [101, 404])
    return "101 with true; 404 with false"


@says("idleTimeout")
def _(place):
    expect_equal(next_of(place.client(serve(place)), 1.5), "nothing", "with 0")
    client = place.client(serve(place, idleTimeout=1000, sendPingsAutomatically="true"))
    start = time.monotonic()
    expect_equal(next_of(client, 2), "ping", "before the end")
    client.is_closed_with(1000)
    expect_between(time.monotonic() - start, 1.0, 2.5, "the end")
    run = subprocess.run([server.BINARY, "config", "check", "--config",
                          page(place, idleTimeout=999)],
                         capture_output=True, text=True, timeout=server.PATIENCE, check=False)
    expect_equal(run.returncode, 2, run.stdout)
    expect("idleTimeout" in run.stderr, run.stderr)
    return "nothing with 0; a PING and the end after 1 s with 1000; 999 is refused"


@says("heartbeat")
def _(place):
    expect_equal(next_of(place.client(serve(place)), MOMENT), "nothing", "with 60000")
    beaten = place.client(serve(place, heartbeat=300))
    for _ in range(3):
        got = beaten.frame()
        expect_equal(got.opcode, frames.PING, "opcode")
        beaten.send(frames.pong(got.payload))
    still = place.client(serve(place, heartbeat=0))
    still.send(frames.ping("?"))
    still.hears("pong ?")
    expect_equal(next_of(still, MOMENT), "nothing", "with 0")
    return "a PING every 300 ms with 300; none with 0, where a PING still gets its PONG"


@says("compression")
def _(place):
    plain, packed = agreed(place, serve(place)), agreed(place, serve(place, compression="true"))
    expect_equal(plain, "plain")
    expect(packed.startswith("permessage-deflate"), packed)
    return "plain with false; permessage-deflate with true"


@says("rateLimit")
def _(place):
    expect_equal(burst(place.client(serve(place)), 200)[0], "all", "with 0")
    limited = place.client(serve(place, rateLimit=10))
    expect_equal(burst(limited, 200), ("some", "close 1008"), "with 10")
    return "200 messages at once: all with 0; the rest is rejected with 10"


@says("realtimeNotifications")
def _(place):
    path = "server.protocols.websocket.realtimeNotifications"
    expect("does not act" in explained(path), "it acts: say here what it does")
    program = serve(place)
    expect(program.log.wait_for(lambda line: "do not act" in line and path in line),
           program.log.lines)
    return "accepted and explained; none of the gears here has such messages, and the log says so"


@says("sendPingsAutomatically")
def _(place):
    seen = [next_of(place.client(serve(place, idleTimeout=1000, sendPingsAutomatically=value)), 3)
            for value in ("false", "true")]
    expect_equal(seen, ["close 1000", "ping"], "the first word for a silent client")
    return "a silent client: close 1000 with false; a PING first with true"


@says("resetIdleTimeoutOnSend")
def _(place):
    seen = [told_by_a_friend(place, serve(place, idleTimeout=1000, heartbeat=0,
                                          resetIdleTimeoutOnSend=value))
            for value in ("false", "true")]
    expect_equal(seen, ["close 1000", "text tick"])
    return "a client that is sent to: close 1000 with false; stays with true"
