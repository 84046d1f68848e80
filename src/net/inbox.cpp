#include "net/inbox.h"

#include <utility>

namespace orrery::net {

Inbox::~Inbox() {
  while (InboxNode* node = take()) node->dropped();
}

// The order of these two steps, and of the two in may_sleep(), is one total order: either the
// producer sees that the consumer sleeps, or the consumer sees the node.
Inbox::Consumer Inbox::push(InboxNode& node) {
  InboxNode* newest = pushed_.load(std::memory_order_relaxed);
  do {
    node.next_ = newest;
  } while (!pushed_.compare_exchange_weak(newest, &node, std::memory_order_seq_cst,
                                          std::memory_order_relaxed));
  const bool wake = sleeping_.load(std::memory_order_seq_cst) && sleeping_.exchange(false);
  return wake ? Consumer::must_be_woken : Consumer::awake;
}

bool Inbox::may_sleep() {
  if (ready_ != nullptr) return false;
  sleeping_.store(true, std::memory_order_seq_cst);
  if (pushed_.load(std::memory_order_seq_cst) == nullptr) return true;
  awake();
  return false;
}

bool Inbox::empty() const {
  return ready_ == nullptr && pushed_.load(std::memory_order_relaxed) == nullptr;
}

std::size_t Inbox::drain(std::size_t limit) {
  std::size_t ran = 0;
  for (; ran < limit; ++ran) {
    InboxNode* node = take();
    if (node == nullptr) break;
    node->run();  // the node may be gone, or pushed again, now
  }
  return ran;
}

InboxNode* Inbox::take() {
  if (ready_ == nullptr) {
    InboxNode* newest = pushed_.load(std::memory_order_relaxed);
    if (newest == nullptr) return nullptr;
    newest = pushed_.exchange(nullptr, std::memory_order_acquire);
    while (newest != nullptr) {
      InboxNode* older = std::exchange(newest->next_, ready_);
      ready_ = std::exchange(newest, older);
    }
  }
  InboxNode* oldest = ready_;
  ready_ = std::exchange(oldest->next_, nullptr);
  return oldest;
}

}  // namespace orrery::net
