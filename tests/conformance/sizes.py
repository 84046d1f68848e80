"""Large messages: whole, in fragments, in small writes, many in a row."""
import os

import frames
from cases import Cases
from rows import expect_equal

LARGE = {"maxMessageSize": "16MiB", "maxQueuedBytes": "64MiB", "messageTimeout": 60_000}
MIB = 1 << 20
chapter = Cases("13 sizes", wave="heavy")


def echoed(name, size, cut=None, fragment=None, text=False, times=1):
    """A message of this size: in writes of `cut` bytes, in fragments of `fragment` bytes."""

    def story(place):
        client = place.client(place.server(LARGE))
        payload = b"*" * size if text else os.urandom(size)
        opcode = frames.TEXT if text else frames.BINARY
        data = frames.fragments(opcode, payload, fragment) if fragment \
            else frames.frame(opcode, payload)
        for _ in range(times):
            for piece in frames.in_pieces(data, cut) if cut else [data]:
                client.send(piece)
            got = client.frame()
            expect_equal((got.opcode, len(got.payload)), (opcode, size), "opcode and length")
            expect_equal(got.payload == payload, True, "same payload")
        client.closes()
        return f"{size * times // 1024} KiB"

    chapter.add(f"13 sizes: {name}", story)


for mib in (1, 4, 16):
    echoed(f"text of {mib} MiB", mib * MIB, text=True)
    echoed(f"binary of {mib} MiB", mib * MIB)
for fragment in (64, 256, 1024, 4096, 65536, MIB):
    echoed(f"4 MiB in fragments of {fragment} bytes", 4 * MIB, fragment=fragment)
    echoed(f"4 MiB of text in fragments of {fragment} bytes", 4 * MIB, fragment=fragment, text=True)
for cut in (64, 256, 1024, 65536):
    echoed(f"1 MiB in writes of {cut} bytes", MIB, cut=cut)
    echoed(f"1 MiB of text in writes of {cut} bytes", MIB, cut=cut, text=True)
for size in (0, 16, 64, 256, 1024, 4096, 16384, 65536):
    echoed(f"200 messages of {size} bytes, one after the other", size, times=200)


@chapter.row("13 sizes: 100,000 messages of 16 bytes in a pipeline")
def _(place):
    client = place.client(place.server(LARGE))
    block = b"".join(frames.text(f"{number:016d}") for number in range(1000))
    wanted = b"".join(frames.text(f"{number:016d}", mask=None) for number in range(1000))
    for _ in range(100):
        client.send(block)
        expect_equal(client.take(len(wanted)) == wanted, True, "the echoes in order")
    client.closes()
    return "100,000"


table = chapter
