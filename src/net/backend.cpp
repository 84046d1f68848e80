#include "net/backend.h"

#include "net/epoll_poller.h"
#include "net/send_batch.h"
#include "net/uring_poller.h"

namespace orrery::net {

// epoll waits and receives everywhere: it is as fast as io_uring there, needs less memory for each
// stream, and works in every sandbox. Who filters system calls may kill who asks for an io_uring:
// there nobody asks unless an operator says so.
Backend automatic_backend() {
  return system_calls_are_filtered() ? Backend::epoll : Backend::epoll_and_ring;
}

std::string_view name_of(Backend backend) {
  switch (backend) {
    case Backend::epoll: return "epoll";
    case Backend::epoll_and_ring: return "epoll+io_uring";
    case Backend::io_uring: break;
  }
  return "io_uring";
}

Result<std::unique_ptr<Poller>> create_poller(Backend backend) {
  switch (backend) {
    case Backend::epoll: return EpollPoller::create();
    case Backend::epoll_and_ring: return EpollPoller::create(EpollPoller::Sends::in_batches);
    case Backend::io_uring: break;
  }
  return UringPoller::create();
}

Result<void> is_available(Backend backend) {
  if (backend == Backend::epoll_and_ring) {
    if (const auto batch = SendBatch::create(); !batch) return Error{batch.error()};
  }
  const auto poller = create_poller(backend);
  if (!poller) return Error{poller.error()};
  return {};
}

}  // namespace orrery::net
