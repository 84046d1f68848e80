// The time in nanoseconds, handed in: what a measurement of latencies is made of.
//
// Thread  now() from anywhere.
#pragma once

#include <atomic>
#include <chrono>

namespace orrery::cli {

/// Since an arbitrary start; it never goes back.
using Nanoseconds = std::chrono::nanoseconds;

class FineClock {
 public:
  virtual ~FineClock() = default;
  [[nodiscard]] virtual Nanoseconds now() const = 0;
};

class SystemFineClock final : public FineClock {
 public:
  [[nodiscard]] Nanoseconds now() const override {
    return std::chrono::steady_clock::now().time_since_epoch();
  }
};

/// Stands still until it is told to move.
class ManualFineClock final : public FineClock {
 public:
  [[nodiscard]] Nanoseconds now() const override { return Nanoseconds{now_.load()}; }
  void advance(Nanoseconds by) { now_ += by.count(); }

 private:
  std::atomic<std::int64_t> now_{1'000'000'000};
};

}  // namespace orrery::cli
