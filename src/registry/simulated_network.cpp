#include "registry/simulated_network.h"

#include <algorithm>

namespace orrery::registry {

SimulatedNetwork::Way SimulatedNetwork::between(std::string_view one, std::string_view other) {
  return {std::string(std::min(one, other)), std::string(std::max(one, other))};
}

void SimulatedNetwork::at(Time time, std::string node, Function<void()> then) {
  const auto start = starts_[node];
  events_.emplace(std::pair(time, events_so_far_++),
                  Event{std::move(node), start, std::move(then)});
}

void SimulatedNetwork::after(std::string_view node, milliseconds delay, Function<void()> then) {
  at(now() + delay, std::string(node), std::move(then));
}

void SimulatedNetwork::send(std::string_view from, std::string_view to, Order order,
                            Function<void()> arrived) {
  if (random(1000) < static_cast<std::uint64_t>(weather_.lost_per_mille)) return;
  dispatch({std::string(from), std::string(to)}, order, std::move(arrived));
}

void SimulatedNetwork::send_surely(std::string_view from, std::string_view to,
                                   Function<void()> arrived) {
  dispatch({std::string(from), std::string(to)}, Order::kept, std::move(arrived));
}

void SimulatedNetwork::dispatch(const Way& way, Order order, Function<void()> arrived) {
  if (!runs(way.first) || is_cut(way.first, way.second)) return;
  const auto range =
      static_cast<std::uint64_t>((weather_.most_delay - weather_.least_delay).count());
  Time arrival =
      now() + weather_.least_delay + milliseconds(static_cast<std::int64_t>(random(range + 1)));
  if (order == Order::kept)
    arrival = newest_arrival_[way] = std::max(arrival, newest_arrival_[way]);
  else if (random(1000) < static_cast<std::uint64_t>(weather_.late_per_mille))
    arrival += weather_.lateness;
  at(arrival, way.second,
     [this, way, cuts = cuts_[between(way.first, way.second)],
      arrived = std::move(arrived)]() mutable {
       if (cuts_[between(way.first, way.second)] == cuts) arrived();
     });
}

void SimulatedNetwork::cut(std::string_view one, std::string_view other) {
  if (one == other) return;  // a node hears itself
  if (cut_now_.insert(between(one, other)).second) ++cuts_[between(one, other)];
}

void SimulatedNetwork::mend(std::string_view one, std::string_view other) {
  if (cut_now_.erase(between(one, other)) == 0) return;
  for (auto& then : on_mended_) then(std::string(one), std::string(other));
}

bool SimulatedNetwork::is_cut(std::string_view one, std::string_view other) const {
  return cut_now_.contains(between(one, other));
}

void SimulatedNetwork::crash(std::string_view node) {
  crashed_.emplace(node);
}

void SimulatedNetwork::restart(std::string_view node) {
  crashed_.erase(std::string(node));
  ++starts_[std::string(node)];
}

bool SimulatedNetwork::step() {
  if (events_.empty()) return false;
  auto event = events_.extract(events_.begin());
  const Time due = event.key().first;
  if (due > now()) clock_.advance(due - now());
  const Event& what = event.mapped();
  if (runs(what.node) && starts_[what.node] == what.start) event.mapped().then();
  return true;
}

void SimulatedNetwork::advance(milliseconds by) {
  const Time end = now() + by;
  while (!events_.empty() && events_.begin()->first.first <= end) (void)step();
  clock_.advance(end - now());
}

}  // namespace orrery::registry
