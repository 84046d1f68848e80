// Secrets that must never reach a log line, or an operator's screen.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace orrery::observe {

/// The request target with the values of the named query parameters (compared without case, after
/// percent-decoding) replaced: "/chat?token=abc&x=1" becomes "/chat?token=[redacted]&x=1".
std::string redact(std::string_view target, std::span<const std::string> names);

/// Text of any kind, with what follows one of the names and a colon or an equals sign replaced:
/// {"jwt":"abc","x":1} becomes {"jwt":"[redacted]","x":1}; names are compared without case, _ and
/// -. A value without quotes ends at , ; & } ] or with its line. Where a value has no end that can
/// be told without parsing, such as an object, nothing behind it is shown.
std::string redact_text(std::string_view text, std::span<const std::string> names);

}  // namespace orrery::observe
