#include "net/epoll_poller.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>

#include "base/prefetch.h"
#include "net/eventfd_waker.h"

namespace orrery::net {

Result<std::unique_ptr<Poller>> EpollPoller::create(Sends sends) {
  Descriptor epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) return Error{fmt::format("cannot create an epoll: {}", std::strerror(errno))};
  auto waker = EventfdWaker::create();
  if (!waker) return Error{waker.error()};
  auto alarm = TimerfdAlarm::create();
  if (!alarm) return Error{alarm.error()};
  for (const int fd : {(*waker)->fd(), alarm->fd()}) {
    epoll_event event{.events = EPOLLIN | EPOLLET, .data = {.ptr = nullptr}};
    if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &event) != 0)
      return Error{fmt::format("cannot watch what ends a wait: {}", std::strerror(errno))};
  }
  return std::unique_ptr<Poller>(
      new EpollPoller(std::move(epoll), *std::move(waker), *std::move(alarm),
                      sends == Sends::in_batches ? SendBatch::create_later() : nullptr));
}

EpollPoller::EpollPoller(Descriptor epoll, std::shared_ptr<Waker> waker, TimerfdAlarm alarm,
                         std::unique_ptr<SendBatch> batch)
    : epoll_(std::move(epoll)),
      waker_(std::move(waker)),
      alarm_(std::move(alarm)),
      send_batch_(std::move(batch)) {}

void EpollPoller::wait(milliseconds timeout) {
  const auto at_most = std::min<std::int64_t>(timeout.count(), std::numeric_limits<int>::max());
  const int found = ::epoll_wait(epoll_.get(), events_.data(), static_cast<int>(events_.size()),
                                 timeout < milliseconds{0} ? -1 : static_cast<int>(at_most));
  next_ = 0;
  found_ = found > 0 ? static_cast<std::size_t>(found) : 0;  // EINTR: nothing this time
}

std::size_t EpollPoller::dispatch() {
  std::size_t told = 0;
  while (next_ < found_) {
    const epoll_event event = events_[next_++];
    fetch_ahead();
    if (event.data.ptr == nullptr)
      continue;  // a wake-up, the alarm, or a watcher removed meanwhile
    ++told;
    static_cast<Watcher*>(event.data.ptr)
        ->on_ready((event.events & EPOLLIN) != 0, (event.events & EPOLLOUT) != 0,
                   (event.events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
  }
  return told;
}

// With many sessions each event begins with memory that the CPU has not seen for long.
void EpollPoller::fetch_ahead() const {
  constexpr std::size_t usual_watcher_bytes = 72;
  if (next_ + 2 < found_) prefetch(events_[next_ + 2].data.ptr, usual_watcher_bytes);
  for (const int behind : {2, 1})
    if (const auto at = next_ + static_cast<std::size_t>(behind) - 1; at < found_)
      if (const auto* watcher = static_cast<const Watcher*>(events_[at].data.ptr))
        watcher->coming(behind);
}

Result<void> EpollPoller::add(int fd, Watcher& watcher) {
  return add(fd, watcher, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
}

Result<void> EpollPoller::add_shared(int fd, Watcher& watcher) {
  return add(fd, watcher, EPOLLIN | EPOLLEXCLUSIVE);
}

Result<void> EpollPoller::add(int fd, Watcher& watcher, std::uint32_t events) {
  epoll_event event{.events = events, .data = {.ptr = &watcher}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0) return {};
  return Error{fmt::format("cannot watch descriptor {}: {}", fd, std::strerror(errno))};
}

void EpollPoller::remove(int fd, Watcher& watcher) {
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
  for (std::size_t i = next_; i < found_; ++i)
    if (events_[i].data.ptr == &watcher) events_[i].data.ptr = nullptr;
}

}  // namespace orrery::net
