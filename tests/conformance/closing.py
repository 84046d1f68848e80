"""The closing handshake (RFC 6455 §5.5.1, §7)."""
import frames
from cases import Cases, pong, text
from frames import close
from rows import expect, expect_equal

codes = Cases("10 close codes")
VALID = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000,
         4999]
INVALID = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 1999, 2000, 2999, 5000, 65535]
for code in VALID:
    codes.case(f"{code} is echoed", close(code), dies=code)
    codes.case(f"{code} with a reason is echoed", close(code, "because"), dies=code)
for code in INVALID:
    codes.case(f"{code} is refused", close(code), dies=1002)
    codes.case(f"{code} with a reason is refused", close(code, "because"), dies=1002)

bodies = Cases("11 close frames")
bodies.case("an empty one is answered by an empty one", close(), dies=0)
bodies.case("a body of one byte", frames.frame(frames.CLOSE, b"\x03"), dies=1002)
bodies.case("a reason of 123 bytes", close(1000, "*" * 123), dies=1000)
bodies.case("a reason of 124 bytes", close(1000, "*" * 124), dies=1002)
bodies.case("a reason in UTF-8", close(1000, "schöne Grüße €"), dies=1000)
bodies.case("a reason that is not UTF-8", close(1000, b"\xed\xa0\x80"), dies=1007)
bodies.case("a reason that ends inside a letter", close(1000, b"\xe2\x82"), dies=1007)
bodies.case("a fragmented close", close(1000, fin=False) + frames.more(b"x"), dies=1002)
bodies.case("a close with a 16-bit length", close(1000, "x", form=16), dies=1002)

order = Cases("12 after a close")
order.case("messages before it are answered",
           b"".join(frames.text(f"message {n}") for n in range(10)) + close(1000),
           *[text(f"message {n}") for n in range(10)], dies=1000)
order.case("a message behind it is not", close(1000) + frames.text("late"), dies=1000)
order.case("a ping behind it is not", close(1000) + frames.ping("late"), dies=1000)
order.case("a second close behind it is not", close(1000) + close(4000), dies=1000)
order.case("an error behind it makes no difference", close(1000) + frames.frame(3), dies=1000)
order.case("a ping before it is answered", frames.ping("?") + close(1000), pong("?"), dies=1000)
order.case("inside an unfinished message", frames.text("part", fin=False) + close(1000), dies=1000)
order.case("a megabyte behind it does not turn it into a reset",
           close(1000) + frames.binary(b"x" * 65536) * 16, dies=1000)
order.case("an error, then a megabyte, does not become a reset",
           frames.frame(3) + frames.binary(b"x" * 65536) * 16, dies=1002)
order.case("256 KiB and then a close in one write",
           frames.text("*" * (256 * 1024)) + close(1000), text("*" * (256 * 1024)), dies=1000)


@order.row("12 after a close: the server ends TCP at once")
def _(place):
    client = place.client(place.server({"closeTimeout": 60_000}))
    client.send(close(1000, "bye"))
    got = client.hears("close 1000")
    expect_equal(got.reason, "", "a reason in the echo") if not got.reason else \
        expect_equal(got.reason, "bye", "the reason in the echo")
    expect_equal(client.ends(3), "closed", "the connection")
    return "closed"


@order.row("12 after a close: our answer to the server's close ends TCP at once")
def _(place):
    client = place.client(place.server({"closeTimeout": 60_000}))
    client.send(frames.frame(3))
    client.hears("close 1002")
    client.send(close(1002))
    expect_equal(client.ends(3), "closed", "the connection")
    return "closed"


@order.row("12 after a close: a client that only hangs up is no trouble")
def _(place):
    for _ in range(20):
        client = place.client()
        client.echoes()
        client.drop()
    other = place.client()
    other.echoes()
    expect(other.ending is None, "another session ended")
    return "echo"


class table:  # all chapters of this file
    rows = [row for chapter in (codes, bodies, order) for row in chapter.rows]
