// A Schedule says when each message of an open loop is due: arithmetic, whatever the server does.
//
// Owner   a crew; a plain value.
// Thread  one.
// Why     a message's latency counts from when it was due, however late it could be sent: a server
//         that stalls can't hide it from the numbers (no coordinated omission). Why it goes in
//         steps: docs/decisions/0027-a-schedule-in-steps.md.
#pragma once

#include <cstdint>

#include "cli/fine_clock.h"

namespace orrery::cli {

class Schedule {
 public:
  /// A closed loop: nothing is due by itself.
  Schedule() = default;
  /// One message every `interval_ns`.
  explicit Schedule(double interval_ns) : interval_ns_(interval_ns) {}

  /// Message 0 is due now. What falls into one `step` is due together, at the step's beginning;
  /// where messages are further apart than that, each has a moment of its own.
  void begin(Nanoseconds now, Nanoseconds step) {
    began_ = now;
    if (static_cast<double>(step.count()) > interval_ns_) step_ = step;
  }
  [[nodiscard]] bool is_open_loop() const { return interval_ns_ > 0; }
  [[nodiscard]] Nanoseconds due_at(std::uint64_t number) const {
    const Nanoseconds exact{static_cast<std::int64_t>(static_cast<double>(number) * interval_ns_)};
    return began_ + (step_ > Nanoseconds{0} ? exact - exact % step_ : exact);
  }
  /// Zero: nothing waits for others.
  [[nodiscard]] Nanoseconds step() const { return step_; }

 private:
  double interval_ns_ = 0;
  Nanoseconds step_{0};
  Nanoseconds began_{0};
};

}  // namespace orrery::cli
