"""Keys that are accepted and do not act yet: the log of a server that has them all names each."""
from keys_rows import acts, add, configured, leaves, tested
from rows import expect

SAMPLES = {"integer": lambda schema: schema.get("default", 0) or schema["minimum"],
           "boolean": lambda schema: not schema["default"],
           "string": lambda schema: "sample"}
ABOVE = "pools.tenant:later"


def sample(path, schema):
    """A value that the key accepts."""
    if "enum" in schema:
        return next(each for each in schema["enum"] if each != schema["default"])
    if path.endswith("minVersion"):
        return "1.3"
    if path.endswith(".mount"):
        return "/later"
    if path.endswith(".hosts"):
        return ["later.example"]
    for each in schema.get("anyOf", [schema]):
        if each["type"] in SAMPLES:
            return SAMPLES[each["type"]]({**each, "default": schema["default"]})
    return ["sample"]


def all_of(paths):
    """Every one of these keys in one configuration."""
    return configured({path.replace("pools.*", ABOVE): sample(path, leaves()[path])
                       for path in paths})


def named_by_the_log(place, paths):
    """What the one server that has all these keys said of them at its start."""
    program = place.shared("keys that do not act yet", lambda: place.world.start(
        all_of(paths), place.transport))
    line = program.log.wait_for(lambda text: "do not act in this release" in text)
    expect(line is not None, program.log.lines)
    return line.partition("keys=")[2].strip('"').split(",")


def add_later_rows():
    """A row for each, but for those that have one of their own: answers these."""
    silent = [path for path in leaves() if not acts(path)]
    paths = [path for path in silent if path not in tested]
    for path in paths:
        def story(place, path=path):
            named = named_by_the_log(place, paths)
            expect(path.replace("pools.*", ABOVE) in named, f"{path} is not among {named}")
            return "does not act yet: accepted, and the log names it"

        add(path, story)
    return [path for path in silent if path not in paths]
