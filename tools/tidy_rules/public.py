"""The public headers: few, from the standard library only, without macros."""

import re

from .layers import INCLUDE
from .tree import Fault

AT_MOST = 15
MACRO = re.compile(r"^[ \t]*#[ \t]*define\b[ \t]*(\w*)", re.MULTILINE)
STANDARD = set("""
algorithm any array atomic barrier bit bitset cassert cctype cerrno cfenv cfloat charconv chrono
cinttypes climits clocale cmath codecvt compare complex concepts condition_variable coroutine
csetjmp csignal cstdarg cstddef cstdint cstdio cstdlib cstring ctime cuchar cwchar cwctype deque
exception execution filesystem format forward_list fstream functional future initializer_list
iomanip ios iosfwd iostream istream iterator latch limits list locale map memory memory_resource
mutex new numbers numeric optional ostream queue random ranges ratio regex scoped_allocator
semaphore set shared_mutex source_location span sstream stack stdexcept stop_token streambuf
string string_view strstream syncstream system_error thread tuple type_traits typeindex typeinfo
unordered_map unordered_set utility valarray variant vector version
""".split())


def check(tree):
    headers = [file for file in tree.files if file.is_under("include")]
    if len(headers) > AT_MOST:
        yield Fault("include/orrery", 1, f"{len(headers)} public headers (at most {AT_MOST})",
                    len(headers))
    for file in headers:
        if "#pragma once" not in file.text:
            yield Fault(file.path, 1, "no #pragma once")
        for match in INCLUDE.finditer(file.text):
            included = match.group(2)
            if included not in STANDARD and not included.startswith("orrery/"):
                yield Fault(file.path, file.line_at(match.start()),
                            f"{included}: public headers include the standard library only")
        for match in MACRO.finditer(file.code):
            yield Fault(file.path, file.line_at(match.start()),
                        f"macro {match.group(1)}: no macros in public headers")
