"""A client by hand: raw bytes over TCP, TLS or a unix socket; every wait has a deadline."""
import base64
import hashlib
import itertools
import os
import select
import socket
import struct
import time

import frames
from server import PATIENCE

KEY = "dGhlIHNhbXBsZSBub25jZQ=="  # §1.3
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Response:
    """An HTTP response: status, headers (list, as they came), body."""

    def __init__(self, head, body=b""):
        lines = head.decode("latin-1").split("\r\n")
        version, status, *_ = lines[0].split(" ", 2)
        if version not in ("HTTP/1.1", "HTTP/1.0"):
            raise AssertionError(f"not a status line: {lines[0]!r}")
        self.status = int(status)
        self.headers = [(name.strip().lower(), value.strip())
                        for name, _, value in (text.partition(":") for text in lines[1:] if text)]
        self.body = body

    def all(self, name):
        return [value for key, value in self.headers if key == name.lower()]

    def header(self, name):
        """The one value of this header; None without it; to repeat it is the server's error."""
        values = self.all(name)
        if len(values) > 1:
            raise AssertionError(f"{name} came {len(values)} times: {values}")
        return values[0] if values else None

    def tokens(self, name):
        return [token.strip().lower() for value in self.all(name) for token in value.split(",")]


_sources = itertools.count(1)


def source_address():
    """Every client comes from an address of its own (127.1.0.1, ...), by which the log names it."""
    number = next(_sources)
    return f"127.{1 + (number >> 16) % 250}.{number >> 8 & 255}.{number & 255}"


class Wire:
    """One connection. `ending` says how it ended: closed, reset, or None while it is open.

    What `before` holds is sent as it is, piece by piece, before TLS begins.
    """

    def __init__(self, program, receive_bytes=None, patience=PATIENCE, tls=True, before=()):
        self.program = program
        self.source = source_address()
        self.tls = program.tls if tls else None
        self.patience = patience
        self.ending = None
        self.received = 0
        self.before = before
        self._bytes = bytearray()
        self.socket = self._connect(program, receive_bytes)

    def _connect(self, program, receive_bytes):
        unix = program.url.startswith("unix:")
        raw = socket.socket(socket.AF_UNIX if unix else socket.AF_INET)
        raw.settimeout(self.patience)
        if receive_bytes:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        if unix:
            raw.connect(program.url[len("unix:"):])
        else:
            raw.bind((self.source, 0))
            raw.connect(("127.0.0.1", program.port))
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in self.before:
            raw.sendall(piece)
        if self.tls:
            return self.tls.wrap_socket(raw, server_hostname="localhost")
        return raw

    def send(self, data):
        self.socket.settimeout(self.patience)
        self.socket.sendall(data)

    def offer(self, data):
        """Sends as long as the server takes it; a server that hung up is no error here."""
        try:
            self.send(data)
        except (ConnectionError, OSError):
            pass

    def fill(self, seconds=None):
        """Waits for bytes. True: some came. False: the connection ended. TimeoutError: neither."""
        if self.ending:
            return False
        self.socket.settimeout(max(self.patience if seconds is None else seconds, 0.001))
        try:
            data = self.socket.recv(1 << 18)
        except TimeoutError:
            raise TimeoutError("the server says nothing") from None
        except ConnectionError:
            self.ending = "reset"
            return False
        if not data:
            self.ending = "closed"
            return False
        self.received += len(data)
        self._bytes += data
        return True

    def quiet_for(self, seconds):
        """True if neither bytes nor the end come within this time."""
        if self._bytes:
            return False
        try:
            self.fill(seconds)
            return False
        except TimeoutError:
            return True

    def take(self, count):
        while len(self._bytes) < count:
            if not self.fill():
                raise AssertionError(
                    f"connection {self.ending} after {len(self._bytes)} of {count} bytes")
        taken = bytes(self._bytes[:count])
        del self._bytes[:count]
        return taken

    def take_until(self, mark):
        while (at := self._bytes.find(mark)) < 0:
            if not self.fill():
                raise AssertionError(f"connection {self.ending} after {bytes(self._bytes)!r}")
        return self.take(at + len(mark))

    def rest(self, seconds=None):
        """Everything until the end of the connection."""
        deadline = time.monotonic() + (self.patience if seconds is None else seconds)
        while self.fill(deadline - time.monotonic()):
            pass
        rest, self._bytes = bytes(self._bytes), bytearray()
        return rest

    def ends(self, seconds=None):
        """Waits for the end and answers how it came; bytes before it are an error."""
        rest = self.rest(seconds)
        if rest:
            raise AssertionError(f"unexpected bytes before the end: {rest[:200]!r}")
        return self.ending

    def response(self, to_head=False):
        response = Response(self.take_until(b"\r\n\r\n"))
        if to_head or response.status in (101, 204, 304):
            return response
        length = response.header("content-length")
        if length is None:
            raise AssertionError(f"no Content-Length with {response.status}")
        response.body = self.take(int(length))
        return response

    def ask(self, data, to_head=False):
        self.send(data)
        return self.response(to_head)

    def reset(self):
        """Vanishes: the peer gets a reset, as from a machine that was switched off and on."""
        raw = self.socket
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.ending = self.ending or "reset"
        raw.close()

    def drop(self):
        self.socket.close()

    def readable(self, seconds):
        """Waits for the socket (not for a clock): True when the server sent or hung up."""
        if self._bytes or (self.tls and self.socket.pending()):
            return True
        return bool(select.select([self.socket], [], [], seconds)[0])


class Client(Wire):
    """A session by hand."""

    def open(self, path="/echo", headers=()):
        key = base64.b64encode(os.urandom(16)).decode()
        response = self.ask(upgrade(self.program, path, key=key, add=headers))
        if response.status != 101:
            raise AssertionError(f"refused with {response.status}: {response.body[:200]!r}")
        accept = base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()
        if response.header("sec-websocket-accept") != accept:
            raise AssertionError("wrong Sec-WebSocket-Accept")
        self.answer = response
        return response

    def says(self, text):
        self.send(frames.text(text))

    def frame(self, seconds=None):
        """The next frame from the server; None at the end of the connection."""
        if seconds is not None:
            self.patience, old = seconds, self.patience
            try:
                return self.frame()
            finally:
                self.patience = old
        if not self._bytes and not self.fill():
            return None
        first, second = self.take(2)
        if second & 0x80:
            raise AssertionError("a server must not mask (§5.1)")
        length = second & 0x7F
        if length == 126:
            length = struct.unpack("!H", self.take(2))[0]
        elif length == 127:
            length = struct.unpack("!Q", self.take(8))[0]
        return frames.Frame(first & 15, self.take(length), bool(first & 0x80), first >> 4 & 7)

    def hears(self, wanted, seconds=None):
        """The next frame must be this line of a transcript."""
        got = self.frame(seconds)
        seen = got.line() if got else f"end ({self.ending})"
        if seen != wanted:
            reason = f" {got.reason!r}" if got and got.opcode == frames.CLOSE else ""
            raise AssertionError(f"heard {seen!r}{reason}, wanted {wanted!r}")
        return got

    def echoes(self, text="still here"):
        """The session works."""
        self.says(text)
        self.hears(frames.line("text", text))

    def is_closed_with(self, code, seconds=None):
        """Reads until the server's close frame and answers it; then a clean end."""
        while True:
            got = self.frame(seconds)
            if got is None:
                raise AssertionError(f"connection {self.ending} without a close frame")
            if got.opcode == frames.CLOSE:
                break
        if got.code != code:
            raise AssertionError(f"closed with {got.code} {got.reason!r}, wanted {code}")
        self.offer(frames.close(code if code else None))
        ending = self.ends()
        if ending != "closed":
            raise AssertionError(f"connection {ending} after the close frame")
        return got

    def closes(self, code=1000, reason=""):
        """The closing handshake, begun here."""
        self.send(frames.close(code, reason))
        self.hears(f"close {code}")
        ending = self.ends()
        if ending != "closed":
            raise AssertionError(f"connection {ending} after the closing handshake")

    def transcript(self):
        """The lines of everything up to and including the server's close frame, or the end."""
        lines = []
        while True:
            got = self.frame()
            lines.append(got.line() if got else f"end ({self.ending})")
            if got is None or got.opcode == frames.CLOSE:
                return lines


def pace(seconds):
    """What makes a slow client slow. Never used to wait for something to happen."""
    select.select([], [], [], seconds)


def upgrade(program, path="/echo", key=KEY, drop=(), replace=None, add=(), method="GET",
            version="HTTP/1.1"):
    """A handshake request; `drop` and `replace` spoil it header by header, `add` appends some."""
    headers = [("Host", host_of(program)), ("Upgrade", "websocket"), ("Connection", "Upgrade"),
               ("Sec-WebSocket-Key", key), ("Sec-WebSocket-Version", "13")]
    replace = replace or {}
    kept = [(name, replace.get(name, value)) for name, value in headers if name not in drop]
    return request(method, path, [*kept, *add], version)


def request(method, path, headers, version="HTTP/1.1", body=b""):
    lines = [f"{method} {path} {version}", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def get(program, path="/", *headers, method="GET"):
    return request(method, path, [("Host", host_of(program)), *headers])


def host_of(program):
    return f"localhost:{program.port}" if program.port else "localhost"
