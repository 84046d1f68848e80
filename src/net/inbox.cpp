#include "net/inbox.h"

#include <utility>

namespace orrery::net {

namespace {

// Stands in the place of the newest node once the inbox is closed. Never run.
class Closed final : public InboxNode {
  void run() override {}
};
Closed closed;

}  // namespace

// The order of these two steps, and of the two in may_sleep(), is one total order: either the
// producer sees that the consumer sleeps, or the consumer sees the node.
bool Inbox::post(InboxNode& node) {
  InboxNode* newest = pushed_.load(std::memory_order_relaxed);
  do {
    if (newest == &closed) return false;
    node.next_ = newest;
  } while (!pushed_.compare_exchange_weak(newest, &node, std::memory_order_seq_cst,
                                          std::memory_order_relaxed));
  if (sleeping_.load(std::memory_order_seq_cst) && sleeping_.exchange(false) && waker_)
    waker_->wake();
  return true;
}

void Inbox::close() {
  while (InboxNode* node = take()) node->dropped();
  InboxNode* newest = pushed_.exchange(&closed, std::memory_order_acquire);
  if (newest == &closed) return;
  while (newest != nullptr) std::exchange(newest, newest->next_)->dropped();
}

bool Inbox::in_own_thread() const {
  const auto owner = owner_.load(std::memory_order_relaxed);
  return owner == std::thread::id{} || owner == std::this_thread::get_id();
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
    if (std::exchange(put_back_, false)) return ran + 1;
  }
  return ran;
}

void Inbox::put_back(InboxNode& node) {
  node.next_ = std::exchange(ready_, &node);
  put_back_ = true;
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
