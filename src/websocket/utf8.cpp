#include "websocket/utf8.h"

#include <simdjson.h>

#include <algorithm>

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

}  // namespace

bool is_utf8(std::string_view text) {
  return text.empty() || simdjson::validate_utf8(text.data(), text.size());
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
