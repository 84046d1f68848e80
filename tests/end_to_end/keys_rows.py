"""How the tables of configuration keys are written, and what the program says of its keys.

A key's row looks at two servers that differ in that key alone, and answers what it saw of each.
"""
import functools
import json
import os
import subprocess

import frames
import server
from rows import Table, expect, expect_equal

KEYS_SERVER = os.environ.get(
    "ORRERY_KEYS_SERVER", os.path.join(os.path.dirname(server.BINARY), "tests", "keys_server"))
WEBSOCKET = "server.protocols.websocket."
MOMENT = 2.0  # seconds in which what is configured to come soon has come, on a busy machine too

table = Table("keys", over=("tcp",))
tested = {}    # key as the schema has it -> the title of its row
elsewhere = {}  # key -> the title of a row of another table


# What the program knows.
def answer_of(*words):
    run = subprocess.run([server.BINARY, *words], capture_output=True, text=True,
                         timeout=server.PATIENCE, check=False)
    expect_equal((run.returncode, run.stderr), (0, ""), " ".join(words))
    return run.stdout


@functools.cache
def leaves():
    """Every key that has a value, in the order of `orrery config defaults`: path -> its schema."""
    found = {}
    collect(json.loads(answer_of("config", "schema")), "", found)
    return found


def collect(schema, path, found):
    objects = [each for each in schema.get("anyOf", [schema]) if each.get("type") == "object"]
    if not objects:
        found[path] = schema
        return
    below = path + "." if path else ""
    for name, member in objects[0].get("properties", {}).items():
        collect(member, below + name, found)
    if isinstance(objects[0].get("additionalProperties"), dict):
        collect(objects[0]["additionalProperties"], below + "*", found)


@functools.cache
def explained(path):
    return answer_of("config", "explain", path.replace("*", "tenant:NAME"))


def acts(path):
    return "It does not act in this release." not in explained(path)


# How a row says which key it is about.
def general(path):
    """The key as the schema has it: of a pool's name it knows nothing."""
    parts = path.split(".")
    return ".".join(["pools", "*", *parts[2:]] if parts[0] == "pools" else parts)


def changed(tree, path, value):
    """The same configuration with this key set."""
    name, _, rest = path.partition(".")
    below = value if not rest else changed(tree.get(name, {}), rest, value)
    return {**tree, name: below}


def configured(keys):
    tree = server.configuration()
    for path, value in keys.items():
        tree = changed(tree, path, value)
    return tree


def orrery(place, tree):
    return place.own(place.world.start(tree, place.transport))


def gate(place, tree):
    """keys_server.cpp with this configuration."""
    path = os.path.join(place.world.folder, f"gate-{server.next_number()}.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(tree, file, indent=2)
    return place.own(server.Program([KEYS_SERVER, "--config", path]))


def add(path, story, title=None):
    key = general(path)
    expect(key not in tested and key not in elsewhere, f"{key} has two rows")
    tested[key] = f"keys tcp: {title or key}"
    table.add(title or key, story)


def key(path, value, seen, instead_of=None, beside=None, start=orrery, names=()):
    """Decorator: `observe(place, program)` must see `seen[0]` by default, `seen[1]` with `value`.

    `instead_of`: what to compare with, where the default takes too long to be seen; `beside`: other
    keys that both servers have; `names`: more paths of the same key.
    """

    def decorate(observe):
        for each in (path, *names):
            def story(place, each=each):
                return difference(place, each, value, seen, observe, instead_of, beside, start)
            add(each, story)
        return observe

    return decorate


def difference(place, path, value, seen, observe, instead_of, beside, start):
    common = configured(beside or {})
    first = common if instead_of is None else changed(common, path, instead_of)
    with start(place, first) as program:
        expect_equal(observe(place, program), seen[0], f"without {path}={value}")
    with start(place, changed(common, path, value)) as program:
        expect_equal(observe(place, program), seen[1], f"with {path}={value}")
    before = "by default" if instead_of is None else f"with {shown(instead_of)}"
    return f"{seen[0]} {before}; {seen[1]} with {shown(value)}"


def shown(value):
    """A file's place says nothing to a reader."""
    text = json.dumps(value)
    return text if len(text) < 60 and "/tmp/" not in text else "a value of its own"


def story(path):
    """Decorator for a key whose difference is seen otherwise than in two servers that run."""

    def decorate(told):
        add(path, told)
        return told

    return decorate


def told_by(title, *paths):
    """These keys' difference is observed by a row of another table."""
    for path in paths:
        expect(general(path) not in tested, f"{path} has two rows")
        elsewhere[general(path)] = title


def refused(place, keys, why):
    """A configuration that stops the start; the words of the complaint."""
    program = server.serve(place.world.folder, configured(keys), ready=False)
    with program:
        status = program.wait()
        line = next((line for line in program.log.lines if why in line), None)
        expect(line is not None, f"nothing about {why} in {program.log.lines}")
    return f"exit {status}"


# What several rows look at.
def next_of(client, seconds=MOMENT):
    """What a session hears within so many seconds, as a word; a close with its code."""
    if not client.readable(seconds):
        return "nothing"
    got = client.frame()
    if got is None:
        return "the end"
    return got.line() if got.opcode == frames.CLOSE else frames.WORDS[got.opcode]


def answer_or_nothing(client, seconds=MOMENT):
    """The status that comes within so many seconds, "the end" of the connection, or nothing."""
    if not client.readable(seconds):
        return "nothing"
    return client.response().status if client.fill() else "the end"
