"""What is installed, and gears that are built with it. `run.py install`."""
import os
import shlex
import shutil

from rows import Table, expect, expect_equal
from server import ROOT
from workshop import PREFIX, clean_folder, cmake, installed, run, talks

table = Table("install", over=(None,), wave="heavy")


@table.row("the public headers and no others, archives, program, example, unit, licence")
def _(place):
    files = installed(place).files()
    headers = {name for name in files if name.startswith("include/")}
    ours = os.listdir(os.path.join(ROOT, "include", "orrery"))
    expect_equal(headers, {f"include/orrery/{name}" for name in ours}, "headers")
    for name in ("bin/orrery", "lib/liborrery.a", "lib/liborrery_testing.a",
                 "lib/pkgconfig/orrery.pc", "lib/cmake/orrery/orreryConfig.cmake",
                 "lib/systemd/system/orrery.service", "share/orrery/orrery.example.json",
                 "share/orrery/orrery.socket",
                 "share/doc/orrery/LICENSE", "share/doc/orrery/docs/installing.md"):
        expect(name in files, f"{name} is missing in {files}")
    expect_equal(installed(place).left_behind, [], "outside of the prefix")
    return f"{len(files)} files"


@table.row("no text that is installed knows the sources, the build, or (but the unit) the prefix")
def _(place):
    tree = installed(place)
    for name in tree.files():
        if not name.endswith((".cmake", ".pc", ".h", ".service", ".json")):
            continue
        with open(tree.path(name), encoding="utf-8") as file:
            text = file.read()
        expect(ROOT not in text, f"{name} names {ROOT}")
        expect(PREFIX not in text or name.endswith(".service"), f"{name} names {PREFIX}")
    expect(f"ExecStart={PREFIX}/bin/orrery serve" in tree.unit, tree.unit)
    return "nowhere"


@table.row("archives hold nothing that only the compiler of this build could link")
def _(place):
    tree = installed(place)
    archives = [name for name in tree.files() if name.endswith(".a")]
    expect_equal(len(archives), 2, "archives")
    for name in archives:
        sections = run("readelf", "--section-headers", "--wide", tree.path(name))
        expect(".text" in sections, f"{name} has no code")
        expect(".gnu.lto_" not in sections, f"{name} has code for link-time optimisation")
    return "machine code"


@table.row("find_package: a gear is built, runs and echoes")
def _(place):
    folder = clean_folder(place, "gear.cpp", "find_package/CMakeLists.txt")
    build = cmake(folder, f"-DCMAKE_PREFIX_PATH={installed(place).folder}")
    return talks(place, [os.path.join(build, "gear")])


@table.row("find_package: another minor version is refused")
def _(place):
    folder = clean_folder(place, "gear.cpp", "find_package/CMakeLists.txt")
    said = run("cmake", "-S", folder, "-B", os.path.join(folder, "build"), "-G", "Ninja",
               f"-DCMAKE_PREFIX_PATH={installed(place).folder}", "-DWANTED=0.2", status=1)
    expect("0.1.0" in said, said)
    return "refused"


def packages(place, *words):
    """What pkg-config answers where the tree is now."""
    path = installed(place).path("lib", "pkgconfig")
    return shlex.split(run("pkg-config", "--static", *words, PKG_CONFIG_PATH=path))


@table.row("pkg-config: a gear is built, runs and echoes")
def _(place):
    folder = clean_folder(place, "gear.cpp")
    run("g++", "-std=c++20", "gear.cpp", "-o", "gear",
        *packages(place, "--cflags", "--libs", "orrery"), folder=folder)
    return talks(place, [os.path.join(folder, "gear")])


@table.row("pkg-config: the test server, with GoogleTest")
def _(place):
    folder = clean_folder(place)
    source = os.path.join(ROOT, "examples", "04_test_without_sockets.cpp")
    run("g++", "-std=c++20", source, "-o", "stories",
        *packages(place, "--cflags", "--libs", "orrery-testing", "gtest_main"), folder=folder)
    said = run("./stories", folder=folder)
    expect("[  PASSED  ] 4 tests." in said, said)
    return "4 stories"


# Compiled as build/release is, it comes out of ccache; without ccache it only has to run.
AS_RELEASE = ["-DCMAKE_CXX_COMPILER=g++", "-DCMAKE_BUILD_TYPE=Release", "-DORRERY_WERROR=ON",
              "-DCMAKE_CXX_FLAGS_RELEASE=-O2 -DNDEBUG"]
IN_A_HURRY = ["-DCMAKE_BUILD_TYPE=Plain", "-DCMAKE_CXX_FLAGS=-O0"]


def subproject(place, how):
    """The project's folder: one for both ways, so that the second finds what the first compiled."""
    folder = place.shared("subproject", lambda: Subproject(place)).folder
    return folder, [f"-DORRERY={ROOT}", f"-DHOW={how}"]


class Subproject:
    def __init__(self, place):
        self.folder = clean_folder(place, "gear.cpp", "subproject/CMakeLists.txt")
        self.alive = lambda: True
        self.stop = lambda _seconds: 0


def as_subproject(how):
    def story(place):
        folder, options = subproject(place, how)
        build = cmake(folder, *options, *(AS_RELEASE if shutil.which("ccache") else IN_A_HURRY))
        return talks(place, [os.path.join(build, "gear")])

    table.add(f"{how}: a gear is built, runs and echoes", story, lane="subproject")


as_subproject("add_subdirectory")
as_subproject("FetchContent")


@table.row("a subproject: no tests, no program, no installing, no private headers, no -Werror")
def _(place):
    folder = clean_folder(place, "gear.cpp", "subproject/CMakeLists.txt")
    build = os.path.join(folder, "build")
    run("cmake", "-S", folder, "-B", build, "-G", "Ninja", f"-DORRERY={ROOT}")
    commands = run("ninja", "-C", build, "-t", "commands", "all")
    for part in ("cli", "config", "admin", "testing"):
        expect(f"/src/{part}/" not in commands, f"src/{part} is compiled")
    expect("_test.cpp" not in commands and "/gears/" not in commands, "tests or gears are compiled")
    expect("-Werror" not in commands, "warnings are errors")
    expect("Total Tests: 0" in run("ctest", "-N", "--test-dir", build), "it has tests")
    with open(os.path.join(build, "orrery", "cmake_install.cmake"), encoding="utf-8") as file:
        expect("file(INSTALL" not in file.read(), "it installs something")
    (gear,) = [line for line in commands.splitlines() if " -c " in line and "/gear.cpp" in line]
    expect(f"{ROOT}/include" in gear, gear)
    expect(f"{ROOT}/src" not in gear, "a gear sees private headers")
    return "the library alone"


@table.row("new-gear: its project is built, passes its tests, runs and answers")
def _(place):
    folder = clean_folder(place)
    said = run(installed(place).program, "new-gear", "green_tea", folder=folder)
    expect("cmake -B build" in said, said)
    project = os.path.join(folder, "green_tea")
    build = cmake(project, f"-DCMAKE_PREFIX_PATH={installed(place).folder}",
                  "-DCMAKE_CXX_FLAGS=-Werror")
    expect("100% tests passed" in run("ctest", "--test-dir", build), "its tests")
    run("cmake", "-S", project, "-B", build)  # as its README says
    return talks(place, [os.path.join(build, "green_tea"), "0"], "/green_tea", ["one", "two"],
                 ["welcome to green_tea", "1: one", "2: two"])


@table.row("new-gear: refuses a name that can't be one, and a folder that exists")
def _(place):
    folder, program = clean_folder(place), installed(place).program
    said = run(program, "new-gear", "Green-Tea", folder=folder, status=2)
    expect("did you mean green_tea?" in said, said)
    expect_equal(os.listdir(folder), [])
    os.mkdir(os.path.join(folder, "tea"))
    said = run(program, "new-gear", "tea", folder=folder, status=2)
    expect("tea exists already" in said, said)
    run(program, "new-gear", "tea", "elsewhere/deep", folder=folder)
    expect(os.path.isfile(os.path.join(folder, "elsewhere", "deep", "gear.cpp")), "no gear.cpp")
    return "exit 2"


@table.row("the program serves with the example configuration that is installed")
def _(place):
    tree = installed(place)
    example = tree.path("share", "orrery", "orrery.example.json")
    expect("is fine" in run(tree.program, "config", "check", "--config", example), "config check")
    own = [f"--set={key}" for key in ("server.port=0", "server.address=127.0.0.1", "admin.port=0")]
    return talks(place, [tree.program, "serve", "--config", example, *own])
