// Encoder: frame heads and whole frames.
//
// Thread  any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/random.h"
#include "websocket/mask.h"
#include "websocket/opcode.h"

namespace orrery::websocket {

/// The longest head: two bytes, a length of eight, a mask of four.
inline constexpr std::size_t max_head_bytes = 14;

/// Writes the head of an unmasked frame, and returns its length: 2, 4 or 10 (RFC 6455 §5.2).
/// `out` has room for max_head_bytes.
inline std::size_t encode_head(char* out, Opcode opcode, std::uint64_t payload_bytes,
                               bool fin = true, bool compressed = false) {
  out[0] = static_cast<char>((fin ? 0x80 : 0) | (compressed ? 0x40 : 0) |
                             static_cast<std::uint8_t>(opcode));
  if (payload_bytes < 126) {
    out[1] = static_cast<char>(payload_bytes);
    return 2;
  }
  const int length_bytes = payload_bytes <= 0xffff ? 2 : 8;
  out[1] = length_bytes == 2 ? 126 : 127;
  for (int i = 0; i < length_bytes; ++i)
    out[2 + i] = static_cast<char>(payload_bytes >> (8 * (length_bytes - 1 - i)) & 0xff);
  return static_cast<std::size_t>(2 + length_bytes);
}

/// What a frame is besides its opcode and payload.
struct FrameForm {
  bool fin = true;
  bool compressed = false;           // RSV1
  std::optional<MaskKey> mask = {};  // a client's frames have one
};

/// One whole frame.
[[nodiscard]] std::string encode_frame(Opcode opcode, std::string_view payload,
                                       const FrameForm& form = {});

/// A mask that the peer can't predict, if `random` is SecureRandom (RFC 6455 §5.3): one per frame.
[[nodiscard]] MaskKey fresh_mask(Random& random);

/// The payload of a close frame; code 0 stands for the empty one. `reason` is cut to 123 bytes at
/// the border of a character.
[[nodiscard]] std::string close_payload(std::uint16_t code, std::string_view reason);

}  // namespace orrery::websocket
