"""Clean folders to build in, and the one installed tree that all rows share."""
import asyncio
import os
import shlex
import shutil
import subprocess

from rows import expect, expect_equal
from server import ROOT, Program, next_number

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.abspath(os.environ.get("ORRERY_BUILD", os.path.join(ROOT, "build", "release")))
PREFIX = "/opt/orrery"  # what the tree is installed for, before it is moved
SECONDS = 600  # that building may take with nothing cached


def run(*words, folder=None, status=0, **environment):
    """What the command prints. Another exit status is a failure, with its last words."""
    done = subprocess.run(words, cwd=folder, env={**os.environ, **environment}, timeout=SECONDS,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    last = " | ".join(done.stdout.strip().splitlines()[-8:])
    expect(done.returncode == status,
           f"{shlex.join(words)[:120]}: exit {done.returncode}, not {status}: {last}")
    return done.stdout


class Installed:
    """`cmake --install` by DESTDIR and --prefix; then the tree is moved: nothing may remember."""

    def __init__(self, world):
        stage = os.path.join(world.folder, "stage")
        run("cmake", "--install", BUILD, "--prefix", PREFIX, DESTDIR=stage)
        with open(stage + PREFIX + "/lib/systemd/system/orrery.service", encoding="utf-8") as unit:
            self.unit = unit.read()
        self.folder = os.path.join(world.folder, "moved")
        os.rename(stage + PREFIX, self.folder)
        self.left_behind = [name for _, _, names in os.walk(stage) for name in names]

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    @property
    def program(self):
        return self.path("bin", "orrery")

    def files(self):
        return sorted(os.path.relpath(os.path.join(folder, name), self.folder)
                      for folder, _, names in os.walk(self.folder) for name in names)

    @staticmethod
    def alive():
        return True

    @staticmethod
    def stop(_seconds=0):
        return 0


def installed(place):
    return place.world.shared("installed", lambda: Installed(place.world))


def clean_folder(place, *files):
    """A new folder with copies of these files of ours."""
    folder = os.path.join(place.world.folder, f"clean-{next_number()}")
    os.makedirs(folder)
    for file in files:
        shutil.copy(os.path.join(HERE, file), folder)
    return folder


def cmake(folder, *options, **environment):
    """Configures and builds `folder` in its `build`; answers the latter."""
    build = os.path.join(folder, "build")
    generator = ["-G", "Ninja"]
    if shutil.which("ccache"):
        generator.append("-DCMAKE_CXX_COMPILER_LAUNCHER=ccache")
    run("cmake", "-S", folder, "-B", build, *generator, *options, **environment)
    run("ninja", "-C", build, "-j2", **environment)
    return build


def talks(place, words, path="/echo", says=("hello",), hears=("hello",)):
    """Starts a gear, says this to it with Python's `websockets`, and must hear that."""
    program = place.own(Program(words))
    expect_equal(asyncio.run(asyncio.wait_for(heard(program.url, path, says, len(hears)), 20)),
                 list(hears))
    return " ".join(hears)


async def heard(url, path, says, count):
    import websockets

    address = url.replace("http", "ws", 1) + path
    async with websockets.connect(address) as client:
        for message in says:
            await client.send(message)
        return [await client.recv() for _ in range(count)]
