// Request targets, queries, hosts and cookies: splitting and percent-encoding (RFC 3986, 9112 §3.2,
// 6265).
//
// Owner   the caller owns the bytes; string_views point into what was passed in.
// Thread  none: pure functions.
// Limit   that of the head they came in; nothing is allocated for a delimiter.
// Why     the escapes are checked and decoded by Boost.URL; but other characters are taken as they
//         come, because browsers send some ('|', '{', '^') that RFC 3986 wants escaped.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orrery::http {

struct Target {
  std::string_view raw_path;   // as sent: what Router::find() takes
  std::string_view query;      // as sent, without '?'
  std::string_view authority;  // of an absolute-form target: it replaces Host (RFC 9112 §3.2.2)
};

/// Splits an origin-form, absolute-form ("http://host/path") or asterisk-form target. Nothing if it
/// is none of these, its path's percent-encoding is broken or hides a NUL: the caller answers 400.
[[nodiscard]] std::optional<Target> split_target(std::string_view target);

/// Decodes a path and leaves "%2F" as it is. Nothing if the encoding is broken.
[[nodiscard]] std::optional<std::string> decode_path(std::string_view encoded);
/// Decodes every escape, "%2F" too. Nothing if the encoding is broken.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view encoded);
/// Encodes everything but unreserved characters (RFC 3986 §2.3): safe as one path segment, and as a
/// query's name or value.
[[nodiscard]] std::string percent_encode(std::string_view plain);

/// The first value of `name` in a query, decoded ('+' is a space); nothing if it is not there or
/// its encoding is broken. A name without '=' has the value "".
[[nodiscard]] std::optional<std::string> query_param(std::string_view query, std::string_view name);

using Cookie = std::pair<std::string_view, std::string_view>;
/// The cookies of a Cookie header's value, in order; what is not name=value is left out.
[[nodiscard]] std::vector<Cookie> parse_cookies(std::string_view header_value);
/// The first cookie of that name.
[[nodiscard]] std::optional<std::string_view> find_cookie(std::string_view header_value,
                                                          std::string_view name);

/// Whether a Host header's value is a host with an optional port (RFC 9110 §7.2); "" is one.
[[nodiscard]] bool is_host(std::string_view value);

}  // namespace orrery::http
