"""A configuration and certificates that change while the server runs. `run.py reload`."""
import json
import os
import signal
import ssl
import subprocess
import threading

import wire
from admin_table import admin_of, metrics_of, orrery
from place import make_certificate, trusting
from rows import Table, expect, expect_equal

table = Table("reload", over=("tcp",))


def rewrite(program, change):
    """Changes the server's configuration file by `change(tree)`."""
    path = program.process.args[program.process.args.index("--config") + 1]
    with open(path, encoding="utf-8") as file:
        tree = json.load(file)
    change(tree)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(tree, file, indent=2)


def reload(admin):
    return orrery("reload", "--set", f"admin.port={admin.port}")


def limit_messages(size):
    def change(tree):
        tree["server"]["protocols"] = {"websocket": {"maxMessageSize": size}}
    return change


def server_with_certificate(place, name):
    """A server of its own, and the files of its certificate and key: the first of several."""
    paths = [os.path.join(place.world.folder, name + end) for end in (".pem", ".key")]
    make_certificate(*paths, "first")
    program = place.own_server(server={"tls": {"certificate": paths[0], "key": paths[1]}})
    program.tls = trusting(paths[0])
    return program, paths


@table.row("SIGHUP holds newcomers to the new limits; who is connected keeps his")
def _(place):
    program = place.own_server()
    before = place.client(program)
    rewrite(program, limit_messages(5))
    program.signal(signal.SIGHUP)
    line = program.log.wait_for(lambda text: "RELOAD" in text)
    expect(line and "asked_by=SIGHUP" in line, line)
    expect("server.protocols.websocket.maxMessageSize" in line, line)
    newcomer = place.client(program)
    newcomer.says("longer than five")
    newcomer.is_closed_with(1009)
    before.echoes()
    return "1009 for newcomers"


@table.row("orrery reload says what acts and what needs a restart")
def _(place):
    program = place.own_server()
    admin = admin_of(program)

    def change(tree):
        limit_messages(5)(tree)
        tree["server"]["threads"] = 1
        tree["pools"] = {"gear:echo": {"maxConnections": 1}}
    rewrite(program, change)
    answer = reload(admin)
    expect_equal(answer.returncode, 0, answer.stderr)
    expect_equal(set(answer.stdout.splitlines()), {
        "server.protocols.websocket.maxMessageSize acts from now on",
        "pools.gear:echo acts from now on",
        "server.threads needs a restart"})
    expect_equal(metrics_of(place, admin)['orrery_pool_limit{pool="gear:echo"}'], 1)
    place.client(program)
    expect_equal(place.wire(program).ask(wire.upgrade(program)).status, 503)
    again = reload(admin)
    expect_equal(again.stdout.splitlines()[0], "server.threads needs a restart")
    return "applied, restart"


@table.row("a reload tells warnings, and nothing of keys that do not act yet")
def _(place):
    program = place.own_server()

    def change(tree):
        tree.update(unknownKeys="warn", pools={"gear:echo": {"maxConnectionsInCluster": 5}})
        tree["server"]["prot"] = 1
    rewrite(program, change)
    answer = reload(admin_of(program))
    expect_equal((answer.returncode, set(answer.stdout.splitlines())), (0, {
        "unknownKeys acts from now on", "pools.gear:echo acts from now on"}))
    expect(program.log.wait_for(lambda text: "server.prot" in text), program.log.lines)
    expect(program.log.wait_for(lambda text: "do not act in this release" in text and
                                "maxConnectionsInCluster" in text), program.log.lines)
    return "told"


@table.row("a bad file changes nothing and says where it is wrong")
def _(place):
    program = place.own_server()
    admin = admin_of(program)

    def change(tree):
        limit_messages(5)(tree)
        tree["server"]["prt"] = 1
    rewrite(program, change)
    answer = reload(admin)
    expect_equal(answer.returncode, 1)
    expect("server.prt" in answer.stderr and "did you mean" in answer.stderr, answer.stderr)
    expect("old configuration" in answer.stderr, answer.stderr)
    program.log.wait_for(lambda text: "reload refused" in text and "server.prt" in text)
    place.client(program).echoes()
    return "exit 1"


@table.row("a bad file that the command reads, too: the server is asked, and logs its refusal")
def _(place):
    program = place.own_server()
    port = admin_of(program).port

    def change(tree):
        tree["server"]["prt"] = 1
        tree["admin"] = {"port": port}
    rewrite(program, change)
    path = program.process.args[program.process.args.index("--config") + 1]
    answer = orrery("reload", "--config", path)
    expect_equal(answer.returncode, 1)
    expect_equal(answer.stderr.count("server.prt"), 1, answer.stderr)
    expect(answer.stderr.endswith("the server goes on with its old configuration\n"),
           answer.stderr)
    expect(program.log.wait_for(lambda text: "reload refused" in text and "server.prt" in text),
           program.log.lines)
    return "exit 1"


@table.row("changed certificate files are taken without a word; a broken one once told of")
def _(place):
    program, paths = server_with_certificate(place, "watched")
    before = place.client(program)
    expect_equal(shown_name(program), "first")

    make_certificate(*paths, "second")
    changed = "certificates have changed shown_to="
    expect(program.log.wait_for(lambda line: changed in line), program.log.lines)
    expect_equal(shown_name(program), "second")

    with open(paths[1], "w", encoding="ascii") as broken:
        broken.write("no key")
    refused = "certificates have changed, but the old ones stay"
    line = program.log.wait_for(lambda text: refused in text)
    expect(line and paths[1] in line and "ERROR" in line.upper(), line)
    expect_equal(shown_name(program), "second")

    make_certificate(*paths, "third")
    expect(program.log.wait_for(lambda _: program.log.count(lambda line: changed in line) > 1),
           program.log.lines)
    expect_equal(shown_name(program), "third")
    expect_equal(program.log.count(lambda line: refused in line), 1, "lines about the broken key")
    before.echoes()
    return "second, second, third"


def shown_name(program):
    """Who the certificate says the server is."""
    pem = ssl.get_server_certificate(("127.0.0.1", program.port))
    answer = subprocess.run(["openssl", "x509", "-noout", "-subject", "-nameopt", "RFC2253"],
                            input=pem, capture_output=True, text=True, check=True, timeout=30)
    return answer.stdout.strip().removeprefix("subject=CN=")


@table.row("a certificate swapped under load drops nobody; a broken one changes nothing")
def _(place):
    program, paths = server_with_certificate(place, "swapped")
    admin = admin_of(program)
    crowd = [place.client(program) for _ in range(8)]
    ended, trouble = threading.Event(), []

    def talk(client):
        try:
            while not ended.is_set():
                client.echoes()
        except Exception as error:  # told by the row, in its own thread
            trouble.append(repr(error))
    threads = [threading.Thread(target=talk, args=(client,)) for client in crowd]
    for thread in threads:
        thread.start()
    expiry = f'orrery_tls_not_after_seconds{{certificate="{paths[0]}"}}'
    try:
        expect_equal(shown_name(program), "first")
        expect(metrics_of(place, admin)[expiry] > 1.7e9, "an expiry")
        make_certificate(*paths, "second")
        expect_equal(reload(admin).returncode, 0)
        expect_equal(shown_name(program), "second")
        expect_equal(program.log.count(lambda line: "certificates have changed" in line), 1)
        with open(paths[0], "w", encoding="ascii") as broken:
            broken.write("no certificate")
        answer = reload(admin)
        expect_equal(answer.returncode, 1)
        expect(paths[0] in answer.stderr, answer.stderr)
        expect_equal(shown_name(program), "second")
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    expect_equal(trouble, [])
    return "8 sessions stayed"


@table.row("a reload with a broken certificate leaves the limits as they were, too")
def _(place):
    program, paths = server_with_certificate(place, "halves")
    admin = admin_of(program)
    rewrite(program, limit_messages(5))
    with open(paths[0], "w", encoding="ascii") as broken:
        broken.write("no certificate")
    answer = reload(admin)
    expect_equal(answer.returncode, 1)
    expect("server.tls" in answer.stderr and paths[0] in answer.stderr, answer.stderr)
    place.client(program).echoes()
    return "nothing changed"
