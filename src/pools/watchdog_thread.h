// The WatchdogThread lets a HoldWatch look every 25 ms.
//
// Owner   the server, one; the watch, its loops and the clock outlive it.
// Thread  one of its own; stop() from any other.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "pools/hold_watch.h"

namespace orrery::pools {

class WatchdogThread {
 public:
  WatchdogThread(HoldWatch& watch, const Clock& clock,
                 milliseconds look_every = HoldWatch::look_every);
  WatchdogThread(const WatchdogThread&) = delete;
  WatchdogThread& operator=(const WatchdogThread&) = delete;
  ~WatchdogThread();

  /// It does not wait for the next look. When it returns nothing is looked at any more.
  void stop();

 private:
  void watch_on();

  HoldWatch& watch_;
  const Clock& clock_;
  const milliseconds look_every_;
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace orrery::pools
