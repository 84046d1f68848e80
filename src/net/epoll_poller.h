// EpollPoller: one epoll instance, one eventfd to wake it, and one timerfd; on request an io_uring
// that sends to many.
//
// Owner   its Loop.
// Thread  its loop's.
// Limit   512 events per wait(); the kernel hands out the others at the next one. A watcher watches
//         one descriptor.
// Why     edge-triggered and registered once: no epoll_ctl on the message path.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstdint>
#include <memory>

#include "net/descriptors.h"
#include "net/poller.h"
#include "net/send_batch.h"
#include "net/timerfd_alarm.h"

namespace orrery::net {

class EpollPoller final : public Poller {
 public:
  enum class Sends : std::uint8_t { one_by_one, in_batches };

  static Result<std::unique_ptr<Poller>> create(Sends sends = Sends::one_by_one);

  void wait(milliseconds timeout) override;
  void wake_in(milliseconds left) override { alarm_.set(left); }
  std::size_t dispatch() override;
  Result<void> add(int fd, Watcher& watcher) override;
  Result<void> add_shared(int fd, Watcher& watcher) override;
  void remove(int fd, Watcher& watcher) override;
  [[nodiscard]] std::shared_ptr<Waker> waker() override { return waker_; }
  [[nodiscard]] SendBatch* send_batch() override { return send_batch_.get(); }

 private:
  EpollPoller(Descriptor epoll, std::shared_ptr<Waker> waker, TimerfdAlarm alarm,
              std::unique_ptr<SendBatch> batch);
  Result<void> add(int fd, Watcher& watcher, std::uint32_t events);
  void fetch_ahead() const;

  Descriptor epoll_;
  std::shared_ptr<Waker> waker_;
  TimerfdAlarm alarm_;
  std::unique_ptr<SendBatch> send_batch_;
  std::size_t next_ = 0;   // the first event not yet delivered
  std::size_t found_ = 0;  // events in events_
  std::array<epoll_event, 512> events_;
};

}  // namespace orrery::net
