// The kinds of frames.
#pragma once

#include <cstdint>

namespace orrery::websocket {

/// RFC 6455 §5.2.
enum class Opcode : std::uint8_t {
  continuation = 0,
  text = 1,
  binary = 2,
  close = 8,
  ping = 9,
  pong = 10
};

[[nodiscard]] constexpr bool is_known(Opcode opcode) {
  const auto bits = static_cast<std::uint8_t>(opcode);
  return bits <= 2 || (bits >= 8 && bits <= 10);
}

/// Control frames may stand between the fragments of a message (RFC 6455 §5.5).
[[nodiscard]] constexpr bool is_control(Opcode opcode) {
  return (static_cast<std::uint8_t>(opcode) & 8) != 0;
}

[[nodiscard]] constexpr bool starts_message(Opcode opcode) {
  return opcode == Opcode::text || opcode == Opcode::binary;
}

}  // namespace orrery::websocket
