#!/usr/bin/python3
"""Python's `websockets` as a server for our client: an echo that also does what a few words ask.

Prints `listening http://HOST:PORT`, as `orrery serve` does.
"""
import asyncio
import http
import signal


async def ping(socket):
    await (await socket.ping(b"tick"))
    await socket.send("your pong: tick")


async def fragments(socket):
    async def pieces():
        yield "in "
        yield "fragments"

    await socket.send(pieces())


async def extensions(socket):
    await socket.send(",".join(each.name for each in socket.extensions) or "none")


async def cut(socket):
    socket.transport.abort()


WORDS = {
    "which extensions": extensions,
    "ping me": lambda socket: asyncio.ensure_future(ping(socket)),
    "close me": lambda socket: socket.close(4002, "as you wish"),
    "cut me off": cut,
    "in fragments": fragments,
}


async def echo(socket, *_):
    async for message in socket:
        act = WORDS.get(message) if isinstance(message, str) else None
        await (act(socket) if act else socket.send(message))


async def guard(path, headers):
    if path == "/private" and headers.get("Authorization") != "Bearer sesame":
        return http.HTTPStatus.UNAUTHORIZED, [], b"sign in first\n"
    return None


async def main():
    import websockets

    stop = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set_result, None)
    async with websockets.serve(echo, "127.0.0.1", 0, subprotocols=["feed.v2"],
                                process_request=guard, ping_interval=None) as server:
        port = server.sockets[0].getsockname()[1]
        print(f"listening http://127.0.0.1:{port}", flush=True)
        await stop


asyncio.run(main())
