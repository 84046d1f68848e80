"""The bundled gears: echo, its groups, and the chat's page."""
import json
import os
import random

import frames
import wire
from frames import binary, more, text
from rows import Table, expect, expect_equal

table = Table("gears")
GROUPS = {"threads": 2}


@table.row("/echo returns every message as it came")
def _(place):
    client, seeded = place.client(), random.Random(20240601)
    for size in (0, 1, 2, 125, 126, 127, 128, 1000, 4096, 65535, 65536, 65537, 300_000):
        payload = seeded.randbytes(size)
        client.send(binary(payload))
        client.hears(frames.line("binary", payload))
        letters = payload.hex()[:size]
        client.says(letters)
        client.hears(frames.line("text", letters))
    return "26 messages"


@table.row("/echo ignores a query")
def _(place):
    place.client(path="/echo?from=here&to=there").echoes()
    return "echo"


def members(place, count, group):
    """Members of one group on a server with two loops, all of them in it for certain."""
    program = place.server(server=GROUPS)
    everyone = []
    for number in range(count):
        everyone.append(place.client(program, f"/echo/groups/{group}"))
        everyone[-1].send(frames.ping(f"joined {number}"))
        everyone[-1].hears(f"pong joined {number}")
    return everyone


@table.row("/echo/groups: every other member hears it, byte for byte, and the sender does not")
def _(place):
    everyone = members(place, 40, f"all-{place.transport}")
    spoken = [text("αβγ from anyone"), binary(bytes(range(256))), text(""), binary(b"")]
    wanted = ["text αβγ from anyone", frames.line("binary", bytes(range(256))), "text ", "binary "]
    for speaker in (everyone[0], everyone[17], everyone[39]):
        for message in spoken:
            speaker.send(message)
        for member in everyone:
            if member is not speaker:
                for line in wanted:
                    member.hears(line)
    for number, member in enumerate(everyone):  # nothing else was under way
        member.send(frames.ping(f"end {number}"))
        member.hears(f"pong end {number}")
    return f"{3 * 4 * 39} deliveries"


@table.row("/echo/groups: each member hears each other member's messages in order")
def _(place):
    everyone = members(place, 12, f"order-{place.transport}")
    each = 50
    for round_ in range(each):
        for number, member in enumerate(everyone):
            member.says(f"{number}:{round_}")
    for number, member in enumerate(everyone):
        heard = {other: [] for other in range(len(everyone)) if other != number}
        for _ in range(each * len(heard)):
            got = member.frame()
            expect_equal(got.opcode, frames.TEXT, "opcode")
            other, said = map(int, got.payload.split(b":"))
            heard[other].append(said)
        for other, said in heard.items():
            expect_equal(said, list(range(each)), f"{number} heard {other}")
    return f"{each * 12 * 11} deliveries"


@table.row("/echo/groups: groups do not hear each other")
def _(place):
    here, there = members(place, 3, f"here-{place.transport}"), members(place, 3, "there")
    here[0].says("only here")
    for member in here[1:]:
        member.hears("text only here")
    for member in there:
        member.send(frames.ping("nothing"))
        member.hears("pong nothing")
    return "silence"


@table.row("/echo/groups: a fragmented message arrives whole, a large one too")
def _(place):
    speaker, *others = members(place, 4, f"large-{place.transport}")
    payload = os.urandom(500_000)
    speaker.send(text("frag", fin=False) + more("ment", fin=False) + more("ed"))
    speaker.send(binary(payload))
    for member in others:
        member.hears("text fragmented")
        member.hears(frames.line("binary", payload))
    return "3 members"


@table.row("/echo/groups: who left hears and disturbs nothing")
def _(place):
    everyone = members(place, 20, f"leave-{place.transport}")
    for number, member in enumerate(everyone):
        if number % 4 == 0:
            member.closes()
        elif number % 4 == 1:
            member.reset()
    stay = [member for number, member in enumerate(everyone) if number % 4 > 1]
    for number in range(20):
        stay[0].says(f"still here {number}")
    for member in stay[1:]:
        for number in range(20):
            member.hears(f"text still here {number}")
    return "9 members"


@table.row("/echo/groups: a member that does not read costs the others nothing")
def _(place):
    speaker, slow, reader = members(place, 3, f"slow-{place.transport}")
    payload = b"y" * 100_000
    for _ in range(100):
        speaker.send(binary(payload))
        reader.hears(frames.line("binary", payload))
    expect(slow.ending is None, "the slow member was not even asked")
    return "100 messages"


@table.row("/echo/groups: a group's name may have any characters")
def _(place):
    program = place.server(server=GROUPS)
    path = f"/echo/groups/gr%C3%BCn%20%26%2Fblau-{place.transport}"
    one, other = place.client(program, path), place.client(program, path)
    other.send(frames.ping("in"))
    other.hears("pong in")
    one.says("hello")
    other.hears("text hello")
    return "hello"


@table.row("/echo/groups needs a group's name")
def _(place):
    answer = place.wire().ask(wire.upgrade(place.server(), "/echo/groups"))
    expect_equal(answer.status, 404)
    return 404


@table.row("/chat/rooms: what one says the room hears")
def _(place):
    program = place.server(server=GROUPS)
    room = f"/chat/rooms/tea-{place.transport}"
    alice, bob = place.client(program, room), place.client(program, room)
    alice.says(json.dumps({"type": "join", "name": "Alice"}))
    while not json.loads(alice.frame().payload).get("mine"):
        pass  # until she is in the room, nobody needs to be heard by her
    bob.says(json.dumps({"type": "join", "name": "Bob"}))
    bob.says(json.dumps({"type": "say", "text": "a cup of tea? ☕"}))
    while True:
        got = alice.frame()
        expect(got is not None and got.opcode == frames.TEXT, f"alice heard {got and got.line()}")
        if "a cup of tea? ☕" in json.loads(got.payload).values():
            return "heard"
