"""tools/tidy_allowed.txt: exceptions with a reason, which can only become fewer."""

from .tree import Fault

FILE = "tools/tidy_allowed.txt"


def exceptions(tree):
    """{(path, rule): (line, number or None)}, and Faults for the lines that can't be read."""
    found, faults = {}, []
    for number, line in tree.data("tidy_allowed.txt"):
        parts = [part.strip() for part in line.split(" : ", 2)]
        rule = parts[1].split() if len(parts) == 3 else []
        if not parts[-1] or len(rule) not in (1, 2) or (len(rule) == 2 and not rule[1].isdigit()):
            faults.append(Fault(FILE, number, "not `path : rule [number] : reason`").by("allowed"))
            continue
        found[(parts[0], rule[0])] = (number, int(rule[1]) if len(rule) == 2 else None)
    return found, faults


def sift(tree, faults, rules):
    """The faults that are not excepted, and the exceptions that nothing needs."""
    known, unreadable = exceptions(tree)
    remaining = list(unreadable)
    worst = {}
    for fault in faults:
        key = (fault.path, fault.rule)
        _, most = known.get(key, (0, 0))
        if key in known and (most is None or fault.measure <= most):
            worst[key] = max(worst.get(key, 0), fault.measure)
        else:
            remaining.append(fault)
    for key, (line, most) in known.items():
        if key[1] not in rules:
            continue
        if key not in worst:
            remaining.append(Fault(FILE, line, f"not needed: {key[0]} keeps this rule",
                                   rule="allowed"))
        elif most is not None and worst[key] < most:
            remaining.append(Fault(FILE, line, f"{worst[key]} is enough for {key[0]}",
                                   rule="allowed"))
    return remaining
