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


class Person:
    """Somebody in a room of the chat, on a server with two loops."""

    def __init__(self, place, room, name, **more):
        self.name = name
        program = place.server(server=GROUPS)
        self.client = place.client(program, f"/chat/rooms/{room}-{place.transport}")
        expect_equal(self.next("welcome")["type"], "welcome")
        self.join(**more)

    def join(self, **more):
        self.client.says(json.dumps({"type": "join", "name": self.name, **more}))
        self.entrance = self.next("joined", "error")
        self.position = self.entrance.get("position")

    def says(self, text):
        self.client.says(json.dumps({"type": "say", "text": text}))

    def next(self, *types):
        """The next message of one of these types."""
        while True:
            got = self.client.frame()
            expect(got is not None and got.opcode == frames.TEXT, f"heard {got and got.line()}")
            message = json.loads(got.payload)
            if message["type"] in types:
                return message

    def hears(self, count):
        """The next lines: number and text; none is missing between them."""
        lines = []
        for _ in range(count):
            line = self.next("says")
            expect_equal(line["position"]["epoch"], self.position["epoch"], "epoch")
            expect_equal(line["position"]["offset"], self.position["offset"] + 1, "number")
            self.position = line["position"]
            lines.append((line["position"]["offset"], line["text"]))
        return lines


@table.row("/chat/rooms: everybody hears every line, with the same number")
def _(place):
    everyone = [Person(place, "numbers", f"P{number}") for number in range(10)]
    for number in range(30):
        for person in everyone:
            person.says(f"{person.name} {number}")
    start = everyone[-1].position["offset"]
    heard = [person.hears(300) for person in everyone]
    expect_equal(start, 0, "lines before anybody spoke")
    for lines in heard:
        expect_equal(lines, heard[0])
    return "3000 deliveries"


@table.row("/chat/rooms: a name has one holder at a time, whatever the loop")
def _(place):
    holder = Person(place, "names", "Alice")
    for _ in range(6):
        expect_equal(Person(place, "names", "Alice").entrance.get("code"), "nameTaken")
    holder.client.closes()
    for _ in range(200):  # the closing handshake has ended; the name follows
        last = Person(place, "names", "Alice")
        if last.entrance["type"] == "joined":
            return "1 holder"
    raise AssertionError("the name never comes back")


@table.row("/chat/rooms: people come and go, and everybody is told once")
def _(place):
    alice = Person(place, "people", "Alice")
    for number in range(20):
        other = Person(place, "people", f"P{number}")
        expect_equal(sorted(other.entrance["people"]), sorted(["Alice", f"P{number}"]))
        expect_equal(alice.next("joined", "left"), {"type": "joined", "name": f"P{number}"})
        other.client.closes() if number % 2 else other.client.reset()
        expect_equal(alice.next("joined", "left"), {"type": "left", "name": f"P{number}"})
    return "20 came and went"


@table.row("/chat/rooms: who comes back gets what it missed, or is told of a gap")
def _(place):
    alice, bob = Person(place, "back", "Alice"), Person(place, "back", "Bob")
    alice.says("one")
    bob.hears(1)
    bob.client.reset()
    for text in ("two", "three"):
        alice.says(text)
    alice.hears(3)
    again = Person(place, "back", "Bobby", since=bob.position)
    expect_equal([line["text"] for line in again.entrance["missed"]], ["two", "three"])
    alice.says("four")
    expect_equal(again.hears(1), [(4, "four")])
    for number in range(101):
        alice.says(f"more {number}")
    alice.hears(102)
    late = Person(place, "back", "Late", since=bob.position)
    expect_equal((late.entrance.get("gap"), "missed" in late.entrance), (True, False))
    return "missed, gap"


@table.row("/chat: the page may connect to the servers that its address lists")
def _(place):
    program = place.server()
    answer = place.wire().ask(wire.get(program, "/chat?servers=a.example:7512"))
    expect("connect-src 'self' ws://a.example:7512 wss://a.example:7512;" in
           answer.header("content-security-policy"), answer.headers)
    expect_equal(place.wire().ask(wire.get(program, "/chat?servers=a%20b")).status, 400)
    return "listed"
