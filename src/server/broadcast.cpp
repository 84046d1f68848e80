#include "server/broadcast.h"

#include <string>

#include "websocket/encoder.h"

namespace orrery::server {

namespace {

SharedBytes frame_of(MessageType type, std::string_view payload, bool compressed) {
  char head[websocket::max_head_bytes];
  const auto bytes = websocket::encode_head(head, static_cast<websocket::Opcode>(type),
                                            payload.size(), true, compressed);
  std::string frame;
  frame.reserve(bytes + payload.size());
  frame.append(head, bytes).append(payload);
  return SharedBytes(std::move(frame));
}

}  // namespace

const SharedBytes& Broadcast::plain() {
  if (plain_.size() == 0) plain_ = frame_of(type_, payload_.view(), false);
  return plain_;
}

const SharedBytes& Broadcast::compressed(websocket::DeflateEngine& engine, int window_bits) {
  SharedBytes& variant = compressed_[static_cast<std::size_t>(window_bits)];
  if (variant.size() == 0)
    variant = frame_of(type_, engine.compress(payload_.view(), window_bits), true);
  return variant;
}

}  // namespace orrery::server
