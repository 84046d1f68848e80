// ManualPoller has no descriptors and never sleeps: for loops whose streams are all in memory, in
// tests and in simulation, where a clock of their own says what time it is. It may offer a batch,
// as others do: then what a turn brought to many leaves together.
//
// Owner   its Loop.
// Thread  its loop's.
#pragma once

#include "net/poller.h"
#include "net/send_batch.h"

namespace orrery::net {

class ManualPoller final : public Poller {
 public:
  enum class Sends : std::uint8_t { alone, together };

  explicit ManualPoller(Sends sends = Sends::alone)
      : send_batch_(sends == Sends::together ? SendBatch::create_without_ring() : nullptr) {}

  void wait(milliseconds) override {}
  void wake_in(milliseconds) override {}
  std::size_t dispatch() override { return 0; }
  Result<void> add(int, Watcher&) override { return refusal(); }
  Result<void> add_shared(int, Watcher&) override { return refusal(); }
  void remove(int, Watcher&) override {}
  [[nodiscard]] std::shared_ptr<Waker> waker() override { return nullptr; }
  [[nodiscard]] SendBatch* send_batch() override { return send_batch_.get(); }

 private:
  static Result<void> refusal() {
    return Error{"this loop has memory streams only; a socket needs a loop with an EpollPoller"};
  }

  const std::unique_ptr<SendBatch> send_batch_;
};

}  // namespace orrery::net
