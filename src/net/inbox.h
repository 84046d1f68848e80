// An Inbox brings work from any thread to one loop, without a lock.
//
// Owner   shared: by its loop and by whoever may still post after the loop's end, who is then told.
//         A node belongs to whoever posts it, and must live until it is run or dropped.
// Thread  post(), in_own_thread() from anywhere; the rest only on the loop's.
// Limit   none of its own: what may be pushed is bounded by whoever pushes.
// Why     producers push on a list that the consumer takes as a whole: no ABA, no allocation, and
//         a wake-up only if the consumer really sleeps.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <thread>
#include <utility>

#include "net/poller.h"

namespace orrery::net {

class InboxNode;

/// What an Inbox keeps in a node.
class InboxHook {
  friend class Inbox;
  InboxNode* next_ = nullptr;
};

/// Work for a loop. From the moment run() is entered it may be pushed again, or destroyed.
class InboxNode : public InboxHook {
 public:
  InboxNode() = default;
  InboxNode(const InboxNode&) = delete;
  InboxNode& operator=(const InboxNode&) = delete;
  virtual void run() = 0;
  /// Instead of run(), when the loop ends first.
  virtual void dropped() {}

 protected:
  ~InboxNode() = default;
};

class Inbox {
 public:
  explicit Inbox(std::shared_ptr<Waker> waker) : waker_(std::move(waker)) {}
  Inbox(const Inbox&) = delete;
  Inbox& operator=(const Inbox&) = delete;

  /// Wakes the loop if it sleeps. False, and the node is still the caller's, after close().
  [[nodiscard]] bool post(InboxNode& node);
  /// Drops what was not run; from now on nothing is taken.
  void close();

  /// Runs at most `limit` nodes, in the order in which each producer pushed them; returns how many.
  std::size_t drain(std::size_t limit);
  /// Inside this node's run(), for one that has done its share of the turn: drain() ends, and the
  /// next one begins with it.
  void put_back(InboxNode& node);
  [[nodiscard]] bool empty() const;
  /// From now on a push() asks for a wake-up, once. False, and nothing changed, if work is waiting.
  [[nodiscard]] bool may_sleep();
  void awake() { sleeping_.store(false, std::memory_order_relaxed); }

  /// Whose thread the loop's is; none while nobody runs it.
  void belongs_to(std::thread::id owner) { owner_.store(owner, std::memory_order_relaxed); }
  /// True on the loop's thread, and everywhere while nobody runs it.
  [[nodiscard]] bool in_own_thread() const;
  /// True on the thread that runs the loop, and nowhere else.
  [[nodiscard]] bool runs_here() const {
    return owner_.load(std::memory_order_relaxed) == std::this_thread::get_id();
  }

 private:
  InboxNode* take();

  const std::shared_ptr<Waker> waker_;
  std::atomic<std::thread::id> owner_{};
  std::atomic<InboxNode*> pushed_{nullptr};  // newest first
  std::atomic<bool> sleeping_{false};
  InboxNode* ready_ = nullptr;  // oldest first; the consumer's
  bool put_back_ = false;       // the node that runs wants to run again
};

}  // namespace orrery::net
