// A Broadcast is one message for many sessions of one loop, as a whole frame in the variants that
// they need; each is encoded once, and charged once to their pool however many hold it. Small ones
// are not charged: who keeps one keeps a copy.
//
// Owner   the loop's server, while a publication is handed out.
// Thread  its loop's.
// Why     docs/decisions/0015-a-published-payload-is-charged-once.md
#pragma once

#include <array>
#include <string_view>

#include "base/shared_bytes.h"
#include "orrery/message.h"
#include "pools/ledger.h"
#include "websocket/deflate.h"

namespace orrery::server {

class Broadcast {
 public:
  using Payer = std::shared_ptr<pools::Ledger>;  // the members' pool's

  Broadcast(MessageType type, SharedBytes payload) : type_(type), payload_(std::move(payload)) {}
  [[nodiscard]] MessageType type() const { return type_; }
  [[nodiscard]] std::size_t bytes() const { return payload_.size(); }
  [[nodiscard]] std::string_view view() const { return payload_.view(); }
  /// For those who keep the message for later.
  [[nodiscard]] const SharedBytes& payload(const Payer& payer);
  [[nodiscard]] const SharedBytes& plain(const Payer& payer);
  [[nodiscard]] const SharedBytes& compressed(const Payer& payer, websocket::DeflateEngine& engine,
                                              int window_bits);

 private:
  MessageType type_;
  SharedBytes payload_;
  SharedBytes kept_;
  SharedBytes plain_;
  std::array<SharedBytes, 16> compressed_;  // by window bits
};

}  // namespace orrery::server
