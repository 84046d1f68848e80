#include "websocket/decoder.h"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace orrery::websocket {
namespace {

std::size_t length_bytes(std::uint8_t second) {
  const int short_length = second & 0x7f;
  return short_length == 127 ? 8 : short_length == 126 ? 2 : 0;
}

std::size_t head_bytes(std::uint8_t second) {
  return 2 + length_bytes(second) + ((second & 0x80) != 0 ? 4 : 0);
}

}  // namespace

bool Decoder::take_head(std::span<char>& input) {
  assert(!in_frame_);
  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(input.data());
  if (kept_ == 0 && input.size() >= 2 && input.size() >= head_bytes(bytes[1])) {
    const std::size_t size = head_bytes(bytes[1]);
    parse(bytes);
    input = input.subspan(size);
    return true;
  }
  while (!input.empty()) {
    partial_[kept_] = static_cast<std::uint8_t>(input.front());
    ++kept_;
    input = input.subspan(1);
    if (kept_ < 2 || kept_ < head_bytes(partial_[1])) continue;
    parse(partial_.data());
    kept_ = 0;
    return true;
  }
  return false;
}

// RFC 6455 §5.2.
void Decoder::parse(const std::uint8_t* bytes) {
  const std::size_t extended = length_bytes(bytes[1]);
  std::uint64_t length = bytes[1] & 0x7f;
  if (extended > 0) {
    length = 0;
    for (std::size_t i = 0; i < extended; ++i) length = length << 8 | bytes[2 + i];
  }
  bad_length_ =
      (extended == 2 && length < 126) || (extended == 8 && length <= 0xffff) || length >> 63 != 0;
  head_.fin = (bytes[0] & 0x80) != 0;
  head_.rsv = bytes[0] >> 4 & 0b111;
  head_.opcode = static_cast<Opcode>(bytes[0] & 0x0f);
  head_.masked = (bytes[1] & 0x80) != 0;
  if (head_.masked) std::memcpy(head_.mask.data(), bytes + 2 + extended, head_.mask.size());
  head_.payload_bytes = length;
  remaining_ = length;
  in_frame_ = true;
}

PayloadPiece Decoder::take_payload(std::span<char>& input) {
  assert(in_frame_);
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, input.size()));
  PayloadPiece piece{input.first(size)};
  if (head_.masked && size > 0)
    piece.ascii = apply_mask(piece, head_.mask, head_.payload_bytes - remaining_);
  input = input.subspan(size);
  remaining_ -= size;
  in_frame_ = remaining_ > 0;
  return piece;
}

}  // namespace orrery::websocket
