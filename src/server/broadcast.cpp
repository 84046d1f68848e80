#include "server/broadcast.h"

#include <string>

#include "net/outbox.h"
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

// Where the pool has no memory left, whoever holds the bytes is asked for them.
SharedBytes charged(SharedBytes bytes, const Broadcast::Payer& payer) {
  if (bytes.size() <= net::Outbox::copied_bytes) return bytes;
  auto charge = pools::SharedCharge::of(payer, bytes.size());
  return charge ? bytes.paid_by(std::move(charge)) : bytes;
}

}  // namespace

const SharedBytes& Broadcast::payload(const Payer& payer) {
  if (kept_.size() == 0) kept_ = charged(payload_, payer);
  return kept_;
}

const SharedBytes& Broadcast::plain(const Payer& payer) {
  if (plain_.size() == 0) plain_ = charged(frame_of(type_, payload_.view(), false), payer);
  return plain_;
}

const SharedBytes& Broadcast::compressed(const Payer& payer, websocket::DeflateEngine& engine,
                                         int window_bits) {
  SharedBytes& variant = compressed_[static_cast<std::size_t>(window_bits)];
  if (variant.size() == 0)
    variant = charged(frame_of(type_, engine.compress(payload_.view(), window_bits), true), payer);
  return variant;
}

}  // namespace orrery::server
