#include "net/timer_wheel.h"

#include <algorithm>
#include <bit>

namespace orrery::net {
namespace {

std::uint64_t last_tick_before(Time time) {
  const auto count = std::max<std::int64_t>(time.time_since_epoch().count(), 0);
  return static_cast<std::uint64_t>(count / TimerWheel::resolution.count());
}

std::uint64_t first_tick_from(Time time) {
  const auto count = std::max<std::int64_t>(time.time_since_epoch().count(), 0);
  const auto step = TimerWheel::resolution.count();
  return static_cast<std::uint64_t>(count / step + (count % step != 0 ? 1 : 0));
}

Time start_of(std::uint64_t tick) {
  return Time{TimerWheel::resolution * static_cast<std::int64_t>(tick)};
}

}  // namespace

TimerWheel::TimerWheel(Time now) : tick_(last_tick_before(now)) {}

TimerWheel::~TimerWheel() = default;

void TimerWheel::arm(Timer& timer, Time deadline) {
  const Tick due = std::max(first_tick_from(deadline), tick_ + 1);
  // A timer that moves to a later time stays where it is, and is placed again when its slot comes.
  const bool stays = timer.armed() && due >= timer.due_tick_;
  timer.due_tick_ = due;
  if (stays) return;
  timer.unlink();
  place(timer);
}

void TimerWheel::cancel(Timer& timer) {
  timer.unlink();
}

std::size_t TimerWheel::advance(Time now) {
  const Tick target = last_tick_before(now);
  std::size_t called = 0;
  std::size_t steps = 0;
  for (;;) {
    for (; !cascading_.empty() && steps < step_limit; ++steps) {
      Timer& timer = cascading_.front();
      cascading_.pop_front();
      place(timer);
    }
    for (; !due_.empty() && steps < step_limit; ++steps) {
      Timer& timer = due_.front();
      due_.pop_front();
      if (timer.due_tick_ > tick_) {
        place(timer);
      } else {
        ++called;
        timer.on_timer(now);  // may be gone now
      }
    }
    if (overdue() || tick_ >= target) return called;
    enter(std::min(next_busy_tick().value_or(target), target));
  }
}

std::optional<Time> TimerWheel::next_deadline() const {
  if (overdue()) return start_of(tick_);
  const auto busy = next_busy_tick();
  if (!busy) return std::nullopt;
  return start_of(*busy);
}

// Level n holds what is due in 64^n to 64^(n+1) - 1 ticks, in slots of 64^n ticks.
void TimerWheel::place(Timer& timer) {
  if (timer.due_tick_ <= tick_) {  // out of a higher level, at its very tick
    due_.push_back(timer);
    return;
  }
  constexpr Tick span = Tick{1} << (slot_bits * level_count);
  const Tick distance = std::min(timer.due_tick_ - tick_, span - 1);  // beyond: placed again there
  unsigned level = 0;
  while ((distance >> (slot_bits * (level + 1))) != 0) ++level;
  const auto slot = ((tick_ + distance) >> (slot_bits * level)) % slot_count;
  levels_[level].slots[slot].push_back(timer);
  levels_[level].occupied |= std::uint64_t{1} << slot;
}

// The due ones are collected at once, whatever their number; calling them is bounded by advance().
void TimerWheel::enter(Tick tick) {
  tick_ = tick;
  take_slot(0, tick, due_);
  for (unsigned level = 1; level < level_count; ++level) {
    if (tick % (Tick{1} << (slot_bits * level)) != 0) break;
    take_slot(level, tick, cascading_);
  }
}

void TimerWheel::take_slot(unsigned level, Tick tick, List& into) {
  const auto slot = (tick >> (slot_bits * level)) % slot_count;
  levels_[level].occupied &= ~(std::uint64_t{1} << slot);
  into.splice(into.end(), levels_[level].slots[slot]);
}

std::optional<TimerWheel::Tick> TimerWheel::next_busy_tick() const {
  std::optional<Tick> next;
  for (unsigned level = 0; level < level_count; ++level) {
    if (levels_[level].occupied == 0) continue;
    const Tick here = tick_ >> (slot_bits * level);
    const auto ahead =
        std::rotr(levels_[level].occupied, static_cast<int>((here + 1) % slot_count));
    const Tick busy = (here + 1 + static_cast<Tick>(std::countr_zero(ahead)))
                      << (slot_bits * level);
    next = std::min(next.value_or(busy), busy);
  }
  return next;
}

}  // namespace orrery::net
