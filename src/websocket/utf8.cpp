#include "websocket/utf8.h"

#include <simdjson.h>

#include <algorithm>
#include <cstring>

namespace orrery::websocket {
namespace {

// Bytes at the end of `text` that begin a character and don't finish it. The text begins with a
// character.
std::size_t unfinished_bytes(std::string_view text) {
  const std::size_t reach = std::min<std::size_t>(3, text.size());
  for (std::size_t back = 1; back <= reach; ++back) {
    const auto byte = static_cast<std::uint8_t>(text[text.size() - back]);
    if (byte < 0x80) return 0;
    if (byte < 0xc0) continue;
    const std::size_t length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return length > back ? back : 0;
  }
  return 0;
}

// Word by word; the last word may look at some bytes again.
bool is_ascii(std::string_view text) {
  constexpr std::uint64_t top_bits = 0x8080'8080'8080'8080;
  std::uint64_t seen = 0;
  if (text.size() < sizeof seen) {
    for (const char byte : text) seen |= static_cast<std::uint8_t>(byte);
    return (seen & 0x80) == 0;
  }
  const auto word_at = [&](std::size_t at) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, sizeof word);
    return word;
  };
  for (std::size_t at = 0; at < text.size() - sizeof seen; at += sizeof seen) seen |= word_at(at);
  return ((seen | word_at(text.size() - sizeof seen)) & top_bits) == 0;
}

}  // namespace

// Most short texts are ASCII, which is seen before simdjson has begun.
bool is_utf8(std::string_view text) {
  constexpr std::size_t short_bytes = 128;
  if (text.size() <= short_bytes && is_ascii(text)) return true;
  return simdjson::validate_utf8(text.data(), text.size());
}

bool Utf8Validator::feed(std::string_view piece) {
  while (missing_ > 0 && !piece.empty()) {
    if (!take(static_cast<std::uint8_t>(piece.front()))) return false;
    piece.remove_prefix(1);
  }
  const std::size_t unfinished = unfinished_bytes(piece);
  if (!is_utf8(piece.substr(0, piece.size() - unfinished))) return false;
  for (const char byte : piece.substr(piece.size() - unfinished))
    if (!take(static_cast<std::uint8_t>(byte))) return false;
  return true;
}

// RFC 3629 §4: only the byte after the first has bounds narrower than 80..BF.
bool Utf8Validator::take(std::uint8_t byte) {
  if (missing_ > 0) {
    if (byte < low_ || byte > high_) return false;
    --missing_;
    low_ = 0x80;
    high_ = 0xbf;
    return true;
  }
  if (byte < 0x80) return true;
  if (byte < 0xc2 || byte > 0xf4) return false;
  missing_ = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
  if (byte == 0xe0) low_ = 0xa0;   // shorter forms exist
  if (byte == 0xed) high_ = 0x9f;  // surrogates
  if (byte == 0xf0) low_ = 0x90;   // shorter forms exist
  if (byte == 0xf4) high_ = 0x8f;  // above U+10FFFF
  return true;
}

}  // namespace orrery::websocket
