"""The commands about this machine and this configuration: doctor, routes. `run.py machine`."""
import json
import os
import subprocess
import sys

import server
from place import make_certificate
from rows import Table, expect, expect_equal

table = Table("machine", over=("tcp",))
OWN = ("server.port=0", "server.address=127.0.0.1", "admin.port=0")


def orrery(command, *sets):
    return subprocess.run([server.BINARY, command, *(f"--set={key}" for key in (*OWN, *sets))],
                          capture_output=True, text=True, timeout=server.PATIENCE, check=False)


def line_about(what, answer):
    found = [line for line in answer.stdout.splitlines() if what in line]
    expect_equal(len(found), 1, f"lines about {what} in {answer.stdout!r}")
    return found[0]


@table.row("doctor: one line per check, ok, warn or fail")
def _(_place):
    answer = orrery("doctor")
    expect_equal((answer.returncode, answer.stderr), (0, ""))
    for what in ("descriptors", "backlog", "port range", "clock", "io:", "listener 127.0.0.1:0"):
        words = [line.split()[0] for line in answer.stdout.splitlines() if what in line]
        expect(words and set(words) <= {"ok", "warn"}, f"{what} in {answer.stdout!r}")
    return "exit 0"


@table.row("doctor: a port that the server itself has is no failure")
def _(place):
    program = place.server()
    answer = orrery("doctor", f"server.port={program.port}")
    expect_equal(answer.returncode, 0, answer.stdout)
    line = line_about(f"127.0.0.1:{program.port}", answer)
    expect(line.startswith("warn") and "orrery status" in line, line)
    return "warn"


@table.row("doctor: an address that is not here is a failure")
def _(_place):
    answer = orrery("doctor", "server.address=192.0.2.1")
    expect_equal(answer.returncode, 1, answer.stdout)
    expect(line_about("192.0.2.1", answer).startswith("fail"), answer.stdout)
    return "exit 1"


@table.row("doctor: reads the certificate that is configured")
def _(place):
    certificate, key = place.world.certificate()
    answer = orrery("doctor", f"server.tls.certificate={certificate}", f"server.tls.key={key}")
    line = line_about("certificate ", answer)
    expect(line.startswith("warn") and "1 day" in line and "renew it" in line, line)
    expect_equal(answer.returncode, 0, answer.stdout)
    swapped = orrery("doctor", f"server.tls.certificate={key}", f"server.tls.key={certificate}")
    expect_equal(swapped.returncode, 1, swapped.stdout)
    expect(line_about("certificate ", swapped).startswith("fail"), swapped.stdout)
    nowhere = os.path.join(place.world.folder, "nowhere.pem")
    missing = orrery("doctor", f"server.tls.certificate={nowhere}", f"server.tls.key={key}")
    expect_equal(missing.returncode, 1, missing.stdout)
    return "warn, fail, fail"


# Becomes the program behind it, which may not ask for an io_uring: seccomp answers EPERM.
FORBID = """
import ctypes, os, struct, sys
IO_URING_SETUP, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 425, 22, 38
rules = [(0x20, 0, 0, 0), (0x15, 0, 1, IO_URING_SETUP), (0x06, 0, 0, 0x50001),
         (0x06, 0, 0, 0x7fff0000)]
filter = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *rule) for rule in rules))
program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(rules), ctypes.addressof(filter)))
libc = ctypes.CDLL(None, use_errno=True)
libc.prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4
assert libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
assert libc.prctl(PR_SET_SECCOMP, 2, ctypes.addressof(program), 0, 0) == 0
os.execv(sys.argv[1], sys.argv[1:])
"""
SANDBOX = [sys.executable, "-c", FORBID]


def io_uring_is_forbidden():
    return line_about(" io: ", orrery("doctor", "server.io=io_uring")).startswith("fail")


@table.row("a sandbox without io_uring: doctor and start say so, epoll serves")
def _(place):
    words = [server.BINARY, "doctor", "--set=server.io=io_uring", "--set=admin.port=0"]
    answer = subprocess.run([*SANDBOX, *words], capture_output=True, text=True, check=False,
                            timeout=server.PATIENCE)
    line = line_about(" io: ", answer)
    expect(line.startswith("fail") and "not permitted" in line and "server.io=epoll" in line, line)
    words = [server.BINARY, "config", "check", "--set=server.io=io_uring"]
    checked = subprocess.run([*SANDBOX, *words], capture_output=True, text=True, check=False,
                             timeout=server.PATIENCE)
    expect_equal(checked.returncode, 2, checked.stdout)
    expect("server.io: io_uring is not to be had" in checked.stderr, checked.stderr)
    serve = [*SANDBOX, server.BINARY, "serve", *(f"--set={each}" for each in OWN)]
    with server.Program([*serve, "--set=server.io=io_uring"], ready=False) as refused:
        expect_equal(refused.wait(), 2, "exit status")
        expect(any("server.io: io_uring is not to be had here: Operation not permitted" in line
                   for line in refused.log.lines), refused.log.lines)
    for io in ("auto", "epoll"):
        program = place.own(server.Program([*serve, f"--set=server.io={io}"]))
        place.client(program).echoes()
        expect(program.log.wait_for(lambda line: "START" in line and " io=epoll " in line),
               program.log.lines)
    return "exit 1"


@table.row("doctor: a configuration that is refused is told first")
def _(_place):
    answer = orrery("doctor", "server.prot=1")
    expect_equal((answer.returncode, answer.stdout), (2, ""))
    expect("server.prot" in answer.stderr, answer.stderr)
    return "exit 2"


def check(*sets):
    return subprocess.run([server.BINARY, "config", "check", *(f"--set={key}" for key in sets)],
                          capture_output=True, text=True, timeout=server.PATIENCE, check=False)


@table.row("config check: reads certificates as serve would")
def _(place):
    certificate, key = place.world.certificate()
    nowhere, other = (os.path.join(place.world.folder, name) for name in ("no.pem", "other.key"))
    make_certificate(os.path.join(place.world.folder, "other.pem"), other)
    fine = check(f"server.tls.certificate={certificate}", f"server.tls.key={key}")
    expect_equal((fine.returncode, fine.stderr), (0, ""))
    for first, second, words in ((nowhere, key, "cannot be read"), (certificate, other, "belong"),
                                 (key, key, "no certificate"), (certificate, nowhere, "key"),
                                 ("relative.pem", key, os.path.join(os.getcwd(), "relative.pem"))):
        said = check(f"server.tls.certificate={first}", f"server.tls.key={second}")
        expect_equal((said.returncode, said.stdout), (2, ""), words)
        expect("server.tls: " in said.stderr and words in said.stderr, said.stderr)
    return "exit 2"


@table.row("config check: two listeners at one place are refused")
def _(_place):
    said = check("server.port=7513")
    expect_equal((said.returncode, said.stdout), (2, ""))
    expect("admin.port" in said.stderr and "0.0.0.0:7513" in said.stderr, said.stderr)
    expect_equal(check("server.port=7513", "server.address=127.0.0.2").returncode, 0)
    expect_equal(check("server.port=0", "admin.port=0").returncode, 0)
    return "exit 2"


IMPOSSIBLE = (
    ("server.address=0.0.0.0:99999", "server.address"),
    ("server.address=example.com", "server.address"),
    ("admin.address=127.0.0.1:7600", "without a port"),
    ("server.protocols.websocket.origins=null", "origins"),
    ("server.protocols.websocket.origins=https://app.example:99999", "origins"),
    ("gears.chat.hosts=chat.example:7512", "without a port"),
    ('gears={"chat": {"hosts": ["a.example", "A.example"]}}', "declared twice"),
    ("gears.echo.mount=/:a/:a", "without parameters"),
    ("server.port=7513", "accepted: a place of its own"),
    ("server.address=unix:/" + "x" * 108, "server.address"),
)


@table.row("what serve would refuse, config check refuses, with the same words and status 2")
def _(_place):
    for change, words in IMPOSSIBLE:
        checked = check(change)
        expect_equal((checked.returncode, checked.stdout), (2, ""), change)
        expect(words in checked.stderr, checked.stderr)
        refused = subprocess.run([server.BINARY, "serve", f"--set={change}"], capture_output=True,
                                 text=True, timeout=server.PATIENCE, check=False)
        expect_equal((refused.returncode, refused.stdout, refused.stderr),
                     (2, "", checked.stderr), change)
    return f"{len(IMPOSSIBLE)} times 2"


@table.row("the file is --config's, else ./orrery.json")
def _(place):
    folder = os.path.join(place.world.folder, "search")
    os.makedirs(folder)
    for name, port in (("orrery.json", 1111), ("other.json", 2222)):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            json.dump({"server": {"port": port}}, file)

    def explained(*words):
        run = subprocess.run([server.BINARY, "config", "explain", "server.port", *words],
                             cwd=folder, capture_output=True, text=True, timeout=server.PATIENCE,
                             check=True)
        return [line for line in run.stdout.splitlines() if "in force" in line]

    here, given = explained(), explained("--config", "other.json")
    expect("1111" in here[0] and "orrery.json:1:" in here[0], here)
    expect("2222" in given[0] and "other.json:1:" in given[0], given)
    os.remove(os.path.join(folder, "orrery.json"))
    if not os.path.exists("/etc/orrery/orrery.json"):
        expect("default" in explained()[0], "no file, and not the default")
    return "other.json, orrery.json, the default"


@table.row("config check: a variable that looks like a key and is none")
def _(_place):
    said = subprocess.run([server.BINARY, "config", "check"], capture_output=True, text=True,
                          timeout=server.PATIENCE, check=False,
                          env={**os.environ, "ORRERY_PORT": "8080"})
    expect_equal(said.returncode, 0, said.stderr)
    expect("ORRERY_PORT: warning" in said.stderr and "ORRERY_SERVER__PORT" in said.stderr,
           said.stderr)
    return "a warning"


@table.row("config check: warns of a short token off loopback, and of a file that others may read")
def _(place):
    path = os.path.join(place.world.folder, "secret.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"server": {"port": 0}, "admin": {"address": "0.0.0.0", "token": "t0p s3cret"}},
                  file)

    def warnings(*words):
        said = subprocess.run([server.BINARY, "config", "check", "--config", path, *words],
                              capture_output=True, text=True, timeout=server.PATIENCE, check=False)
        expect_equal((said.returncode, said.stdout), (0, "the configuration is fine\n"))
        expect("s3cret" not in said.stderr, said.stderr)
        return said.stderr.splitlines()

    os.chmod(path, 0o600)
    said = warnings()
    expect(len(said) == 1 and said[0].startswith(f"{path}:1:"), said)
    expect("admin.token: warning: found a token of 10 bytes" in said[0], said)
    expect_equal(warnings("--set", "admin.address=127.0.0.1"), [], "on loopback")
    os.chmod(path, 0o640)
    said = warnings("--set", "admin.address=127.0.0.1")
    expect(len(said) == 1 and "mode is 0640" in said[0] and "ORRERY_ADMIN__TOKEN" in said[0], said)
    said = warnings("--set", "admin.token=one that is long enough")
    expect_equal(said, [], "the secret is not in the file any more")
    return "2 warnings, exit 0"


@table.row("config explain: the value in force and where it was set, beside the default")
def _(place):
    path = os.path.join(place.world.folder, "explained.json")
    with open(path, "w", encoding="utf-8") as file:
        file.write('{"server": {"port": 8080,\n "maxRequestSize": "2MB"},\n "admin": {"port": 1, '
                   '"token": "t0p s3cret"}}\n')

    def told(key, *words, file=path):
        said = subprocess.run([server.BINARY, "config", "explain", key, "--config", file, *words],
                              capture_output=True, text=True, timeout=server.PATIENCE, check=False,
                              env={**os.environ, "ORRERY_ADMIN__PORT": "7600"})
        expect_equal((said.returncode, said.stderr), (0, ""), key)
        return next(line.split(None, 2)[2] for line in said.stdout.splitlines()
                    if line.startswith("  in force: "))

    expect_equal(told("server.port"), f"8080 ({path}:1:13)")
    expect_equal(told("server.port", "--set", "server.port=9"), "9 (--set server.port)")
    expect_equal(told("admin.port"), "7600 (ORRERY_ADMIN__PORT)")
    expect_equal(told("server.threads"), "the default")
    expect_equal(told("maxMessageSize"), f'"2MB" ({path}:2:2, by server.maxRequestSize)')
    expect_equal(told("admin.token"), f"a secret, not shown ({path}:3:23)")
    broken = os.path.join(place.world.folder, "unexplained.json")
    with open(broken, "w", encoding="utf-8") as file:
        file.write('{"server": {"prot": 1}}')
    expect("has mistakes" in told("server.port", file=broken), "a file with a mistake")
    return "file, environment, --set"


@table.row("routes: what is served where, as it is configured")
def _(_place):
    answer = orrery("routes", 'gears={"echo": {"mount": "/again", "hosts": ["a.example"]}}')
    expect_equal((answer.returncode, answer.stderr), (0, ""))
    head, *lines = [line.split(maxsplit=5) for line in answer.stdout.splitlines()]
    expect_equal(head, ["GEAR", "HOST", "METHOD", "PATH", "POOL", "LIMITS"])
    wanted = ["echo", "a.example", "websocket", "/again", "gear:echo"]
    expect(wanted in [line[:5] for line in lines], answer.stdout)
    expect(not any(line[0] == "chat" for line in lines), answer.stdout)
    return f"{len(lines)} routes"
