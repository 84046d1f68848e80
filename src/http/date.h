// HTTP dates (RFC 9110 §5.6.7).
//
// Thread  none: pure functions; the time is an argument.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace orrery::http {

/// "Sun, 06 Nov 1994 08:49:37 GMT" (IMF-fixdate).
[[nodiscard]] std::string http_date(std::chrono::system_clock::time_point time);

/// Reads IMF-fixdate and, as a recipient must, the two obsolete forms ("Sunday, 06-Nov-94 08:49:37
/// GMT", "Sun Nov  6 08:49:37 1994"). Nothing if it is not a date.
[[nodiscard]] std::optional<std::chrono::system_clock::time_point> parse_http_date(
    std::string_view text);

}  // namespace orrery::http
