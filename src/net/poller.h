// A Poller tells watchers that their descriptors are ready: epoll now, io_uring behind the same
// interface later, and a manual one for memory streams and simulation.
//
// Owner   its Loop. It does not own the descriptors, nor the watchers.
// Thread  its loop's; its waker's wake() from any.
#pragma once

#include <cstddef>
#include <memory>

#include "base/clock.h"
#include "orrery/result.h"

namespace orrery::net {

/// Ends the wait() of a poller that runs now, or the next one. It outlives its poller. Any thread.
class Waker {
 public:
  virtual ~Waker() = default;
  virtual void wake() = 0;
};

class Watcher {
 public:
  /// `hangup`: the peer has finished, or the descriptor is broken; reading tells which.
  virtual void on_ready(bool readable, bool writable, bool hangup) = 0;

 protected:
  ~Watcher() = default;
};

class Poller {
 public:
  virtual ~Poller() = default;
  Poller() = default;
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  /// Sleeps until something is ready, wake() is called or `timeout` is over (negative: no limit).
  virtual void wait(milliseconds timeout) = 0;
  /// Calls the watchers that the last wait() found ready; returns how many.
  virtual std::size_t dispatch() = 0;

  /// Edge-triggered, both directions and hangup, once for the descriptor's whole life.
  virtual Result<void> add(int fd, Watcher& watcher) = 0;
  /// Level-triggered and readable only; of several loops that share `fd`, one or a few are told.
  virtual Result<void> add_shared(int fd, Watcher& watcher) = 0;
  /// Nothing is delivered to `watcher` for `fd` any more, not even what was already found.
  virtual void remove(int fd, Watcher& watcher) = 0;

  /// Null where nobody ever sleeps.
  [[nodiscard]] virtual std::shared_ptr<Waker> waker() = 0;
};

}  // namespace orrery::net
