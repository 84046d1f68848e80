#include "net/eventfd_waker.h"

#include <fmt/format.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

namespace orrery::net {

Result<std::shared_ptr<EventfdWaker>> EventfdWaker::create() {
  Descriptor eventfd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!eventfd) return Error{fmt::format("cannot create an eventfd: {}", std::strerror(errno))};
  return std::make_shared<EventfdWaker>(std::move(eventfd));
}

void EventfdWaker::wake() {
  const std::uint64_t one = 1;
  // Fails only when 2^64 wake-ups are unread, and then one is certainly pending.
  [[maybe_unused]] const auto written = ::write(eventfd_.get(), &one, sizeof one);
}

}  // namespace orrery::net
