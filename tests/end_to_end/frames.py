"""Frames by hand (RFC 6455 §5.2), the words of transcripts, and ways to cut bytes."""
import hashlib
import struct

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
WORDS = {CONTINUATION: "continuation", TEXT: "text", BINARY: "binary", CLOSE: "close",
         PING: "ping", PONG: "pong"}
MASK = b"\x37\xfa\x21\x3d"  # the mask of the RFC's own example, §5.7


def masked(payload, mask):
    """XOR with the repeated mask, as one big integer so that 16 MiB take no time."""
    if not payload or mask == b"\0\0\0\0":
        return bytes(payload)
    key = (mask * (len(payload) // 4 + 1))[:len(payload)]
    number = int.from_bytes(payload, "little") ^ int.from_bytes(key, "little")
    return number.to_bytes(len(payload), "little")


def head(opcode, length, fin=True, rsv=0, mask=MASK, form=None):
    """A frame head. form: 7, 16 or 64 bits of length, not the shortest; mask None: unmasked."""
    first = (0x80 if fin else 0) | rsv << 4 | opcode
    bit = 0x80 if mask is not None else 0
    form = form or (7 if length < 126 else 16 if length < 65536 else 64)
    if form == 7:
        start = struct.pack("!BB", first, bit | length)
    elif form == 16:
        start = struct.pack("!BBH", first, bit | 126, length)
    else:
        start = struct.pack("!BBQ", first, bit | 127, length)
    return start + (mask or b"")


def frame(opcode, payload=b"", fin=True, rsv=0, mask=MASK, form=None):
    payload = payload.encode() if isinstance(payload, str) else payload
    body = masked(payload, mask) if mask is not None else bytes(payload)
    return head(opcode, len(payload), fin, rsv, mask, form) + body


def text(payload="", **options):
    return frame(TEXT, payload, **options)


def binary(payload=b"", **options):
    return frame(BINARY, payload, **options)


def more(payload="", **options):
    return frame(CONTINUATION, payload, **options)


def ping(payload="", **options):
    return frame(PING, payload, **options)


def pong(payload="", **options):
    return frame(PONG, payload, **options)


def close(code=None, reason=b"", **options):
    reason = reason.encode() if isinstance(reason, str) else reason
    body = b"" if code is None else struct.pack("!H", code) + reason
    return frame(CLOSE, body, **options)


def fragments(opcode, payload, size):
    """The message as fragments of `size` bytes each, in one string of bytes."""
    pieces = [payload[at:at + size] for at in range(0, len(payload), size)] or [payload]
    last = len(pieces) - 1
    return b"".join(frame(opcode if at == 0 else CONTINUATION, piece, fin=at == last)
                    for at, piece in enumerate(pieces))


class Frame:
    """A frame as the server sent it."""

    def __init__(self, opcode, payload, fin, rsv):
        self.opcode = opcode
        self.payload = payload
        self.fin = fin
        self.rsv = rsv

    @property
    def code(self):
        """The close code; 0 for an empty close frame."""
        return struct.unpack("!H", self.payload[:2])[0] if len(self.payload) >= 2 else 0

    @property
    def reason(self):
        return self.payload[2:].decode()

    def line(self):
        """One line of a transcript."""
        if self.opcode == CLOSE:
            return f"close {self.code}"
        flags = ("" if self.fin else " (more)") + (f" (rsv {self.rsv})" if self.rsv else "")
        return line(WORDS.get(self.opcode, f"opcode {self.opcode}"), self.payload) + flags


def line(word, payload):
    """`text hello`; binary in hex; long payloads by length and digest."""
    payload = payload.encode() if isinstance(payload, str) else bytes(payload)
    if len(payload) > 64:
        return f"{word} {len(payload)} bytes {hashlib.sha1(payload).hexdigest()[:8]}"
    if word == "text":
        return f"text {payload.decode('utf-8', 'backslashreplace')}"
    if word == "binary":
        return f"binary {payload.hex()}"
    return f"{word} {payload.decode('latin-1')}"


def every_byte(data):
    return [data[at:at + 1] for at in range(len(data))]


def in_pieces(data, size):
    return [data[at:at + size] for at in range(0, len(data), size)]
