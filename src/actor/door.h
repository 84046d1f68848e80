// A Door is how any thread hands letters to the sessions of one loop, and learns when the loop is
// gone.
//
// Owner   shared: by the loop's server part, and by every mailbox behind it.
// Thread  any; runs() and rests() are the loop's own.
// Limit   none of its own: mailboxes bound what waits.
// Why     it outlives its loop, so that an Address can't dangle.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "base/slab.h"
#include "net/loop.h"
#include "orrery/message.h"

namespace orrery::actor {

class Letter;
class Mailbox;

/// What a loop does with what came through its door. Called on the loop's thread, never inside
/// another callback of a session.
class Receiver {
 public:
  virtual void receive(std::unique_ptr<Letter> letter) = 0;
  virtual void close(SlotId session, const CloseCause& cause) = 0;

 protected:
  ~Receiver() = default;
};

class Door {
 public:
  /// `receiver` lives as long as the loop behind `inbox` turns.
  Door(std::shared_ptr<net::Inbox> inbox, std::size_t loop, Receiver& receiver)
      : inbox_(std::move(inbox)), loop_(loop), receiver_(receiver) {}

  /// False: the loop has ended, and the node was not taken.
  [[nodiscard]] bool post(net::InboxNode& node) { return inbox_->post(node); }
  /// Inside a node's run(): see net::Inbox::put_back().
  void put_back(net::InboxNode& node) { inbox_->put_back(node); }
  /// Whether this is the loop's thread.
  [[nodiscard]] bool here() const { return inbox_->in_own_thread(); }
  [[nodiscard]] std::size_t loop() const { return loop_; }
  /// Only inside a node that was posted here: then the loop lives.
  [[nodiscard]] Receiver& receiver() { return receiver_; }

  /// Whose callback runs now, as the loop says; any thread may ask, and believe it if it is here().
  void runs(SlotId session) { running_.store(packed(session), std::memory_order_relaxed); }
  void rests() { running_.store(nobody, std::memory_order_relaxed); }
  [[nodiscard]] bool is_running(SlotId session) const {
    return running_.load(std::memory_order_relaxed) == packed(session);
  }
  [[nodiscard]] std::optional<SlotId> running() const {
    const std::uint64_t bits = running_.load(std::memory_order_relaxed);
    if (bits == nobody) return std::nullopt;
    return SlotId{static_cast<std::uint32_t>(bits), static_cast<std::uint32_t>(bits >> 32)};
  }

 private:
  static constexpr std::uint64_t nobody = ~std::uint64_t{0};
  [[nodiscard]] static std::uint64_t packed(SlotId id) {
    return std::uint64_t{id.generation} << 32 | id.slot;
  }

  const std::shared_ptr<net::Inbox> inbox_;
  const std::size_t loop_;
  Receiver& receiver_;
  std::atomic<std::uint64_t> running_{nobody};
};

}  // namespace orrery::actor
