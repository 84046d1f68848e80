// A TimerfdAlarm ends the wait of a poller that watches its descriptor, edge-triggered.
//
// Owner   the poller.
// Thread  its loop's.
// Why     a timeout given to the wait itself would cost the kernel a timer per wait: some 1 us each
//         time a loop falls asleep. This one is set again only when it went off, or when something
//         is due earlier. Each ring is an edge of its own, so nobody needs to read the counter.
#pragma once

#include "base/clock.h"
#include "net/descriptors.h"
#include "orrery/result.h"

namespace orrery::net {

class TimerfdAlarm {
 public:
  static Result<TimerfdAlarm> create();

  [[nodiscard]] int fd() const { return timerfd_.get(); }
  /// Rings once, `left` (more than nothing) from now. Replaces the time before.
  void set(milliseconds left);

 private:
  explicit TimerfdAlarm(Descriptor timerfd) : timerfd_(std::move(timerfd)) {}

  Descriptor timerfd_;
};

}  // namespace orrery::net
