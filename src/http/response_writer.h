// Writes responses: status line, framing, headers, body.
//
// Owner   the caller's buffer; nothing is kept.
// Thread  none: pure functions; the date is an argument.
// Limit   none of its own: what it writes is the server's own.
// Why     framing belongs to the writer: a gear can't set Content-Length, Transfer-Encoding or
// Date,
//         and no value can smuggle a second header or response into the stream.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "http/head.h"

namespace orrery::http {

/// "Not Found"; "" for a status without a registered phrase.
[[nodiscard]] std::string_view reason_phrase(int status);

/// Whether a response with this status can have a body at all (RFC 9110 §6.4.1).
[[nodiscard]] bool allows_body(int status);

struct ResponseOptions {
  bool keep_alive = true;  // false adds "Connection: close"
  bool head_only = false;  // the answer to HEAD: the body's length, not the body
  int minor_version = 1;   // the request's: an HTTP/1.0 client is told "Connection: keep-alive"
  std::optional<std::chrono::system_clock::time_point> date = std::nullopt;
};

/// Appends one header, but not one that holds CR, LF or NUL, is no token, or is for the functions
/// below to write. Whether it did.
[[nodiscard]] bool append_header(std::string& out, const Header& header);

/// Appends a whole response. Content-Length is always there, except with 1xx, 204 and 304. Returns
/// the names of the headers that it left out, as append_header() does.
[[nodiscard]] std::vector<std::string> append_response(std::string& out, int status,
                                                       std::span<const Header> headers,
                                                       std::string_view body,
                                                       const ResponseOptions& options);

/// The same without the body, whose `body_bytes` the caller sends in pieces.
[[nodiscard]] std::vector<std::string> append_response_head(std::string& out, int status,
                                                            std::span<const Header> headers,
                                                            std::uint64_t body_bytes,
                                                            const ResponseOptions& options);

}  // namespace orrery::http
