// SIGINT, SIGTERM and SIGHUP are blocked in all threads, and taken by one that waits for them,
// rather than in a handler that interrupts whoever runs. While it waits, it does what must be done
// every now and then.
//
// Owner   serve(): a BlockedSignals before it starts any thread, for threads inherit what is
//         blocked; a SignalWatch last, for what it tells must still be there.
// Thread  one that makes, starts and destroys them; `asked` runs on the watch's own.
#pragma once

#include <chrono>
#include <csignal>
#include <functional>
#include <string_view>
#include <thread>

#include "net/descriptors.h"
#include "orrery/result.h"

namespace orrery::app {

/// From now on signals wait. SIGPIPE is ignored: whoever reads our output may go.
class BlockedSignals {
 public:
  BlockedSignals();

  [[nodiscard]] const sigset_t& set() const { return set_; }

 private:
  sigset_t set_{};
};

class SignalWatch {
 public:
  /// Told of the first signal to end, and of every SIGHUP, by name. It returns soon.
  using Asked = std::function<void(std::string_view signal)>;

  /// Work for the same thread, each time that so long no signal came. It takes little time.
  struct Between {
    std::chrono::milliseconds step{0};
    std::function<void()> work{};  // may be none
  };

  /// The second signal to end ends the process with `status`.
  SignalWatch(const BlockedSignals& signals, Asked asked, int status, Between between)
      : signals_(signals),
        asked_(std::move(asked)),
        status_(status),
        between_(std::move(between)) {}
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;
  ~SignalWatch();

  [[nodiscard]] Result<void> start();

 private:
  void wait() const;

  const BlockedSignals& signals_;
  const Asked asked_;
  const int status_;
  const Between between_;
  net::Descriptor arriving_{};  // a signalfd
  net::Descriptor end_{};       // an eventfd, written by the destructor
  std::thread thread_{};
};

}  // namespace orrery::app
