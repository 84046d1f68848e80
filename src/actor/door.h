// A Door is how any thread hands letters to the sessions of one loop, and learns when the loop is
// gone.
//
// Owner   shared: by the loop's server part, and by every mailbox behind it.
// Thread  post() and here() from any; `running` is the loop's own.
// Limit   none of its own: mailboxes bound what waits.
// Why     it outlives its loop, so that an Address can't dangle.
#pragma once

#include <memory>
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
  /// Whether this is the loop's thread.
  [[nodiscard]] bool here() const { return inbox_->in_own_thread(); }
  [[nodiscard]] std::size_t loop() const { return loop_; }
  /// Only inside a node that was posted here: then the loop lives.
  [[nodiscard]] Receiver& receiver() { return receiver_; }

  /// The session whose callback runs now; of the loop's thread alone.
  const Mailbox* running = nullptr;

 private:
  const std::shared_ptr<net::Inbox> inbox_;
  const std::size_t loop_;
  Receiver& receiver_;
};

}  // namespace orrery::actor
