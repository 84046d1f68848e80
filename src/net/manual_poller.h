// ManualPoller has no descriptors and never sleeps: for loops whose streams are all in memory, in
// tests and in simulation, where a clock of their own says what time it is.
//
// Owner   its Loop.
// Thread  its loop's.
#pragma once

#include "net/poller.h"

namespace orrery::net {

class ManualPoller final : public Poller {
 public:
  void wait(milliseconds) override {}
  void wake_in(milliseconds) override {}
  std::size_t dispatch() override { return 0; }
  Result<void> add(int, Watcher&) override { return refusal(); }
  Result<void> add_shared(int, Watcher&) override { return refusal(); }
  void remove(int, Watcher&) override {}
  [[nodiscard]] std::shared_ptr<Waker> waker() override { return nullptr; }

 private:
  static Result<void> refusal() {
    return Error{"this loop has memory streams only; a socket needs a loop with an EpollPoller"};
  }
};

}  // namespace orrery::net
