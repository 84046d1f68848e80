// A HoldWatch notices callbacks that hold their loop for too long, while they do.
//
// Owner   the server; the records are the loops', and outlive it.
// Thread  a Holding is written by its loop and read from any thread; look() one at a time.
// Limit   callbackBudget (100 ms); at most one report per loop in 10 s.
// Why     a callback costs three stores and no look at the clock: the watch has the clock.
#pragma once

#include <atomic>
#include <cassert>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/function.h"

namespace orrery::pools {

/// Whose callback it is. It never changes, and outlives the watch.
struct CallbackOrigin {
  std::string gear;
  std::string route;
};

/// What one loop is doing.
class alignas(64) Holding {
 public:
  /// The loop is inside a callback while this lives. They don't overlap.
  class [[nodiscard]] Callback {
   public:
    Callback(Holding& loop, const CallbackOrigin& origin) : loop_(loop) { loop_.enter(origin); }
    Callback(const Callback&) = delete;
    Callback& operator=(const Callback&) = delete;
    ~Callback() { loop_.leave(); }

   private:
    Holding& loop_;
  };

  void enter(const CallbackOrigin& origin) {
    assert(!inside() && "callbacks don't overlap");
    origin_.store(&origin, std::memory_order_release);
    count();
  }
  void leave() {
    assert(inside());
    count();
  }

 private:
  friend class HoldWatch;
  [[nodiscard]] bool inside() const { return sequence_.load(std::memory_order_relaxed) % 2 == 1; }
  // Odd inside a callback. Released, so that whoever sees it also sees the origin.
  void count() {
    sequence_.store(sequence_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  }

  std::atomic<std::uint64_t> sequence_{0};
  std::atomic<const CallbackOrigin*> origin_{nullptr};
};

/// A callback that has not returned yet.
struct HeldLoop {
  std::size_t loop;  // its index
  std::string_view gear;
  std::string_view route;
  milliseconds held;  // at least: since it was first seen
};

class HoldWatch {
 public:
  using Report = Function<void(const HeldLoop&)>;
  static constexpr milliseconds look_every{25};
  static constexpr milliseconds report_every{10'000};

  /// A budget of 0 reports nothing.
  HoldWatch(const std::vector<const Holding*>& loops, milliseconds budget, Report report);

  void look(Time now);
  /// From any thread.
  void set_budget(milliseconds budget) { budget_.store(budget, std::memory_order_relaxed); }

 private:
  struct Watched {
    const Holding* loop;
    std::uint64_t sequence = 0;  // even: in no callback when we looked
    Time first_seen{};
    Time silent_until{};  // when the next report may be made
  };
  void look_at(std::size_t index, Time now, milliseconds budget);

  std::vector<Watched> watched_{};
  std::atomic<milliseconds> budget_;
  Report report_;
};

}  // namespace orrery::pools
