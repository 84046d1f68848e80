"""Frames, control frames, reserved bits, opcodes, fragments (RFC 6455 §5)."""
import frames
from cases import Cases, binary, pong, text
from frames import BINARY, TEXT, frame, more, ping

sizes = Cases("1 lengths")
for length in (0, 1, 125, 126, 127, 128, 65535, 65536, 65537):
    letters, data = "*" * length, b"\xfe" * length
    sizes.case(f"text of {length} bytes", frames.text(letters), text(letters))
    sizes.case(f"binary of {length} bytes", frames.binary(data), binary(data))
sizes.case("65536 bytes of text in pieces of 997", frames.in_pieces(frames.text("*" * 65536), 997),
           text("*" * 65536))
sizes.case("65536 bytes of binary in pieces of 997",
           frames.in_pieces(frames.binary(b"\xfe" * 65536), 997), binary(b"\xfe" * 65536))
sizes.case("a short payload with a 16-bit length", frames.text("hi", form=16), dies=1002)
sizes.case("a short payload with a 64-bit length", frames.text("hi", form=64), dies=1002)
sizes.case("200 bytes with a 64-bit length", frames.text("x" * 200, form=64), dies=1002)
sizes.case("a length with its highest bit set", frames.head(BINARY, 1 << 63, form=64), dies=1002)
sizes.case("a length of 2^64 - 1", frames.head(BINARY, (1 << 64) - 1, form=64), dies=1002)
sizes.case("a length of 2^63 - 1", frames.head(BINARY, (1 << 63) - 1, form=64), dies=1009)
sizes.case("a length of 2^32", frames.head(BINARY, 1 << 32, form=64), dies=1009)

masks = Cases("2 masks")
masks.case("a frame that is not masked", frames.text("hello", mask=None), dies=1002)
masks.case("an unmasked frame after a good one",
           frames.text("good") + frames.text("bad", mask=None), text("good"), dies=1002)
masks.case("a ping that is not masked", ping("hello", mask=None), dies=1002)
masks.case("a mask of zeros", frames.text("hello", mask=b"\0\0\0\0"), text("hello"))
masks.case("each frame has its own mask",
           frames.text("one", mask=b"\1\2\3\4") + frames.text("two", mask=b"\5\6\7\x08"),
           text("one"), text("two"))
masks.case("each fragment has its own mask",
           frames.text("hel", fin=False, mask=b"\1\2\3\4") + more("lo", mask=b"\xff\0\xff\0"),
           text("hello"))
for cut in range(1, 9):
    masks.case(f"a fragment of {cut} bytes does not shift the next mask",
               frames.binary(b"x" * cut, fin=False) + more(b"0123456789"),
               binary(b"x" * cut + b"0123456789"))

pings = Cases("3 pings and pongs")
pings.case("a ping without payload", ping(), pong())
pings.case("a ping with payload", ping("hello"), pong("hello"))
pings.case("a ping with binary payload", ping(b"\0\xff\xfe\xfd\xfc\xfb\0\xff"),
           pong(b"\0\xff\xfe\xfd\xfc\xfb\0\xff"))
pings.case("a ping of 125 bytes", ping(b"\xfe" * 125), pong(b"\xfe" * 125))
pings.case("a ping of 126 bytes", ping(b"\xfe" * 126), dies=1002)
pings.case("a ping of 126 bytes after a good message",
           frames.text("first") + ping(b"\xfe" * 126), text("first"), dies=1002)
pings.case("an unsolicited pong without payload", frames.pong())
pings.case("an unsolicited pong with payload", frames.pong("unasked"))
pings.case("an unsolicited pong, then a ping", frames.pong("unasked") + ping("asked"),
           pong("asked"))
pings.case("ten pings are answered one by one, in order",
           b"".join(ping(f"ping {n}") for n in range(10)), *[pong(f"ping {n}") for n in range(10)])
pings.case("a ping between two messages", frames.text("one") + ping("?") + frames.text("two"),
           text("one"), pong("?"), text("two"))
pings.case("a fragmented ping", ping("hel", fin=False) + more("lo"), dies=1002)
pings.case("a fragmented pong", frames.pong("hel", fin=False) + more("lo"), dies=1002)
pings.case("a pong of 126 bytes", frames.pong("x" * 126), dies=1002)

reserved = Cases("4 reserved bits")
for rsv in range(1, 8):
    reserved.case(f"rsv {rsv} on text", frames.text("hello", rsv=rsv), dies=1002)
    reserved.case(f"rsv {rsv} on binary after a good message",
                  frames.text("good") + frames.binary(b"bad", rsv=rsv), text("good"), dies=1002)
    reserved.case(f"rsv {rsv} on a ping", ping("?", rsv=rsv), dies=1002)
    reserved.case(f"rsv {rsv} on a close", frames.close(1000, rsv=rsv), dies=1002)
reserved.case("an error after two good messages and a ping",
              [frames.text("one"), frames.text("two"), ping("?"), frames.text("bad", rsv=5)],
              text("one"), text("two"), pong("?"), dies=1002)

opcodes = Cases("5 opcodes")
for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
    opcodes.case(f"opcode {opcode}, empty", frame(opcode), dies=1002)
    opcodes.case(f"opcode {opcode} after a good message, and a ping behind it",
                 frames.text("good") + frame(opcode, "bad") + ping("late"), text("good"), dies=1002)
opcodes.case("an opcode is refused before its payload came", frames.head(3, 100), dies=1002)

parts = Cases("6 fragments")
parts.case("text in two", frames.text("hel", fin=False) + more("lo"), text("hello"))
parts.case("binary in two", frames.binary(b"\1\2", fin=False) + more(b"\3"), binary(b"\1\2\3"))
parts.case("text in five", frames.text("h", fin=False) + more("e", fin=False) +
           more("l", fin=False) + more("l", fin=False) + more("o"), text("hello"))
parts.case("a ping may interrupt a message",
           frames.text("hel", fin=False) + ping("?") + more("lo"), pong("?"), text("hello"))
parts.case("a ping between every two fragments",
           frames.text("a", fin=False) + ping("1") + more("b", fin=False) + ping("2") + more("c"),
           pong("1"), pong("2"), text("abc"))
parts.case("a pong may interrupt a message",
           frames.text("hel", fin=False) + frames.pong("?") + more("lo"), text("hello"))
parts.case("a fragmented ping inside a message",
           frames.text("hel", fin=False) + ping("?", fin=False) + more("lo"), dies=1002)
parts.case("nothing to continue, last", more("lost"), dies=1002)
parts.case("nothing to continue, more to come", more("lost", fin=False) + more("more"), dies=1002)
parts.case("nothing to continue after a whole message",
           frames.text("whole") + more("lost"), text("whole"), dies=1002)
parts.case("a new message before the last one ended",
           frames.text("one", fin=False) + frames.text("two"), dies=1002)
parts.case("binary before text ended", frames.text("one", fin=False) + frames.binary(b"two"),
           dies=1002)
parts.case("a new fragmented message before the last one ended",
           frames.text("one", fin=False) + frames.binary(b"two", fin=False) + more("three"),
           dies=1002)
parts.case("all fragments empty", frames.text(fin=False) + more(fin=False) + more(), text(""))
parts.case("only the middle one has a payload",
           frames.text(fin=False) + more("middle", fin=False) + more(), text("middle"))
parts.case("an error behind an unfinished message, after a whole one",
           frames.text("whole") + frames.text("part", fin=False) + frame(3), text("whole"),
           dies=1002)
parts.case("fragments of growing sizes",
           frames.binary(b"a", fin=False) + b"".join(
               more(b"b" * size, fin=False) for size in (125, 126, 65535, 65536)) + more(b"c"),
           binary(b"a" + b"b" * (125 + 126 + 65535 + 65536) + b"c"))
parts.case("two fragmented messages, one after the other",
           frames.fragments(TEXT, b"first", 2) + frames.fragments(BINARY, b"second", 4),
           text("first"), binary(b"second"))
parts.case("many messages in one write are answered in order",
           b"".join(frames.text(f"message {n}") for n in range(1000)),
           *[text(f"message {n}") for n in range(1000)])


class table:  # all chapters of this file
    rows = [row for chapter in (sizes, masks, pings, reserved, opcodes, parts)
            for row in chapter.rows]
