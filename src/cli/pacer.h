// A Pacer wakes a loop when messages are due, more exactly than its timers, which come in steps of
// 16 ms.
//
// Owner   one thread of `bench`.
// Thread  the loop's.
#pragma once

#include "base/function.h"
#include "cli/fine_clock.h"
#include "net/descriptors.h"
#include "net/loop.h"

namespace orrery::cli {

/// What falls due within it had better go out together on this machine, so that waking up costs
/// the load a tenth of a core at most: ten times the CPU time of a wake, which is tried out for
/// some 5 ms. From 25 us to 1 ms.
[[nodiscard]] Nanoseconds affordable_step();

class Pacer final : private net::Watcher {
 public:
  /// `work` runs on the loop's thread and says, in the steady clock, when it wants to run again;
  /// Nanoseconds::max() is never.
  Pacer(net::Loop& loop, Function<Nanoseconds()> work) : loop_(loop), work_(std::move(work)) {}
  Pacer(const Pacer&) = delete;
  Pacer& operator=(const Pacer&) = delete;
  ~Pacer();

  /// Does the first work.
  [[nodiscard]] Result<void> start();

 private:
  void on_ready(bool, bool, bool) override { work(); }
  void work();

  net::Loop& loop_;
  Function<Nanoseconds()> work_;
  net::Descriptor timer_{};  // a timerfd, which tells its edges: nobody needs to read it
};

}  // namespace orrery::cli
