// A TimerWheel calls timers when their time has come.
//
// Owner   the Timer belongs to whoever waits; it unlinks itself when it is destroyed.
// Thread  its loop's.
// Limit   a timer fires in [deadline, deadline + resolution + the turn that runs then], never
// early;
//         one advance() touches at most `step_limit` timers and says when some are left.
// Why     a hierarchical wheel: arming is O(1), re-arming to a later time is a store, and a turn in
//         which nothing is due costs the same with a million timers as with none.
#pragma once

#include <array>
#include <boost/intrusive/list.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/clock.h"

namespace orrery::net {

namespace hook = boost::intrusive;
using SelfUnlinking = hook::list_base_hook<hook::link_mode<hook::auto_unlink>>;

/// What a TimerWheel keeps in a Timer.
class TimerHook : public SelfUnlinking {
  friend class TimerWheel;
  std::uint64_t due_tick_ = 0;
};

/// Something that wants to be called once at a time: derive, or keep one as a member. 32 bytes.
class Timer : public TimerHook {
 public:
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  /// It is no longer armed now. It may arm, cancel or destroy any timer, this one too.
  virtual void on_timer(Time now) = 0;
  [[nodiscard]] bool armed() const { return is_linked(); }

 protected:
  ~Timer() = default;
};

class TimerWheel {
 public:
  static constexpr milliseconds resolution{16};
  static constexpr std::size_t step_limit = 4096;

  explicit TimerWheel(Time now);
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;
  ~TimerWheel();  // what is still armed is forgotten, not called

  /// Replaces the deadline of a timer that is already armed. One in the past fires at the next
  /// tick.
  void arm(Timer& timer, Time deadline);
  static void cancel(Timer& timer);

  /// Calls what is due at `now`; returns how many. overdue() says whether it stopped at the limit.
  std::size_t advance(Time now);
  [[nodiscard]] bool overdue() const { return !due_.empty() || !cascading_.empty(); }
  /// When advance() should be called next; it may then have nothing to call.
  [[nodiscard]] std::optional<Time> next_deadline() const;

 private:
  using Tick = std::uint64_t;
  using List = hook::list<Timer, hook::base_hook<SelfUnlinking>, hook::constant_time_size<false>>;

  static constexpr unsigned slot_bits = 6;
  static constexpr unsigned slot_count = 1U << slot_bits;
  static constexpr unsigned level_count = 5;  // 16 ms, 1 s, 65 s, 70 minutes, 75 hours per slot

  struct Level {
    std::array<List, slot_count> slots;
    std::uint64_t occupied = 0;  // a bit per slot; may be set for one that has become empty
  };

  void place(Timer& timer);
  void enter(Tick tick);
  void take_slot(unsigned level, Tick tick, List& into);
  [[nodiscard]] std::optional<Tick> next_busy_tick() const;

  Tick tick_;       // the last one entered
  List cascading_;  // of tick_: to be placed again in lower levels
  List due_;        // of tick_: to be called
  std::array<Level, level_count> levels_;
};

}  // namespace orrery::net
