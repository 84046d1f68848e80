// The time, handed in: nothing in Orrery asks the system for it except SystemClock.
//
// Thread  now() from anywhere.
#pragma once

#include <atomic>
#include <chrono>

namespace orrery {

/// A point on a steady clock, in milliseconds since an arbitrary start.
using Time = std::chrono::time_point<std::chrono::steady_clock, std::chrono::milliseconds>;
using std::chrono::milliseconds;

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Time now() const = 0;
  /// For measuring how long something took: finer than now(), from the same start.
  [[nodiscard]] virtual std::chrono::nanoseconds stopwatch() const {
    return now().time_since_epoch();
  }
  /// Calendar time, for Date headers and log lines only: it may jump.
  [[nodiscard]] virtual std::chrono::system_clock::time_point calendar() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] Time now() const override {
    return std::chrono::time_point_cast<milliseconds>(std::chrono::steady_clock::now());
  }
  [[nodiscard]] std::chrono::nanoseconds stopwatch() const override {
    return std::chrono::steady_clock::now().time_since_epoch();
  }
  [[nodiscard]] std::chrono::system_clock::time_point calendar() const override {
    return std::chrono::system_clock::now();
  }
};

/// Stands still until it is told to move.
class ManualClock final : public Clock {
 public:
  [[nodiscard]] Time now() const override { return Time{milliseconds{now_.load()}}; }
  [[nodiscard]] std::chrono::system_clock::time_point calendar() const override {
    return std::chrono::system_clock::time_point{std::chrono::seconds{1'700'000'000}} +
           milliseconds{now_.load()};
  }
  void advance(milliseconds by) { now_ += by.count(); }

 private:
  std::atomic<std::int64_t> now_{1'000'000};
};

}  // namespace orrery
