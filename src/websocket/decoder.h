// Decoder: bytes to frames. Pull style: it takes bytes from the front of a span, and what it has
// not taken stays there.
//
// Owner   the Endpoint.
// Thread  its owner's.
// Limit   it keeps at most the 14 bytes of one frame head, and never payload.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>

#include "websocket/frame.h"

namespace orrery::websocket {

/// A message that came in one piece.
struct WholeMessage {
  Opcode opcode;  // text or binary
  std::string_view payload;
  bool ascii;
};

/// A piece of a frame's payload, and whether it is known to be ASCII.
struct PayloadPiece : std::span<char> {
  bool ascii = false;
};

class Decoder {
 public:
  /// Takes a client's message that lies there whole, in one frame without extensions, and is no
  /// longer than `most_bytes`; unmasked in place. What is anything else, is cut off or breaks a
  /// rule stays where it is: for take_head(). Not inside a message.
  [[nodiscard]] std::optional<WholeMessage> take_whole(std::span<char>& input,
                                                       std::uint64_t most_bytes);
  /// Takes the head of the next frame: nothing while it is not complete. Not inside a frame.
  [[nodiscard]] bool take_head(std::span<char>& input);
  /// Takes what is there of the frame's payload, unmasked in place; ends the frame with its last
  /// byte.
  [[nodiscard]] PayloadPiece take_payload(std::span<char>& input);

  /// The head that take_head() completed.
  [[nodiscard]] const FrameHead& head() const { return head_; }
  /// A length that was not written in the shortest way or sets the top bit (RFC 6455 §5.2).
  [[nodiscard]] bool bad_length() const { return bad_length_; }
  /// Between the head and the last byte of payload. A frame without payload is one until
  /// take_payload() was called.
  [[nodiscard]] bool in_frame() const { return in_frame_; }
  /// In a frame, and none of its payload was taken.
  [[nodiscard]] bool at_first_byte() const {
    return in_frame_ && remaining_ == head_.payload_bytes;
  }
  /// Payload that the frame still owes.
  [[nodiscard]] std::uint64_t remaining_bytes() const { return remaining_; }
  /// Bytes of an unfinished head.
  [[nodiscard]] std::size_t buffered_bytes() const { return kept_; }

 private:
  void parse(const std::uint8_t* bytes);

  std::uint64_t remaining_ = 0;
  FrameHead head_;
  std::array<std::uint8_t, 14> partial_;
  std::uint8_t kept_ : 6 = 0;
  bool bad_length_ : 1 = false;
  bool in_frame_ : 1 = false;
};

// Longer messages than these two forms of the length can say take the long way: they won't notice.
inline std::optional<WholeMessage> Decoder::take_whole(std::span<char>& input,
                                                       std::uint64_t most_bytes) {
  constexpr std::size_t short_head = 2 + sizeof(MaskKey), longer_head = 4 + sizeof(MaskKey);
  constexpr std::uint8_t final_text = 0x81, final_binary = 0x82;
  if (in_frame_ || kept_ != 0 || input.size() < short_head) return std::nullopt;
  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(input.data());
  if (bytes[0] != final_text && bytes[0] != final_binary) return std::nullopt;
  std::size_t head = short_head;
  std::size_t length = bytes[1] ^ 0x80U;  // above 127 without a mask
  if (length > 125) {
    if (length != 126 || input.size() < longer_head) return std::nullopt;
    head = longer_head;
    length = static_cast<std::size_t>(bytes[2]) << 8 | bytes[3];
    if (length < 126) return std::nullopt;
  }
  if (length > most_bytes || length > input.size() - head) return std::nullopt;
  const auto opcode = static_cast<Opcode>(bytes[0] & 0x0f);
  MaskKey key;
  std::memcpy(key.data(), bytes + head - key.size(), key.size());
  const std::span<char> payload = input.subspan(head, length);
  const bool ascii = apply_mask(payload, key);
  input = input.subspan(head + length);
  return WholeMessage{opcode, {payload.data(), payload.size()}, ascii};
}

}  // namespace orrery::websocket
