// A Poller tells watchers that their descriptors are ready: with epoll, with io_uring, or by hand
// for memory streams and simulation. With io_uring they can do more than wait: receive, and send
// for many in one system call.
//
// Owner   its Loop. It does not own the descriptors, nor the watchers.
// Thread  its loop's; its waker's wake() from any.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/clock.h"
#include "orrery/result.h"

namespace orrery::net {

/// Ends the wait() of a poller that runs now, or the next one. It outlives its poller. Any thread.
class Waker {
 public:
  virtual ~Waker() = default;
  virtual void wake() = 0;
};

class SendBatch;

class Watcher {
 public:
  /// on_ready() comes soon, behind two others and then behind one: the CPU had better fetch what it
  /// will touch. Behind two it fetches what it points at, behind one what that points at.
  virtual void coming(int behind) const { (void)behind; }
  /// `hangup`: the peer has finished, or the descriptor is broken; reading tells which.
  virtual void on_ready(bool readable, bool writable, bool hangup) = 0;

  // Only for those who asked for Receiving::receive().

  /// Bytes of the peer; they may be changed in place, and are gone when the call returns.
  virtual void on_received(std::span<char> bytes) { (void)bytes; }
  /// No more are received, and the descriptor is not watched any more: the peer has finished (0),
  /// the descriptor is broken (errno), or it was stopped (nothing).
  virtual void on_receiving_over(std::optional<int> end) { (void)end; }

 protected:
  ~Watcher() = default;
};

/// What a poller can do that receives by itself, into buffers of its own.
class Receiving {
 public:
  /// What one buffer holds: a watcher that gets so many bytes at once has probably more to come.
  static constexpr std::size_t buffer_bytes = 4096;

  /// In the place of Poller::add() and of what it does for this descriptor.
  virtual void receive(int fd, Watcher& watcher) = 0;
  /// What has come already is still told, and then on_receiving_over(), soon.
  virtual void stop_receiving(int fd) = 0;
  /// Keeps a copy of bytes that a watcher can't take now, behind those that are kept for it.
  virtual void keep(int fd, std::span<const char> bytes) = 0;
  /// Gives back what was kept, and forgets it; so does Poller::remove().
  [[nodiscard]] virtual std::string take_kept(int fd) = 0;

 protected:
  ~Receiving() = default;
};

class Poller {
 public:
  virtual ~Poller() = default;
  Poller() = default;
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  /// Sleeps until something is ready, wake() is called or `timeout` is over (negative: no limit).
  virtual void wait(milliseconds timeout) = 0;
  /// So long from now (more than nothing) the wait() that runs then ends, or else the next one does
  /// not sleep. Replaces the time before.
  virtual void wake_in(milliseconds left) = 0;
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

  /// What only some can do; null in the others. Both are the poller's own.
  [[nodiscard]] virtual Receiving* receiving() { return nullptr; }
  [[nodiscard]] virtual SendBatch* send_batch() { return nullptr; }
};

}  // namespace orrery::net
