// UringPoller: one io_uring that waits and receives, and another that sends.
//
// Owner   its Loop. It owns an Operation for whatever the kernel has in hand, until the kernel says
//         that it is over: so a watcher may go, and its descriptor's number come back, at once.
// Thread  its loop's: the ring belongs to the thread of the first wait(). Before that any, and when
//         it has ended too; but then the kernel lets go what is removed only with the poller.
// Limit   `buffers` of Receiving::buffer_bytes for bytes that nobody has taken yet.
// Why     one system call per turn instead of one per stream:
//         docs/decisions/0021-io-uring-beside-epoll.md
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <unordered_map>
#include <vector>

#include "net/eventfd_waker.h"
#include "net/poller.h"
#include "net/receive_buffers.h"
#include "net/ring.h"
#include "net/send_batch.h"
#include "net/timerfd_alarm.h"

namespace orrery::net {

class UringPoller final : public Poller, private Receiving {
 public:
  static constexpr std::uint16_t usual_buffers = 256;

  /// `buffers` is a power of two.
  static Result<std::unique_ptr<Poller>> create(std::uint16_t buffers);
  static Result<std::unique_ptr<Poller>> create() { return create(usual_buffers); }

  void wait(milliseconds timeout) override;
  void wake_in(milliseconds left) override { alarm_.set(left); }
  std::size_t dispatch() override;
  Result<void> add(int fd, Watcher& watcher) override;
  Result<void> add_shared(int fd, Watcher& watcher) override;
  /// Afterwards the kernel has the descriptor no longer: closing it closes it.
  void remove(int fd, Watcher& watcher) override;
  [[nodiscard]] std::shared_ptr<Waker> waker() override { return waker_; }
  [[nodiscard]] Receiving* receiving() override { return this; }
  [[nodiscard]] SendBatch* send_batch() override { return send_batch_.get(); }

 private:
  enum class Kind : std::uint8_t { both_directions, shared, receive };

  struct Operation {
    Watcher* watcher = nullptr;  // null: nobody is told any more
    int fd = -1;
    std::uint32_t generation : 24;
    Kind kind : 2;
    bool in_kernel : 1;
    bool stopping : 1;
  };

  static_assert(sizeof(Operation) == 16, "every connection has one");

  /// Names an operation for as long as its slot is not another's.
  struct Name {
    std::uint32_t slot = 0;
    std::uint32_t generation = 0;
  };
  enum class Asked : std::uint8_t { operation, cancel, waker, alarm };
  [[nodiscard]] static std::uint64_t user_data(Asked what, Name name);

  UringPoller(Ring ring, std::shared_ptr<EventfdWaker> waker, TimerfdAlarm alarm,
              std::unique_ptr<SendBatch> batch);

  // Receiving.
  void receive(int fd, Watcher& watcher) override;
  void stop_receiving(int fd) override;
  void keep(int fd, std::span<const char> bytes) override;
  [[nodiscard]] std::string take_kept(int fd) override;

  Result<void> begin(Kind kind, int fd, Watcher& watcher);
  bool forget(int fd, const Watcher* watcher);
  void end(std::uint32_t slot);
  [[nodiscard]] Name name_of(std::uint32_t slot) const;
  [[nodiscard]] bool lives(Name name) const;
  [[nodiscard]] Operation* operation_on(int fd);

  [[nodiscard]] io_uring_sqe* next_request();
  void hand_over(std::uint32_t slot);
  void cancel(std::uint32_t slot);
  void watch(Asked what);
  void hand_over_postponed();
  void submit();

  bool tell(std::uint64_t user_data, int result, unsigned flags);
  bool tell_ready(Name name, int result, bool over);
  bool tell_received(Name name, int result, unsigned flags);
  bool go_on_receiving(Name name, int result);

  // The buffers outlive the ring, whose kernel may still write into them.
  std::unique_ptr<ReceiveBuffers> buffers_;
  Ring ring_;
  std::unique_ptr<SendBatch> send_batch_;
  const std::shared_ptr<EventfdWaker> waker_;
  TimerfdAlarm alarm_;
  bool enabled_ = false;
  unsigned found_ = 0;  // completions that the last wait() found and dispatch() has not told yet
  std::deque<Operation> operations_;           // grows by a few at a time
  std::vector<std::uint32_t> free_;            // slots
  std::deque<std::uint32_t> on_descriptor_;    // by descriptor: its operation's slot, plus one
  std::vector<Name> postponed_;                // found no room in the ring
  std::vector<Asked> unwatched_;               // nor did these
  std::unordered_map<int, std::string> kept_;  // by descriptor
};

}  // namespace orrery::net
