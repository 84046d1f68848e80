// UTF-8 (RFC 3629), whole or in pieces.
//
// Thread  none: plain values.
// Limit   a validator is three bytes.
// Why     pieces may be cut inside a character; a piece goes through simdjson but for its borders,
//         which go byte by byte, so that the first bad byte fails even before its frame is
//         complete.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace orrery::websocket {

/// Whether all of `text` is UTF-8.
[[nodiscard]] bool is_utf8(std::string_view text);

class Utf8Validator {
 public:
  /// False as soon as no continuation could make the bytes so far UTF-8. Ask no more after that.
  [[nodiscard]] bool feed(std::string_view piece);
  /// The same for a piece that is known to be ASCII, and not empty.
  [[nodiscard]] bool feed_ascii() const { return complete(); }
  /// Whether the text so far doesn't end inside a character.
  [[nodiscard]] bool complete() const { return missing_ == 0; }

 private:
  bool take(std::uint8_t byte);

  std::uint8_t missing_ = 0;  // continuation bytes that the character still needs
  std::uint8_t low_ = 0x80;   // bounds of the next of them
  std::uint8_t high_ = 0xbf;
};

}  // namespace orrery::websocket
