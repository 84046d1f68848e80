// Secrets that must never reach a log line.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace orrery::observe {

/// The request target with the values of the named query parameters (compared without case, after
/// percent-decoding) replaced: "/chat?token=abc&x=1" becomes "/chat?token=[redacted]&x=1".
std::string redact(std::string_view target, std::span<const std::string> names);

}  // namespace orrery::observe
