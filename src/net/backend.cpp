#include "net/backend.h"

#include "net/epoll_poller.h"
#include "net/uring_poller.h"

namespace orrery::net {

// epoll everywhere: it is as fast where messages are large, it works in every sandbox, and the
// kernel's io_uring is a frequent guest in security bulletins. What io_uring gains with small
// messages and fan-out does not outweigh that unasked; `./dev bench backends` says how much it is.
Backend automatic_backend() {
  return Backend::epoll;
}

std::string_view name_of(Backend backend) {
  return backend == Backend::epoll ? "epoll" : "io_uring";
}

Result<std::unique_ptr<Poller>> create_poller(Backend backend) {
  return backend == Backend::epoll ? EpollPoller::create() : UringPoller::create();
}

Result<void> is_available(Backend backend) {
  const auto poller = create_poller(backend);
  if (!poller) return Error{poller.error()};
  return {};
}

}  // namespace orrery::net
