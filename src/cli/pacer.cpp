#include "cli/pacer.h"

#include <fmt/format.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace orrery::cli {

namespace {
constexpr double shortest_ns = 25'000;
}

Pacer::~Pacer() {
  if (timer_) loop_.poller().remove(timer_.get(), *this);
}

// Only a timer that was read goes on.
void Pacer::on_ready(bool, bool, bool) {
  std::uint64_t times = 0;
  if (::read(timer_.get(), &times, sizeof times) == sizeof times) work_();
}

Result<void> Pacer::start(double interval_ns) {
  timer_ = net::Descriptor(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  if (!timer_) return Error{fmt::format("cannot make a timer: {}", std::strerror(errno))};
  const auto ns = static_cast<std::int64_t>(std::clamp(interval_ns, shortest_ns, 1e12));
  const timespec step{.tv_sec = ns / 1'000'000'000, .tv_nsec = ns % 1'000'000'000};
  const itimerspec times{.it_interval = step, .it_value = step};
  ::timerfd_settime(timer_.get(), 0, &times, nullptr);
  return loop_.poller().add(timer_.get(), *this);
}

}  // namespace orrery::cli
