// Close codes (RFC 6455 §7.4 and the IANA registry).
#pragma once

#include <cstdint>

namespace orrery::websocket {

/// Whether a peer may put `code` into a close frame: not 1004 to 1006, which are never sent, nor
/// 1015, nor what is not registered.
[[nodiscard]] constexpr bool is_valid_received(std::uint16_t code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
         (code >= 3000 && code <= 4999);
}

/// Whether we may; the same set.
[[nodiscard]] constexpr bool is_valid_to_send(std::uint16_t code) {
  return is_valid_received(code);
}

}  // namespace orrery::websocket
