// A Pacer wakes a loop when messages are due, more exactly than its timers, which come in steps of
// 16 ms.
//
// Owner   one thread of `bench`.
// Thread  the loop's.
// Limit   at most every 25 us: above 40,000 messages per second and thread some go out together,
//         up to 25 us late; that counts as their latency.
#pragma once

#include "base/function.h"
#include "net/descriptors.h"
#include "net/loop.h"

namespace orrery::cli {

class Pacer final : private net::Watcher {
 public:
  /// Calls `work` on the loop's thread every `interval_ns`, or 25 us.
  Pacer(net::Loop& loop, Function<void()> work) : loop_(loop), work_(std::move(work)) {}
  Pacer(const Pacer&) = delete;
  Pacer& operator=(const Pacer&) = delete;
  ~Pacer();

  [[nodiscard]] Result<void> start(double interval_ns);

 private:
  void on_ready(bool, bool, bool) override;

  net::Loop& loop_;
  Function<void()> work_;
  net::Descriptor timer_{};  // a timerfd
};

}  // namespace orrery::cli
