"""What packaging/ makes of it: unit, Debian packages, image, cluster. `run.py packaging`."""
import glob
import json
import os
import re
import shlex
import urllib.request

from rows import Table, expect, expect_between, expect_equal
from server import PATIENCE, ROOT, Program
from workshop import BUILD, PREFIX, clean_folder, installed, run, talks

table = Table("packaging", over=(None,), wave="heavy")
PACKAGING = os.path.join(ROOT, "packaging")


def text_of(*parts):
    with open(os.path.join(PACKAGING, *parts), encoding="utf-8") as file:
        return file.read()


def unit(place):
    """The unit as a file, with the program where it is now."""
    tree = installed(place)
    path = os.path.join(clean_folder(place), "orrery.service")
    with open(path, "w", encoding="utf-8") as file:
        file.write(tree.unit.replace(PREFIX, tree.folder))
    return path


@table.row("unit: systemd finds nothing to complain about")
def _(place):
    said = run("systemd-analyze", "verify", "--man=no", unit(place))
    expect_equal(said.strip(), "", "systemd-analyze verify")
    return "verified"


@table.row("socket unit: systemd finds nothing to complain about beside the unit")
def _(place):
    service = unit(place)
    sockets = os.path.join(os.path.dirname(service), "orrery.socket")
    with open(sockets, "w", encoding="utf-8") as file:
        file.write(text_of("orrery.socket"))
    said = run("systemd-analyze", "verify", "--man=no", sockets, service)
    expect_equal(said.strip(), "", "systemd-analyze verify")
    return "verified"


@table.row("unit: hardly exposed, in the words of systemd-analyze security")
def _(place):
    said = run("systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=20",
               unit(place))
    found = re.search(r"exposure level for \S+: ([\d.]+)", said)
    expect(found, said[-200:])
    expect_between(float(found[1]), 0, 2.0, "exposure")
    return found[1]


@table.row("unit: its commands are commands of the program")
def _(place):
    tree = installed(place)
    commands = re.findall(r"^(Exec\w+)=(.+)$", tree.unit, re.MULTILINE)
    expect_equal([name for name, _ in commands], ["ExecStartPre", "ExecStart",
                                                  "ExecReload"])
    moved = {PREFIX: tree.folder,
             "/etc/orrery/orrery.json": tree.path("share", "orrery", "orrery.example.json")}
    check, serve, reload = [shlex.split(command) for _, command in commands]
    for words in (check, serve, reload):
        for old, new in moved.items():
            words[:] = [word.replace(old, new) for word in words]
    expect("is fine" in run(*check), "config check")
    heard = talks(place, [*serve, "--set=server.port=0", "--set=server.address=127.0.0.1",
                          "--set=admin.port=0"])
    said = run(*reload, "--set=admin.address=unix:/nowhere/orrery.sock", status=1)
    expect("nobody listens there" in said, said)
    return heard


def packages(place):
    def build():
        folder = os.path.join(clean_folder(place), "packages")
        run("cpack", "--config", os.path.join(BUILD, "CPackConfig.cmake"), "-B", folder)
        return Packages(folder)

    return place.world.shared("packages", build)


class Packages:
    def __init__(self, folder):
        self.folder = folder
        self.alive = lambda: True
        self.stop = lambda _seconds: 0

    def file(self, name):
        (found,) = glob.glob(os.path.join(self.folder, f"{name}_*.deb"))
        return found

    def field(self, name, field):
        return run("dpkg-deb", "--field", self.file(name), field).strip()

    def names(self, name):
        lines = run("dpkg-deb", "--contents", self.file(name)).splitlines()
        return {line.split()[5]: line.split() for line in lines}


@table.row("deb: the program with its unit; its configuration is the administrator's")
def _(place):
    made = packages(place)
    names = made.names("orrery")
    for name in ("./usr/bin/orrery", "./etc/orrery/orrery.json",
                 "./usr/lib/systemd/system/orrery.service", "./usr/share/doc/orrery/copyright"):
        expect(name in names, f"{name} is missing in {sorted(names)}")
    expect(not any("include" in name or name.endswith(".a") for name in names), sorted(names))
    expect_equal({words[1] for words in names.values()}, {"root/root"}, "owners")
    depends = made.field("orrery", "Depends")
    for needed in ("libc6", "libssl3", "libspdlog", "libboost-json"):
        expect(needed in depends, f"no {needed} in {depends}")
    folder = clean_folder(place)
    run("dpkg-deb", "--raw-extract", made.file("orrery"), folder)
    control = os.path.join(folder, "DEBIAN")
    expect_equal(sorted(os.listdir(control)), ["conffiles", "control", "md5sums", "postinst",
                                               "postrm", "prerm"])
    for script in ("postinst", "postrm", "prerm"):
        run("sh", "-n", os.path.join(control, script))
        expect(os.access(os.path.join(control, script), os.X_OK), f"{script} can't be run")
    with open(os.path.join(folder, "usr/lib/systemd/system/orrery.service"),
              encoding="utf-8") as file:
        expect("ExecStart=/usr/bin/orrery serve" in file.read(), "ExecStart")
    program = os.path.join(folder, "usr", "bin", "orrery")
    expect("is fine" in run(program, "config", "check", "--config",
                            os.path.join(folder, "etc", "orrery", "orrery.json")), "config check")
    return os.path.basename(made.file("orrery"))


@table.row("deb: what gears are built with depends on all that they link")
def _(place):
    made = packages(place)
    names = made.names("liborrery-dev")
    for end in ("/include/orrery/orrery.h", "/liborrery.a", "/liborrery_testing.a",
                "/pkgconfig/orrery.pc", "/cmake/orrery/orreryConfig.cmake", "/copyright"):
        expect(any(name.endswith(end) for name in names), f"no {end} in {sorted(names)}")
    expect("./usr/bin/orrery" not in names, "the program")
    depends = made.field("liborrery-dev", "Depends")
    for needed in ("libssl-dev", "zlib1g-dev", "libisal-dev", "liburing-dev", "libsimdjson-dev",
                   "libfmt-dev", "libspdlog-dev", "prometheus-cpp-dev", "libboost-url1.81-dev"):
        expect(needed in depends, f"no {needed} in {depends}")
    return os.path.basename(made.file("liborrery-dev"))


def instructions():
    """The Dockerfile as [(stage, instruction, the rest)]."""
    text = re.sub(r"\\\n", " ", re.sub(r"^\s*#.*\n", "", text_of("Dockerfile"), flags=re.MULTILINE))
    stage, found = 0, []
    for line in filter(None, (line.strip() for line in text.splitlines())):
        name, _, rest = line.partition(" ")
        stage += name == "FROM"
        found.append((stage, name, " ".join(rest.split())))
    return found


@table.row("image: the linter finds nothing")
def _(_place):
    linter = os.path.join(ROOT, "tests", "node_modules", ".bin", "dockerfile-utils")
    expect_equal(run(linter, "lint", os.path.join(PACKAGING, "Dockerfile")).strip(), "", "lint")
    return "linted"


@table.row("image: two stages with pinned bases, nobody's user, health check, SIGTERM")
def _(_place):
    found = instructions()
    known = {"FROM", "RUN", "COPY", "LABEL", "USER", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK",
             "ENTRYPOINT", "CMD"}
    expect_equal({name for _, name, _ in found} - known, set(), "instructions")
    expect_equal([rest for _, name, rest in found if name == "FROM"],
                 ["debian:12-slim AS build", "debian:12-slim"])
    for _, name, rest in found:
        if name == "RUN" and "apt-get install" in rest:
            expect("apt-get update" in rest and "--no-install-recommends" in rest
                   and rest.endswith("rm -rf /var/lib/apt/lists/*"), rest)
    last = {name: rest for stage, name, rest in found if stage == 2}
    expect_equal(last["USER"], "65534:65534")
    expect_equal(last["STOPSIGNAL"], "SIGTERM")
    expect(last["HEALTHCHECK"].endswith('CMD ["orrery", "status"]'), last["HEALTHCHECK"])
    expect_equal((last["ENTRYPOINT"], last["CMD"]), ('["orrery"]', '["serve"]'))
    expect("COPY" not in last, "something is copied into the last stage")
    return "2 stages"


@table.row("image: its build stage has every library of tools/packages.txt")
def _(_place):
    with open(os.path.join(ROOT, "tools", "packages.txt"), encoding="utf-8") as file:
        wanted = [line.split()[1] for line in file if line.startswith("build")]
    here = next(rest for stage, name, rest in instructions() if (stage, name) == (1, "RUN"))
    for package in wanted:
        if package.endswith("-dev"):
            only_for_tests = package.startswith(("libgtest", "libgmock", "libbenchmark"))
            expect(only_for_tests or package in here.split(), f"{package} is missing")
    return "all"


@table.row("kubernetes: the configuration is accepted; the kernel waits longer than the drain")
def _(place):
    import yaml

    objects = {each["kind"]: each
               for each in yaml.safe_load_all(text_of("kubernetes", "orrery.yaml"))}
    path = os.path.join(clean_folder(place), "orrery.json")
    with open(path, "w", encoding="utf-8") as file:
        file.write(objects["ConfigMap"]["data"]["orrery.json"])
    said = run(installed(place).program, "config", "check", "--config", path,
               ORRERY_ADMIN__TOKEN="secret")
    expect("is fine" in said, said)
    pod = objects["Deployment"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    deadline = int(re.search(r'"deadline": "(\d+)s"', text_of("kubernetes", "orrery.yaml"))[1])
    expect(pod["terminationGracePeriodSeconds"] > deadline + 10, "too little time for the drain")
    expect_equal(container["lifecycle"]["preStop"]["exec"]["command"], ["orrery", "drain"])
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    expect_equal(ports, {"clients": 7512, "admin": 7513})
    any_port = ["--set", "server.port=0", "--set", "admin.port=0"]
    with Program([installed(place).program, "serve", "--config", path, *any_port],
                 {"ORRERY_ADMIN__TOKEN": "secret"}) as program:
        admin = program.out.wait_for(lambda line: line.startswith("admin ")).split()[1]
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            asked = container[probe]["httpGet"]
            expect_equal(asked["port"], "admin", probe)
            url = admin.replace("0.0.0.0", "127.0.0.1") + asked["path"]
            expect_equal(urllib.request.urlopen(url, timeout=PATIENCE).status, 200, probe)
    expect(container["securityContext"]["readOnlyRootFilesystem"], "a root that can be written")
    return "accepted"


def documented_metrics():
    """docs/metrics.md, which is generated: {name: labels}; of a histogram all its series."""
    with open(os.path.join(ROOT, "docs", "metrics.md"), encoding="utf-8") as file:
        rows = re.findall(r"^\| `(\w+)` \| (\w+) \| ([\w, ]*) \|", file.read(), re.MULTILINE)
    found = {}
    for name, kind, labels in rows:
        labels = {label for label in labels.split(", ") if label}
        found[name] = labels
        if kind == "histogram":
            found |= {f"{name}_bucket": labels | {"le"}, f"{name}_sum": labels,
                      f"{name}_count": labels}
    return found


PANELS = {"sessions by gear and pool": "orrery_pool_limit", "messages": "orrery_messages_total",
          "bytes": "orrery_bytes_total", "callback latency": "orrery_callback_seconds_bucket",
          "refused handshakes by status": "orrery_handshakes_refused_total",
          "closed by cause": "orrery_sessions_closed_total",
          "dropped by cause": "orrery_dropped_total", "memory by pool": "orrery_memory_bytes",
          "certificates expire": "orrery_tls_not_after_seconds"}


def dashboard():
    return json.loads(text_of("grafana", "orrery.json"))


@table.row("grafana: its expressions ask for metrics and labels that docs/metrics.md lists")
def _(_place):
    known, asked = documented_metrics(), set()
    for panel in dashboard()["panels"]:
        for target in panel["targets"]:
            expression = target["expr"]
            names = set(re.findall(r"\borrery_\w+", expression))
            expect(names, f"{panel['title']} asks for nothing of ours: {expression}")
            expect(names <= set(known), f"{panel['title']}: {names - set(known)} is no metric")
            allowed = {"instance"}.union(*(known[name] for name in names))
            used = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            for group in re.findall(r"\bby \(([^)]*)\)", expression):
                used |= {label.strip() for label in group.split(",")}
            expect(used <= allowed, f"{panel['title']}: {used - allowed} is no label of {names}")
            expect_equal(expression.count("("), expression.count(")"), f"brackets of {expression}")
            asked |= names
    return f"{len(asked)} metrics"


@table.row("grafana: one data source to choose, a panel for each question, none over another")
def _(_place):
    page = dashboard()
    expect(page["schemaVersion"] >= 39, page["schemaVersion"])
    sources = [each for each in page["templating"]["list"] if each["type"] == "datasource"]
    expect_equal([each["name"] for each in sources], ["datasource"])
    places = set()
    for panel in page["panels"]:
        for each in (panel, *panel["targets"]):
            expect_equal(each["datasource"], {"type": "prometheus", "uid": "${datasource}"})
        at = panel["gridPos"]
        covered = {(x, y) for x in range(at["x"], at["x"] + at["w"])
                   for y in range(at["y"], at["y"] + at["h"])}
        expect(at["x"] + at["w"] <= 24 and not covered & places, f"{panel['title']} at {at}")
        places |= covered
    expect_equal(len({panel["id"] for panel in page["panels"]}), len(page["panels"]), "ids")
    for words, metric in PANELS.items():
        expect(any(words in panel["title"].lower() and metric in json.dumps(panel["targets"])
                   for panel in page["panels"]), f"no panel {words} with {metric}")
    return f"{len(page['panels'])} panels"
