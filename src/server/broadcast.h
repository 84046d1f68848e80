// A Broadcast is one message for many sessions of one loop, as a whole frame in the variants that
// they need; each is encoded once.
//
// Owner   the fan-out that runs.
// Thread  its loop's.
#pragma once

#include <array>
#include <string_view>

#include "base/shared_bytes.h"
#include "orrery/message.h"
#include "websocket/deflate.h"

namespace orrery::server {

class Broadcast {
 public:
  Broadcast(MessageType type, SharedBytes payload) : type_(type), payload_(std::move(payload)) {}
  [[nodiscard]] MessageType type() const { return type_; }
  [[nodiscard]] const SharedBytes& payload() const { return payload_; }
  [[nodiscard]] const SharedBytes& plain();
  [[nodiscard]] const SharedBytes& compressed(websocket::DeflateEngine& engine, int window_bits);

 private:
  MessageType type_;
  SharedBytes payload_;
  SharedBytes plain_;
  std::array<SharedBytes, 16> compressed_;  // by window bits
};

}  // namespace orrery::server
