"""A conformance case: what a client sends, and the transcript of what it must hear from /echo."""
import frames
from rows import Table, expect_equal

CUT_LIMIT = 400  # bytes: shorter cases also run one byte at a time


class Cases(Table):
    """Cases of one chapter. All chapters are the group `conformance`."""

    def __init__(self, chapter, path="/echo", wave="light"):
        super().__init__("conformance", wave=wave)
        self.chapter = chapter
        self.path = path

    def case(self, name, sends, *hears, dies=None, over=None, **websocket):
        """sends: bytes, or a list of pieces that go out one by one. hears: lines. dies: the close
        code of a fault; without it the client closes with 1000 at the end and hears 1000 back."""
        pieces = sends if isinstance(sends, list) else [sends]
        whole = b"".join(pieces)

        def story(place):
            ways = [pieces]
            if len(whole) <= CUT_LIMIT:
                ways.append(frames.every_byte(whole))
            for way in ways:
                play(place.client(place.server(websocket or None), self.path), way, hears, dies)
            return hears[-1] if dies is None and hears else f"close {ending(dies)}"

        self.add(f"{self.chapter}: {name}", story, over)


def ending(dies):
    return 1000 if dies is None else dies


def play(client, pieces, hears, dies):
    for piece in pieces:
        client.offer(piece)
    if dies is None:
        client.offer(frames.close(1000))
    wanted = [*hears, f"close {ending(dies)}"]
    expect_equal(client.transcript(), wanted, "transcript")
    if dies is not None:
        client.offer(frames.close(dies or None))
    expect_equal(client.ends(), "closed", "the connection")


def text(payload):
    return frames.line("text", payload)


def binary(payload):
    return frames.line("binary", payload)


def pong(payload=""):
    return frames.line("pong", payload)
