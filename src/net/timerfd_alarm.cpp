#include "net/timerfd_alarm.h"

#include <fmt/format.h>
#include <sys/timerfd.h>

#include <cassert>
#include <cerrno>
#include <cstring>

namespace orrery::net {

Result<TimerfdAlarm> TimerfdAlarm::create() {
  Descriptor timerfd(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!timerfd) return Error{fmt::format("cannot create a timerfd: {}", std::strerror(errno))};
  return TimerfdAlarm(std::move(timerfd));
}

void TimerfdAlarm::set(milliseconds left) {
  assert(left > milliseconds{0} && "zero would switch it off");
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
  const std::chrono::nanoseconds rest = left - seconds;
  const itimerspec once{.it_interval = {},
                        .it_value = {.tv_sec = seconds.count(), .tv_nsec = rest.count()}};
  [[maybe_unused]] const int set = ::timerfd_settime(timerfd_.get(), 0, &once, nullptr);
  assert(set == 0);
}

}  // namespace orrery::net
