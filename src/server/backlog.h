// A Backlog is what waits for one slow client in messages, not bytes: whole ones that were not
// begun, so that some may still be dropped or replaced (Overflow::drop_oldest and latest_per_key).
//
// Owner   its Session; only under those two policies.
// Thread  its loop's.
// Limit   none of its own: the session compares bytes() with Limits::queued_bytes.
// Why     messages are compressed when they leave, so what is dropped never was part of a context.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "base/shared_bytes.h"
#include "orrery/message.h"

namespace orrery::server {

struct WaitingMessage {
  MessageType type;
  SharedBytes payload;
  Compress compress = Compress::when_negotiated;
  std::string key{};
};

class Backlog {
 public:
  /// What a message weighs besides its payload and its key.
  static constexpr std::size_t overhead_bytes = 128;

  void push(WaitingMessage message) {
    enter(message);
    messages_.push_back(std::move(message));
  }
  /// The oldest one; there must be one.
  WaitingMessage pop() {
    WaitingMessage oldest = std::move(messages_.front());
    messages_.pop_front();
    strike(oldest);
    return oldest;
  }
  /// Puts the message in the place of the one with its key, if one waits.
  [[nodiscard]] bool replace(WaitingMessage& message) {
    for (WaitingMessage& waiting : messages_) {
      if (waiting.key != message.key) continue;
      enter(message);
      strike(waiting);
      waiting = std::move(message);
      return true;
    }
    return false;
  }

  [[nodiscard]] bool empty() const { return messages_.empty(); }
  [[nodiscard]] std::size_t size() const { return messages_.size(); }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  /// Without payloads that are paid for elsewhere.
  [[nodiscard]] std::size_t unpaid_bytes() const { return bytes_ - paid_bytes_; }

 private:
  void enter(const WaitingMessage& message) {
    bytes_ += weight_of(message);
    paid_bytes_ += paid_of(message);
  }
  void strike(const WaitingMessage& message) {
    bytes_ -= weight_of(message);
    paid_bytes_ -= paid_of(message);
  }
  [[nodiscard]] static std::size_t paid_of(const WaitingMessage& message) {
    return message.payload.size() - message.payload.unpaid_bytes();
  }
  [[nodiscard]] static std::size_t weight_of(const WaitingMessage& message) {
    return overhead_bytes + message.payload.size() + message.key.size();
  }

  std::deque<WaitingMessage> messages_;
  std::size_t bytes_ = 0;
  std::size_t paid_bytes_ = 0;  // of them
};

}  // namespace orrery::server
