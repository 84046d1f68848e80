"""The admin listener, and the commands that ask it. `run.py admin`."""
import json
import os
import re
import socket
import subprocess

import planted
import server
import wire
from rows import Table, expect, expect_equal

table = Table("admin", over=("tcp",))


class Listener:
    """Another listener of a program: what a Wire connects to."""

    def __init__(self, url):
        network = re.fullmatch(r"http://(.+):(\d+)", url)
        expect(network, f"no URL of an admin listener: {url}")
        self.url, self.host, self.port, self.tls = url, network[1], int(network[2]), None


def admin_of(program):
    """The admin listener of a server, found on its stdout."""
    line = program.out.wait_for(lambda text: text.startswith("admin "))
    expect(line is not None, f"no `admin` line: {program.out.lines}")
    return Listener(line.split()[1])


def asked(place, admin, path, *headers, method="GET"):
    add = [("Content-Length", "0")] if method == "POST" else []
    client = place.wire(admin)
    try:
        return client.ask(wire.get(admin, path, *add, *headers, method=method))
    finally:
        client.drop()


def status_of(place, admin, *headers):
    return json.loads(asked(place, admin, "/api/status", *headers).body)


def orrery(*words):
    """Runs a command that is not `serve`."""
    return subprocess.run([server.BINARY, *words], capture_output=True, text=True,
                          timeout=server.PATIENCE, check=False)


@table.row("its line comes after those of the other listeners, with the real port")
def _(place):
    program = place.own_server()
    admin = admin_of(program)
    words = [line.split()[0] for line in program.out.lines]
    expect_equal(words, ["listening", "admin"])
    expect(admin.port not in (0, program.port), program.out.lines)
    return "admin http://127.0.0.1:PORT"


@table.row("/healthz and /readyz of a server that serves")
def _(place):
    admin = admin_of(place.server())
    for path, body in (("/healthz", b"ok\n"), ("/readyz", b"ready\n")):
        answer = asked(place, admin, path)
        expect_equal((answer.status, answer.body), (200, body), path)
    return 200


@table.row("/api/status counts the sessions")
def _(place):
    program = place.own_server(server={"threads": 2})
    admin = admin_of(program)
    crowd = [place.client(program) for _ in range(3)]
    for client in crowd:
        client.echoes()
    seen = status_of(place, admin)
    version = seen.pop("version")
    nodes = seen.pop("nodes")
    expect_equal(seen, {"ready": True, "draining": False, "sessions": 3, "loops": 2,
                        "problems": []})
    expect_equal(nodes, [{"name": socket.gethostname(), "ready": True, "draining": False,
                          "sessions": 3}])
    expect_equal(orrery("version").stdout, f"orrery {version}\n")
    for client in crowd:
        client.closes()
        program.closed_session(client)
    expect_equal(status_of(place, admin)["sessions"], 0)
    return "3, 0"


def metrics_of(place, admin):
    """{'orrery_sessions{gear="echo",pool="gear:echo"}': 3.0, ...}"""
    answer = asked(place, admin, "/metrics")
    expect_equal(answer.header("content-type"), "text/plain; version=0.0.4")
    lines = [line for line in answer.body.decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


@table.row("/metrics counts sessions, messages, bytes, refusals and ends")
def _(place):
    program = place.own_server(server={"threads": 2})
    admin = admin_of(program)
    before = metrics_of(place, admin)
    for name in ('orrery_handshakes_refused_total{status="403"}',
                 'orrery_sessions_closed_total{gear="echo",cause="client"}',
                 'orrery_messages_total{gear="echo",pool="gear:echo",direction="in"}'):
        expect_equal(before[name], 0, name)
    crowd = [place.client(program) for _ in range(3)]
    for client in crowd:
        client.echoes()
    expect_equal(place.wire(program).ask(wire.upgrade(program, add=[
        ("Origin", "https://evil.example")])).status, 403)
    refused = program.log.wait_for(lambda line: "handshake refused" in line)
    expect('cause=origin' in refused and 'origin="https://evil.example"' in refused, refused)
    echo = '{gear="echo",pool="gear:echo"'
    seen = metrics_of(place, admin)
    expect_equal(seen[f"orrery_sessions{echo}}}"], 3)
    expect_equal(seen[f'orrery_messages_total{echo},direction="in"}}'], 3)
    expect_equal(seen[f'orrery_messages_total{echo},direction="out"}}'], 3)
    expect_equal(seen[f'orrery_bytes_total{echo},direction="in"}}'],
                 seen[f'orrery_bytes_total{echo},direction="out"}}'])
    expect_equal(seen['orrery_pool_sessions{pool="gear:echo"}'], 3)
    expect_equal(seen['orrery_handshakes_refused_total{status="403"}'], 1)
    expect_equal(seen["orrery_ready"], 1)
    for client in crowd:
        client.closes()
        program.closed_session(client)
    seen = metrics_of(place, admin)
    expect_equal(seen[f"orrery_sessions{echo}}}"], 0)
    expect_equal(sum(value for name, value in seen.items() if name.startswith(
        'orrery_sessions_closed_total{gear="echo"')), 3)
    return f"{len(seen)} values"


def port_of(client):
    return client.socket.getsockname()[1]


def sessions_of(place, admin, query=""):
    return json.loads(asked(place, admin, "/api/sessions" + query).body)


@table.row("/api/sessions finds sessions by gear, name, group and text")
def _(place):
    program = place.own_server(server={"threads": 2})
    admin = admin_of(program)
    echo = place.client(program, "/echo?token=s3cret&x=1")
    echo.echoes()
    for name in ("tea", "rum"):
        place.client(program, f"/echo/groups/{name}")
    seen = sessions_of(place, admin, "?text=x%3D1")
    expect_equal((seen["matching"], seen["complete"]), (1, True))
    found = seen["sessions"][0]
    expect_equal(found["target"], "/echo?token=[redacted]&x=1")
    expect_equal((found["gear"], found["pool"], found["messages_in"]), ("echo", "gear:echo", 1))
    expect_equal(sessions_of(place, admin, "?group=echo:tea")["matching"], 1)
    expect_equal(sessions_of(place, admin, "?gear=echo&limit=2")["matching"], 3)
    expect_equal(len(sessions_of(place, admin, "?gear=echo&limit=2")["sessions"]), 2)
    for query in ("?gear=chat", "?name=nobody", "?pool=gear:chat", "?text=s3cret"):
        expect_equal(sessions_of(place, admin, query)["matching"], 0, query)
    return "1 of 3"


@table.row("a session is closed by its ID, with 4002; nobody else is")
def _(place):
    program = place.own_server()
    admin = admin_of(program)
    first, second, third = (place.client(program) for _ in range(3))
    for client in (first, second, third):
        client.echoes()
    ids = {each["remote_port"]: each["id"] for each in sessions_of(place, admin)["sessions"]}
    path = f"/api/sessions/{ids[port_of(first)]}/close"
    expect_equal(asked(place, admin, path, method="POST").status, 202)
    first.is_closed_with(4002)
    said = orrery("kick", ids[port_of(second)], "--set", f"admin.port={admin.port}")
    expect_equal((said.returncode, said.stderr), (0, ""))
    second.is_closed_with(4002)
    third.echoes()
    for client in (first, second):
        program.closed_session(client)
    expect_equal(asked(place, admin, path, method="POST").status, 404)
    again = orrery("kick", ids[port_of(second)], "--set", f"admin.port={admin.port}")
    expect_equal((again.returncode, "no such session" in again.stderr), (1, True))
    wrong = orrery("kick", "../drain", "--set", f"admin.port={admin.port}")
    expect_equal(wrong.returncode, 2)
    return "4002, 404"


@table.row("the dashboard's page, with a policy that lets nothing else run in it")
def _(place):
    admin = admin_of(place.server())
    answer = asked(place, admin, "/")
    expect_equal((answer.status, answer.header("content-type")), (200, "text/html; charset=utf-8"))
    policy = answer.header("content-security-policy")
    expect("default-src 'self'" in policy and "frame-ancestors 'none'" in policy, policy)
    for file in re.findall(r'(?:src|href)="([^":#]+)"', answer.body.decode()):
        expect_equal(asked(place, admin, "/" + file.removeprefix("./")).status, 200, file)
    return 200


@table.row("serves nothing else, and no gear")
def _(place):
    admin = admin_of(place.server())
    for path, status in (("/chat", 404), ("/echo", 404), ("/api/drain", 405)):
        expect_equal(asked(place, admin, path).status, status, path)
    expect_equal(place.wire(admin).ask(wire.upgrade(admin)).status, 404)
    for path in ("/healthz", "/readyz", "/api/status"):
        expect_equal(asked(place, place.server(), path).status, 404, path)
    return "404, 405"


@table.row("a page of another origin may not drain")
def _(place):
    program = place.own_server()
    admin = admin_of(program)
    foreign = [("Origin", "https://evil.example")]
    expect_equal(asked(place, admin, "/api/drain", *foreign, method="POST").status, 403)
    bent = wire.request("POST", "/api/drain", [("Host", "evil.example"), ("Content-Length", "0"),
                                               ("Origin", "http://evil.example")])
    expect_equal(place.wire(admin).ask(bent).status, 403)
    expect_equal(asked(place, admin, "/readyz").status, 200)
    return 403


@table.row("another address than loopback is refused without a token")
def _(place):
    program = server.serve(place.world.folder,
                           server.configuration(admin={"address": "0.0.0.0"}), ready=False)
    expect_equal(program.wait(), 2, "exit status")
    expect(any("admin.address" in line and "token" in line for line in program.log.lines),
           program.log.lines)
    return "exit 2"


@table.row("with a token, everybody must show it")
def _(place):
    planted.sends(place.title, "open sesame")
    program = place.own_server(admin={"address": "0.0.0.0", "token": "open sesame"})
    admin = admin_of(program)
    wrong = ["Bearer", "Bearer open", "Bearer open sesame!", "Basic open sesame"]
    for headers in [[], *([("Authorization", each)] for each in wrong)]:
        for path, status in (("/metrics", 401), ("/api/sessions", 401), ("/api/status", 401),
                             ("/healthz", 200), ("/readyz", 200), ("/", 200)):
            expect_equal(asked(place, admin, path, *headers).status, status, f"{path} {headers}")
        answer = asked(place, admin, "/api/drain", *headers, method="POST")
        expect_equal((answer.status, answer.header("www-authenticate")), (401, "Bearer"))
    right = ("Authorization", "Bearer open sesame")
    expect_equal(status_of(place, admin, right)["draining"], False)
    answer = orrery("status", "--set", f"admin.port={admin.port}", "--set",
                    "admin.token=open sesame", "--set", "admin.address=0.0.0.0")
    expect_equal((answer.returncode, answer.stderr), (0, ""))
    answer = orrery("status", "--set", f"admin.port={admin.port}")
    expect_equal(answer.returncode, 1, "exit status without the token")
    expect("401" in answer.stderr and "admin.token" in answer.stderr, answer.stderr)
    expect(not any("sesame" in line for line in program.log.lines), "the token is in the log")
    return "401, 200"


def scrape_example():
    """The first YAML of docs/operating.md."""
    with open(os.path.join(server.ROOT, "docs", "operating.md"), encoding="utf-8") as page:
        return re.search(r"```yaml\n(.*?)```", page.read(), re.DOTALL)[1]


@table.row("Prometheus, as docs/operating.md sets it up, is let in with the token alone")
def _(place):
    example = scrape_example()
    kind = re.search(r"authorization:\n +type: (\S+)\n +credentials_file: ", example)
    expect(kind, f"no authorization in {example}")
    expect(":7513" in example and "scheme" not in example and "path" not in example, example)
    token = "a-token-of-24-characters"
    planted.sends(place.title, token)
    admin = admin_of(place.own_server(admin={"address": "0.0.0.0", "token": token}))
    scrape = [("User-Agent", "Prometheus/3.5.0"), ("Accept-Encoding", "gzip"),
              ("Accept", "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;q=0.3"),
              ("X-Prometheus-Scrape-Timeout-Seconds", "10")]
    answer = asked(place, admin, "/metrics", ("Authorization", f"{kind[1]} {token}"), *scrape)
    expect_equal((answer.status, answer.header("content-type")),
                 (200, "text/plain; version=0.0.4"))
    expect(b"orrery_ready 1\n" in answer.body, answer.body)
    expect_equal(asked(place, admin, "/metrics", *scrape).status, 401)
    return "200, 401"


@table.row("a port that is taken is an error that names the key")
def _(place):
    admin = admin_of(place.server())
    with server.Program([server.BINARY, "serve", "--set", "server.port=0", "--set",
                         f"admin.port={admin.port}"], ready=False) as program:
        expect_equal(program.wait(), 1, "exit status")
        expect(any("admin.port" in line and str(admin.port) in line and "in use" in line
                   for line in program.log.lines), program.log.lines)
        expect("choose another with admin.port" in program.log.lines[-1], program.log.lines)
        expect_equal(program.out.lines, [], "stdout")
    return "exit 1"


@table.row("orrery status: in words, and as JSON")
def _(place):
    program = place.own_server(server={"threads": 1})
    client, admin = place.client(program), admin_of(program)
    client.echoes()
    here = ("--set", f"admin.port={admin.port}")
    words = orrery("status", *here)
    expect_equal((words.returncode, words.stderr), (0, ""))
    facts = dict(line.split(None, 1) for line in words.stdout.splitlines())
    facts.pop("version")
    expect_equal(facts, {"ready": "yes", "draining": "no", "sessions": "1", "loops": "1"})
    expect_equal(json.loads(orrery("status", "--json", *here).stdout), status_of(place, admin))
    return "1 session"


@table.row("orrery status: what the server has to say about itself", over=["tcp", "tls"])
def _(place):
    program = place.own_server(drain={"spread": 0}, websocket={"closeTimeout": 60_000},
                               pools={"gear:echo": {"maxConnections": 2}})
    here = ("--set", f"admin.port={admin_of(program).port}")

    def problems():
        lines = orrery("status", *here).stdout.splitlines()
        return [line.split(None, 1)[1] for line in lines if line.startswith("problem ")]

    # The certificate of this run is good for two days.
    renew = [text for text in problems() if re.fullmatch(r"Certificate .* expires in 47 hours\.",
                                                         text)]
    expect_equal((len(problems()), len(renew)), (1, 1) if place.tls else (0, 0))
    crowd = [place.client(program) for _ in range(2)]
    for client in crowd:
        client.echoes()
    expect("Pool gear:echo has no places left: 2 of 2." in problems(), problems())
    listed = json.loads(orrery("status", "--json", *here).stdout)["problems"]
    expect_equal([each["text"] for each in listed], problems())
    expect_equal({each["level"] for each in listed}, {"error"})
    expect_equal(orrery("drain", *here).returncode, 0)
    draining = "This node is draining: 2 sessions left, newcomers are refused."
    expect(draining in problems(), problems())
    return draining


@table.row("orrery drain and status: nobody listens, or no port is known")
def _(place):
    program = place.own_server()
    port = admin_of(program).port
    expect_equal(program.stop(), 0, "exit status")
    for command in ("drain", "status"):
        gone = orrery(command, "--set", f"admin.port={port}")
        expect_equal((gone.returncode, gone.stdout), (1, ""), command)
        expect(f"127.0.0.1:{port}: nobody listens there" in gone.stderr, gone.stderr)
        unknown = orrery(command, "--set", "admin.port=0")
        expect_equal(unknown.returncode, 1, command)
        expect("--set admin.port=PORT" in unknown.stderr, unknown.stderr)
        refused = orrery(command, "--set", "admin.prot=1")
        expect_equal(refused.returncode, 2, command)
        expect('did you mean "port"' in refused.stderr, refused.stderr)
    return "exit 1"


def broken_file(place, text):
    path = os.path.join(place.world.folder, f"broken-{server.next_number()}.json")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return ("--config", path)


@table.row("a file with a mistake elsewhere still leads to the server")
def _(place):
    program = place.own_server()
    admin = {"port": admin_of(program).port}
    file = broken_file(place, json.dumps({"server": {"prt": 1}, "admin": admin}))
    said = orrery("status", *file)
    expect_equal((said.returncode, "ready      yes" in said.stdout), (0, True), said.stderr)
    expect("server.prt" in said.stderr and "asked all the same" in said.stderr, said.stderr)
    expect_equal(orrery("drain", *file).returncode, 0)
    expect_equal(program.wait(), 0, "exit status")
    return "exit 0"


@table.row("a file that can't be read: the command says what to do, and --set leads to the server")
def _(place):
    program = place.own_server()
    file = broken_file(place, '{"server": ')
    for command in ("status", "drain", "reload"):
        said = orrery(command, *file)
        expect_equal((said.returncode, said.stdout), (2, ""), command)
        for word in ("--set admin.port=PORT", "--set admin.token=TOKEN", "SIGTERM"):
            expect(word in said.stderr, said.stderr)
    said = orrery("status", *file, "--set", f"admin.port={admin_of(program).port}")
    expect_equal((said.returncode, "ready      yes" in said.stdout), (0, True), said.stderr)
    return "exit 2, 0"
