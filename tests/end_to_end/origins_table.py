"""Who may connect from a browser: the Origin header against [origins] (RFC 6455 §10.2)."""
from rows import Table, expect_equal
from wire import upgrade

table = Table("handshake")
LISTED = {"origins": ["https://app.example", "https://*.example.org"]}
ANYONE = {"origins": ["allow-any-origin"]}


def origin(name, status, origin_of, host=None, websocket=None, over=None):
    """A row: a handshake with this Origin (text, or made from scheme and port), this status."""

    def story(place):
        program = place.server(websocket)
        own = f"localhost:{program.port}"
        value = origin_of(("https" if place.tls else "http"), program.port) \
            if callable(origin_of) else origin_of
        add = [] if value is None else [("Origin", value)]
        request = upgrade(program, replace={"Host": host or own}, add=add)
        client = place.wire(program)
        expect_equal(client.ask(request).status, status, f"Origin {value}, Host {host or own}")
        if status != 101:
            expect_equal(client.ends(), "closed", "the connection")
        return status

    table.add(f"Origin: {name}", story, over)


# same-origin, the default.
origin("none at all (not a browser)", 101, None)
origin("the same origin", 101, lambda scheme, port: f"{scheme}://localhost:{port}")
origin("the same origin, host in capitals", 101,
       lambda scheme, port: f"{scheme}://LOCALHOST:{port}")
origin("another port", 403, lambda scheme, port: f"{scheme}://localhost:{port ^ 1}")
origin("no port where the request has one", 403, lambda scheme, port: f"{scheme}://localhost")
origin("another host", 403, lambda scheme, port: f"{scheme}://elsewhere:{port}")
origin("another scheme", 403,
       lambda scheme, port: f"{'http' if scheme == 'https' else 'https'}://localhost:{port}")
origin("null (a sandboxed frame)", 403, "null")
origin("file://", 403, "file://")
origin("empty", 403, "")
origin("no scheme", 403, lambda scheme, port: f"localhost:{port}")
origin("our host as a prefix", 403,
       lambda scheme, port: f"{scheme}://localhost:{port}.evil.example")
origin("our host as a suffix", 403, lambda scheme, port: f"{scheme}://evil-localhost:{port}")
origin("our host as user name", 403,
       lambda scheme, port: f"{scheme}://localhost:{port}@evil.example")
origin("a user name before our host", 403, lambda scheme, port: f"{scheme}://user@localhost:{port}")
origin("our host in the path", 403,
       lambda scheme, port: f"{scheme}://evil.example/localhost:{port}")
origin("default port left out: http", 101, "http://app.example", host="app.example", over=["tcp"])
origin("default port left out: https", 101, "https://app.example", host="app.example", over=["tls"])
origin("default port in Host only", 101, "http://app.example", host="app.example:80", over=["tcp"])
origin("default port in Origin only", 101, "https://app.example:443", host="app.example",
       over=["tls"])
origin("the other scheme's default port", 403, "http://app.example", host="app.example:443",
       over=["tcp"])
origin("IPv6", 101, lambda scheme, port: f"{scheme}://[::1]:8080", host="[::1]:8080")
origin("another IPv6 address", 403,
       lambda scheme, port: f"{scheme}://[::2]:8080", host="[::1]:8080")

# A list.
origin("a listed origin", 101, "https://app.example", websocket=LISTED)
origin("a listed origin with its default port", 101, "https://app.example:443", websocket=LISTED)
origin("a listed origin with another scheme", 403, "http://app.example", websocket=LISTED)
origin("a listed origin with another port", 403, "https://app.example:8443", websocket=LISTED)
origin("below a wildcard", 101, "https://chat.example.org", websocket=LISTED)
origin("an IDN label below a wildcard", 101, "https://xn--bcher-kva.example.org", websocket=LISTED)
origin("the wildcard's own domain", 403, "https://example.org", websocket=LISTED)
origin("a domain that only ends like the wildcard", 403, "https://evilexample.org",
       websocket=LISTED)
origin("a wildcard's name inside another domain", 403, "https://chat.example.org.evil.example",
       websocket=LISTED)
origin("below a wildcard with another port", 403, "https://chat.example.org:8443", websocket=LISTED)
origin("below a wildcard with another scheme", 403, "http://chat.example.org", websocket=LISTED)
origin("the wildcard itself", 403, "https://*.example.org", websocket=LISTED)
origin("null is never listed", 403, "null", websocket=LISTED)

# Everyone, by that word only.
origin("anyone, where the word is given", 101, "https://anywhere.example", websocket=ANYONE)
origin("null, where the word is given", 101, "null", websocket=ANYONE)

# Behind a proxy that is trusted: what it says the browser asked for.
FORWARDED = [("X-Forwarded-Host", "app.example"), ("X-Forwarded-Proto", "https"),
             ("X-Forwarded-For", "198.51.100.7")]


def behind(name, status, networks, origin_of, forwarded=FORWARDED):
    """A row: the same handshake, from a proxy on this machine."""

    def story(place):
        program = place.server(None, server={"trustedProxies": networks})
        request = upgrade(program, add=[("Origin", origin_of), *forwarded])
        expect_equal(place.wire(program).ask(request).status, status, f"Origin {origin_of}")
        return status

    table.add(f"Origin behind a trusted proxy: {name}", story)


behind("the host and scheme that it forwards", 101, ["127.0.0.0/8"], "https://app.example")
behind("another scheme", 403, ["127.0.0.0/8"], "http://app.example")
behind("another host", 403, ["127.0.0.0/8"], "https://evil.example")
behind("the standard header", 101, ["127.0.0.0/8"], "https://app.example",
       [("Forwarded", "for=198.51.100.7;proto=https;host=app.example")])
behind("nobody is trusted", 403, [], "https://app.example")
behind("somebody else is", 403, ["10.0.0.0/8"], "https://app.example")
