// How long a message's body is (RFC 9112 §6), and the rules of a request's head that are not
// grammar: exactly one Host, a target this server can serve, no two answers to the same question.
//
// Thread  none: pure functions.
// Why     a server and a proxy that disagree here can be made to see different requests in the same
//         bytes (request smuggling), so whatever is ambiguous is refused.
#pragma once

#include <cstdint>
#include <variant>

#include "http/events.h"
#include "http/head.h"
#include "http/url.h"

namespace orrery::http {

struct Framing {
  enum class Body : std::uint8_t { none, length, chunked, until_end };
  Body body = Body::none;
  std::uint64_t bytes = 0;  // of Body::length
};

using FramingOrFault = std::variant<Framing, Fault>;

/// Every rule of RFC 9110 and 9112 that a request with a well-formed head can still break, but for
/// its target.
[[nodiscard]] MaybeFault fault_in(const RequestHead& head);
/// Nothing if it is malformed, or not for this method (RFC 9112 §3.2).
[[nodiscard]] std::optional<Target> target_of(const RequestHead& head);
[[nodiscard]] FramingOrFault framing_of(const RequestHead& head);
[[nodiscard]] FramingOrFault framing_of(const ResponseHead& head);
/// Whether the connection outlives this request (RFC 9112 §9.3).
[[nodiscard]] bool is_persistent(int minor_version, const Headers& headers);

}  // namespace orrery::http
