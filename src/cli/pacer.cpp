#include "cli/pacer.h"

#include <fmt/format.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>

namespace orrery::cli {
namespace {

timespec timespec_of(Nanoseconds time) {
  constexpr std::int64_t second = 1'000'000'000;
  return {.tv_sec = time.count() / second, .tv_nsec = time.count() % second};
}

Nanoseconds cpu_time_of_thread() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds{now.tv_sec} + Nanoseconds{now.tv_nsec};
}

}  // namespace

Nanoseconds affordable_step() {
  constexpr int tries = 32;
  const timespec nap = timespec_of(std::chrono::microseconds{50});
  const Nanoseconds before = cpu_time_of_thread();
  for (int i = 0; i < tries; ++i) ::nanosleep(&nap, nullptr);
  const Nanoseconds wake = (cpu_time_of_thread() - before) / tries;
  return std::clamp<Nanoseconds>(10 * wake, std::chrono::microseconds{25},
                                 std::chrono::milliseconds{1});
}

Pacer::~Pacer() {
  if (timer_) loop_.poller().remove(timer_.get(), *this);
}

Result<void> Pacer::start() {
  timer_ = net::Descriptor(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  if (!timer_) return Error{fmt::format("cannot make a timer: {}", std::strerror(errno))};
  if (auto watched = loop_.poller().add(timer_.get(), *this); !watched) return watched;
  work();
  return {};
}

// The steady clock is CLOCK_MONOTONIC; a time that is over rings at once.
void Pacer::work() {
  const Nanoseconds next = work_();
  if (next == Nanoseconds::max()) return;
  const itimerspec once{.it_interval = {}, .it_value = timespec_of(next)};
  ::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &once, nullptr);
}

}  // namespace orrery::cli
