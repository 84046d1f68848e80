"""Python's `websockets`, over TCP and TLS, with and without compression."""
import asyncio
import os
import signal

from rows import Table, expect, expect_equal
from script import LARGE

table = Table("python", wave="heavy")
SECONDS = 40


def row(name, path="/echo", websocket=None):
    """The story gets an open connection; it runs with and without compression."""

    def add(story):
        for compression in (None, "deflate"):
            def run(place, compression=compression):
                settings = {**(websocket or LARGE), "compression": compression is not None}
                program = place.server(settings)

                async def connected():
                    async with connect(program, path, compression) as connection:
                        return await story(connection)

                return asyncio.run(asyncio.wait_for(connected(), SECONDS))

            table.add(f"{name} ({compression or 'plain'})", run)
        return story

    return add


def connect(program, path, compression):
    import websockets  # here, so that its absence fails each of these rows and no other

    address = program.url.replace("http", "ws", 1) + path
    more = {"ssl": program.tls} if program.tls else {}
    return websockets.connect(address, compression=compression, max_size=32 << 20,
                              ping_interval=None, close_timeout=10, **more)


async def echoes(connection, message):
    await connection.send(message)
    expect(await connection.recv() == message, "the message came back changed")


@row("compression is negotiated as configured")
async def _(connection):
    names = [extension.name for extension in connection.extensions]
    wanted = "Sec-WebSocket-Extensions" in connection.request_headers
    expect_equal(names, ["permessage-deflate"] if wanted else [])
    return names or "none"


@row("text and binary come back")
async def _(connection):
    for message in ("", "Grüße, κόσμε ☕", "x" * 70_000, b"", b"\0\xff" * 40_000, os.urandom(1000)):
        await echoes(connection, message)
    return "6 messages"


@row("text and binary come back through a window of 512 bytes", websocket={
    **LARGE, "compressionMode": "dedicated", "compressionWindowBits": 9,
    "compressionMemoryLevel": 1})
async def _(connection):
    for message in ("", "x" * 70_000, b"\0\xff" * 40_000, os.urandom(1000).hex() * 20):
        await echoes(connection, message)
    return "4 messages"


@row("16 MiB come back")
async def _(connection):
    await echoes(connection, "0123456789abcdef" * (1 << 20))
    await echoes(connection, os.urandom(4096) * 4096)
    return "32 MiB"


@row("a message in fragments comes back whole")
async def _(connection):
    parts = [f"part {number};" * 50 for number in range(100)]
    await connection.send(parts)
    expect_equal(await connection.recv() == "".join(parts), True)
    await connection.send([os.urandom(0), b"one", b"two"])
    expect_equal(await connection.recv(), b"onetwo")
    return "2 messages"


@row("1,000 messages come back in order")
async def _(connection):
    async def speak():
        for number in range(1000):
            await connection.send(f"message {number}")

    speaking = asyncio.create_task(speak())
    for number in range(1000):
        expect_equal(await connection.recv(), f"message {number}")
    await speaking
    return "1,000"


@row("a ping is answered with its payload")
async def _(connection):
    await (await connection.ping(b"are you there?"))
    return "pong"


@row("the client closes with 4001 and a reason")
async def _(connection):
    await connection.close(4001, "bye")
    expect_equal(connection.close_code, 4001)
    return f"{connection.close_code} {connection.close_reason}"


@row("the server closes with 1009")
async def _(connection):
    import websockets

    try:
        await connection.send(b"x" * (18 << 20))
        await connection.recv()
        raise AssertionError("a message too big came back")
    except websockets.ConnectionClosed:
        await connection.wait_closed()
    expect_equal(connection.close_code, 1009)
    return f"1009 {connection.close_reason}"


@row("an idle session whose client answers pings stays open", websocket={"idleTimeout": 3000})
async def _(connection):
    try:
        await asyncio.wait_for(connection.recv(), 7)
        raise AssertionError("a message nobody sent")
    except asyncio.TimeoutError:
        await echoes(connection, "alive")
    return "open"


@table.row("a path without a route is refused with 404")
def _(place):
    import websockets

    async def refused():
        try:
            async with connect(place.server(), "/nothing-here", None):
                raise AssertionError("it was accepted")
        except websockets.InvalidStatusCode as error:
            return error.status_code

    expect_equal(asyncio.run(asyncio.wait_for(refused(), SECONDS)), 404)
    return 404


@table.row("the server's end is heard as 1001")
def _(place):
    import websockets

    program = place.own_server(drain={"spread": 0})

    async def story():
        async with connect(program, "/echo", None) as connection:
            await echoes(connection, "hello")
            program.signal(signal.SIGTERM)
            try:
                await connection.recv()
                raise AssertionError("a message nobody sent")
            except websockets.ConnectionClosed as closed:
                return closed.rcvd.code

    expect_equal(asyncio.run(asyncio.wait_for(story(), SECONDS)), 1001)
    return 1001
