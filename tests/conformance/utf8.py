"""Text is UTF-8, and what is not fails at the first bad byte, even inside a frame (§8.1)."""
import frames
from cases import Cases, text
from frames import head, masked, more
from rows import expect_equal

GREEK = "Hello-µ@ßöäüàá-UTF-8!!"
KOSME = "κόσμε"
valid = Cases("7 valid UTF-8")
VALID = [
    ("every length of sequence", "$¢€𐍈"), ("Greek", KOSME), ("Latin letters", GREEK),
    ("the first of two bytes", "\x80"), ("the first of three bytes", "\u0800"),
    ("the first of four bytes", "\U00010000"), ("the last of one byte", "\x7f"),
    ("the last of two bytes", "\u07ff"), ("the last of three bytes", "\uffff"),
    ("the last of four bytes", "\U0010ffff"), ("before the surrogates", "\ud7ff"),
    ("behind the surrogates", "\ue000"), ("the replacement character", "\ufffd"),
    ("noncharacters", "\ufdd0\ufdef\ufffe\U0001fffe\U0010fffe"), ("a NUL", "a\0b"),
    ("a byte order mark", "\ufeffx"), ("a family of emoji", "👨‍👩‍👧‍👦"),
]
for name, letters in VALID:
    raw = letters.encode()
    valid.case(name, frames.text(raw), text(raw))
    valid.case(f"{name}, each byte a fragment",
               frames.fragments(frames.TEXT, raw, 1), text(raw))
valid.case("one letter cut by a ping between fragments",
           frames.text(b"\xce", fin=False) + frames.ping("?") + more(b"\xba"), "pong ?", text("κ"))
valid.case("64 KiB of three-byte letters in fragments of 1000",
           frames.fragments(frames.TEXT, ("€" * 21845).encode(), 1000), text("€" * 21845))

invalid = Cases("8 invalid UTF-8")
INVALID = [
    ("a lone continuation byte", b"\x80"), ("two continuation bytes", b"\x80\xbf"),
    ("a start of two, then a letter", b"\xc2A"), ("a start of three, then a letter", b"\xe2\x82A"),
    ("a start of four, then a letter", b"\xf0\x90\x8dA"), ("0xfe", b"\xfe"), ("0xff", b"\xff"),
    ("a start of five", b"\xf8\x88\x80\x80\x80"), ("a start of six", b"\xfc\x84\x80\x80\x80\x80"),
    ("overlong slash in two", b"\xc0\xaf"), ("overlong slash in three", b"\xe0\x80\xaf"),
    ("overlong slash in four", b"\xf0\x80\x80\xaf"), ("overlong NUL", b"\xc0\x80"),
    ("0xc1", b"\xc1\xbf"), ("overlong last of two", b"\xe0\x9f\xbf"),
    ("overlong last of three", b"\xf0\x8f\xbf\xbf"), ("the first surrogate", b"\xed\xa0\x80"),
    ("the last surrogate", b"\xed\xbf\xbf"), ("a pair of surrogates", b"\xed\xa0\x80\xed\xb0\x80"),
    ("beyond U+10FFFF", b"\xf4\x90\x80\x80"), ("0xf5", b"\xf5\x80\x80\x80"),
    ("good, bad, good", KOSME.encode() + b"\xed\xa0\x80" + b"edited"),
]
for name, raw in INVALID:
    invalid.case(name, frames.text(raw), dies=1007)
    invalid.case(f"{name}, each byte a fragment", frames.fragments(frames.TEXT, raw, 1), dies=1007)
    invalid.case(f"{name}, behind 1000 letters", frames.text(b"x" * 1000 + raw), dies=1007)
for size in (1, 2, 3):
    cut = "𐍈".encode()[:size]
    invalid.case(f"a message that ends after {size} of 4 bytes", frames.text(cut), dies=1007)
    invalid.case(f"a fragmented message that ends after {size} of 4 bytes",
                 frames.text(cut, fin=False) + more(), dies=1007)
invalid.case("a good message first", frames.text("good") + frames.text(b"\xff"), text("good"),
             dies=1007)
invalid.case("binary may hold anything", frames.binary(bytes(range(256))),
             frames.line("binary", bytes(range(256))))
invalid.case("a binary message in fragments may hold anything",
             frames.binary(b"\xff", fin=False) + more(b"\xc2"), frames.line("binary", b"\xff\xc2"))
invalid.case("a ping inside a broken text may hold anything",
             frames.text(KOSME.encode()[:1], fin=False) + frames.ping(b"\xff") + more(b"\xba"),
             frames.line("pong", b"\xff"), text("κ"))

early = Cases("9 fail fast")


def fails_early(name, beginning, way="mid-frame"):
    """The frame declares more bytes than it sends: the refusal must not wait for them."""

    def in_frame(place):
        client = place.client()
        client.send(head(frames.TEXT, len(beginning) + 100) + masked(beginning, frames.MASK))
        expect_equal(client.transcript(), ["close 1007"], "transcript")
        return "close 1007"

    def in_message(place):
        client = place.client()
        client.send(frames.text(beginning, fin=False))
        expect_equal(client.transcript(), ["close 1007"], "transcript")
        return "close 1007"

    early.add(f"9 fail fast: {name}, {way}", in_frame if way == "mid-frame" else in_message)


for name, raw in INVALID:
    if raw[-1:] != b"A":
        fails_early(name, raw)
        fails_early(name, raw, "mid-message")
fails_early("behind 100,000 good letters", b"x" * 100_000 + b"\xff")
fails_early("behind 100,000 good letters", b"x" * 100_000 + b"\xff", "mid-message")


@early.row("9 fail fast: one byte at a time, on the very byte that breaks it")
def _(place):
    for _, raw in INVALID:
        client = place.client()
        client.send(head(frames.TEXT, 1000))
        sent = 0
        for at, byte in enumerate(masked(raw, frames.MASK)):
            client.offer(bytes([byte]))
            sent = at + 1
            if breaks(raw[:sent]):
                break
        expect_equal(client.transcript(), ["close 1007"], f"transcript of {raw[:sent]!r}")
    return "close 1007"


def breaks(raw):
    """True if no continuation can make this UTF-8."""
    try:
        raw.decode()
        return False
    except UnicodeDecodeError as error:
        return error.reason != "unexpected end of data"


@early.row("9 fail fast: an unfinished letter is not yet an error")
def _(place):
    client = place.client()
    client.send(frames.text(b"\xf0\x90\x8d", fin=False) + frames.ping("?"))
    client.hears("pong ?")
    client.send(more(b"\x88"))
    client.hears(text("𐍈"))
    client.closes()
    return "text 𐍈"


class table:  # all chapters of this file
    rows = [row for chapter in (valid, invalid, early) for row in chapter.rows]
