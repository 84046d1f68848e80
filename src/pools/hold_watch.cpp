#include "pools/hold_watch.h"

#include <utility>

namespace orrery::pools {

HoldWatch::HoldWatch(const std::vector<const Holding*>& loops, milliseconds budget, Report report)
    : budget_(budget), report_(std::move(report)) {
  watched_.reserve(loops.size());
  for (const Holding* loop : loops) watched_.push_back({.loop = loop});
}

void HoldWatch::look(Time now) {
  const auto budget = budget_.load(std::memory_order_relaxed);
  for (std::size_t i = 0; i < watched_.size(); ++i) look_at(i, now, budget);
}

void HoldWatch::look_at(std::size_t index, Time now, milliseconds budget) {
  Watched& watched = watched_[index];
  const auto sequence = watched.loop->sequence_.load(std::memory_order_acquire);
  if (sequence != watched.sequence) {
    watched.sequence = sequence;
    watched.first_seen = now;
    return;
  }
  const bool inside = sequence % 2 == 1;
  const auto held = std::chrono::duration_cast<milliseconds>(now - watched.first_seen);
  if (!inside || budget == milliseconds::zero() || held < budget) return;
  if (now < watched.silent_until) return;
  const CallbackOrigin* origin = watched.loop->origin_.load(std::memory_order_acquire);
  // If that was already the next callback's, this one has just ended.
  if (watched.loop->sequence_.load(std::memory_order_relaxed) != sequence) return;
  watched.silent_until = now + report_every;
  report_({.loop = index, .gear = origin->gear, .route = origin->route, .held = held});
}

}  // namespace orrery::pools
