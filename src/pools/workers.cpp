#include "pools/workers.h"

#include <algorithm>
#include <cassert>
#include <iterator>

namespace orrery::pools {

bool InlineWorkers::run(Function<void()>&& job) {
  if (stopped_) return false;
  auto mine = std::move(job);
  mine();
  return true;
}

void InlineWorkers::on_room(Function<void()> tell) {
  if (!stopped_) tell();
}

bool ManualWorkers::run(Function<void()>&& job) {
  if (stopped_ || jobs_.size() >= limits_.jobs()) return false;
  jobs_.push_back(std::move(job));
  return true;
}

void ManualWorkers::on_room(Function<void()> tell) {
  if (stopped_) return;
  if (jobs_.size() < limits_.jobs()) return tell();
  want_room_.push_back(std::move(tell));
}

void ManualWorkers::stop() {
  stopped_ = true;
  std::exchange(jobs_, {}).clear();
  std::exchange(want_room_, {}).clear();
}

void ManualWorkers::set_limits(const WorkerLimits& limits) {
  limits_ = limits;
  tell_about_room();
}

Function<void()> ManualWorkers::take(std::size_t n) {
  auto job = remove(n);
  tell_about_room();
  return job;
}

void ManualWorkers::work_off(std::size_t n) {
  {
    auto job = remove(n);
    job();
  }
  tell_about_room();
}

Function<void()> ManualWorkers::remove(std::size_t n) {
  assert(n < jobs_.size() && "there is no such job");
  const auto found = jobs_.begin() + static_cast<std::ptrdiff_t>(n);
  auto job = std::move(*found);
  jobs_.erase(found);
  return job;
}

void ManualWorkers::tell_about_room() {
  auto told = take_told(want_room_, jobs_.size(), limits_);
  for (auto& tell : told) tell();
}

std::deque<Function<void()>> take_told(std::deque<Function<void()>>& want_room, std::size_t jobs,
                                       const WorkerLimits& limits) {
  const auto room = limits.jobs() > jobs ? limits.jobs() - jobs : 0;
  const auto count = jobs == 0 ? want_room.size() : std::min(room, want_room.size());
  const auto end = want_room.begin() + static_cast<std::ptrdiff_t>(count);
  std::deque<Function<void()>> told(std::make_move_iterator(want_room.begin()),
                                    std::make_move_iterator(end));
  want_room.erase(want_room.begin(), end);
  return told;
}

}  // namespace orrery::pools
