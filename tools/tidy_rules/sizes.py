"""Small enough to see: lines of functions and files, columns of lines."""

import ast
import re

from .tree import CPP, SCRIPTS, Fault

FUNCTION_LINES = 70
COLUMNS = 100
MEASURED = CPP | SCRIPTS | {".py", ".cmake", ".sh", ""}
NOT_OURS = {"LICENSE", "package-lock.json"}


def measured(tree):
    for file in tree.files:
        if file.name in NOT_OURS:
            continue
        if file.suffix in MEASURED or file.name == "CMakeLists.txt":
            yield file


def most_lines(file):
    if file.is_under("include/orrery"):
        return 200
    return 800 if file.is_test else 500


def file_lines(tree):
    for file in measured(tree):
        lines, most = len(file.lines), most_lines(file)
        if lines > most:
            yield Fault(file.path, 1, f"file is {lines} lines long (at most {most})", lines)


def columns(tree):
    for file in measured(tree):
        for number, line in enumerate(file.lines, 1):
            if len(line) > COLUMNS and not is_one_long_word(line):
                yield Fault(file.path, number,
                            f"line is {len(line)} columns long (at most {COLUMNS})", len(line))


def is_one_long_word(line):
    """A URL, say, cannot be broken."""
    return "://" in line and len(line.strip().split()) <= 2


def function_lines(tree):
    for file in tree.files:
        if file.is_cpp:
            functions = cpp_functions(file.code)
        elif file.is_python:
            functions = python_functions(file)
        else:
            continue
        for name, first, last in functions:
            lines = last - first + 1
            if lines > FUNCTION_LINES:
                yield Fault(file.path, first,
                            f"{name} is {lines} lines long (at most {FUNCTION_LINES})", lines)


def python_functions(file):
    try:
        parsed = ast.parse(file.text)
    except SyntaxError as error:
        yield f"no valid Python (line {error.lineno}): it", 1, 10**6
        return
    for node in ast.walk(parsed):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node.lineno, node.end_lineno


PREPROCESSOR = re.compile(r"^[ \t]*#(?:[^\n\\]|\\\n|\\.)*", re.MULTILINE)
ACCESS = re.compile(r"\s*(?:(?:public|private|protected)\s*:(?!:)|\s)*")
TEMPLATE = re.compile(r"\btemplate\s*<")
ATTRIBUTE = re.compile(r"\[\[.*?\]\]|\balignas\s*\([^)]*\)", re.DOTALL)
PARENTHESES = re.compile(r"\([^()]*\)")
OPERATOR = re.compile(r"\boperator\s*(?:\(\s*\)|[^\s\w(]+)")
SPECIFIER = r"(?:(?:typedef|static|inline|constexpr|const|friend)\s+)*"
CONTAINER = re.compile(r'^(?:inline\s+)?namespace\b|^extern\s*"\s*"$|'
                       rf'^{SPECIFIER}(?:class|struct|union|enum)\b')
ASSIGNMENT = re.compile(r"(?<![=!<>])=(?!=)")
NAME = re.compile(r"(TEST(?:_[FP])?\s*\([^)]*\)|[~\w:]+(?=\s*\()|operator[^(]*)")


def without_template(head):
    """The head after its template<...>; brackets are counted, so defaults may have their own."""
    while found := TEMPLATE.match(head):
        depth, end = 1, found.end()
        while end < len(head) and depth:
            depth += {"<": 1, ">": -1}.get(head[end], 0)
            end += 1
        head = head[end:].lstrip()
    return head


def kind_of(head):
    """What a `{` opens at namespace or class level: a container, a function, or something else."""
    head = without_template(ATTRIBUTE.sub(" ", head).strip())
    flat, before = head, None
    while flat != before:
        before, flat = flat, PARENTHESES.sub(" @ ", flat)  # @ marks where parentheses were
    if CONTAINER.match(head) and not re.search(r"@\s*(?:const|noexcept|override|final)*\s*$", flat):
        return "container"
    if ASSIGNMENT.search(OPERATOR.sub("operator", flat)):
        return "other"
    return "function" if "@" in flat else "other"


def cpp_functions(code):
    """(name, first line, last line) of each function: the outermost blocks below classes."""
    code = PREPROCESSOR.sub(lambda match: re.sub(r"[^\n]", " ", match.group(0)), code)
    containers, depth = 0, 0   # open containers; open braces inside the outermost block
    head_start, kind, start = 0, "other", 0
    functions = []
    for match in re.finditer(r"[{};]", code):
        position, token = match.start(), match.group(0)
        if depth:
            depth += {"{": 1, "}": -1, ";": 0}[token]
            if depth == 0:
                if kind == "function":
                    functions.append((start, position))
                head_start = position + 1
            continue
        if token == "{":
            head_start = ACCESS.match(code, head_start).end()
            head = code[head_start:position].strip()
            continues = not head or head[0] == ","      # an initialiser list with braces
            if not continues:
                kind, start = kind_of(head), head_start
            elif kind == "function" and functions:
                functions.pop()
            if kind == "container":
                containers += 1
            else:
                depth = 1
        elif token == "}":
            containers -= 1
            kind = "other"
        elif token == ";":
            kind = "other"
        head_start = position + 1
    for start, end in functions:
        named = NAME.search(code, start)
        name = " ".join(named.group(1).split()) if named else "function"
        yield name, code.count("\n", 0, start) + 1, code.count("\n", 0, end) + 1
