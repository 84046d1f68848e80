#include "websocket/encoder.h"

#include <array>
#include <span>

namespace orrery::websocket {
namespace {

constexpr std::size_t max_close_reason_bytes = 123;  // RFC 6455 §5.5

std::string_view cut_between_characters(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xc0) == 0x80) --bytes;
  return text.substr(0, bytes);
}

}  // namespace

std::string encode_frame(Opcode opcode, std::string_view payload, const FrameForm& form) {
  std::array<char, max_head_bytes> head;
  const std::size_t head_bytes =
      encode_head(head.data(), opcode, payload.size(), form.fin, form.compressed);
  std::string frame;
  frame.reserve(max_head_bytes + payload.size());
  frame.append(head.data(), head_bytes);
  if (form.mask) {
    frame[1] = static_cast<char>(static_cast<unsigned char>(frame[1]) | 0x80);
    for (const std::uint8_t byte : *form.mask) frame.push_back(static_cast<char>(byte));
  }
  const std::size_t payload_at = frame.size();
  frame.append(payload);
  if (form.mask) (void)apply_mask(std::span(frame).subspan(payload_at), *form.mask);
  return frame;
}

MaskKey fresh_mask(Random& random) {
  std::array<char, 4> bytes;
  random.fill(bytes);
  MaskKey key;
  for (std::size_t i = 0; i < key.size(); ++i) key[i] = static_cast<std::uint8_t>(bytes[i]);
  return key;
}

std::string close_payload(std::uint16_t code, std::string_view reason) {
  if (code == 0) return {};
  std::string payload;
  payload.push_back(static_cast<char>(code >> 8));
  payload.push_back(static_cast<char>(code & 0xff));
  payload.append(cut_between_characters(reason, max_close_reason_bytes));
  return payload;
}

}  // namespace orrery::websocket
