#include "net/uring_poller.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/epoll.h>

#include <cassert>
#include <cerrno>
#include <utility>

namespace orrery::net {
namespace {

constexpr unsigned requests_at_once = 512;
constexpr unsigned completions_at_once = 8192;

// Completions come when they are asked for, in wait(): else the kernel would interrupt whatever
// system call a callback makes meanwhile.
constexpr unsigned ring_flags = IORING_SETUP_SUBMIT_ALL | IORING_SETUP_R_DISABLED |
                                IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;

}  // namespace

Result<std::unique_ptr<Poller>> UringPoller::create(std::uint16_t buffers) {
  auto ring = open_ring(requests_at_once, completions_at_once, ring_flags);
  if (!ring) return Error{ring.error()};
  auto waker = EventfdWaker::create();
  if (!waker) return Error{waker.error()};
  auto alarm = TimerfdAlarm::create();
  if (!alarm) return Error{alarm.error()};
  auto batch = SendBatch::create();
  if (!batch) return Error{batch.error()};
  std::unique_ptr<UringPoller> poller(
      new UringPoller(*std::move(ring), *std::move(waker), *std::move(alarm), *std::move(batch)));
  auto received = ReceiveBuffers::create(*poller->ring_, buffers, buffer_bytes);
  if (!received) return Error{received.error()};
  poller->buffers_ = *std::move(received);
  return std::unique_ptr<Poller>(std::move(poller));
}

UringPoller::UringPoller(Ring ring, std::shared_ptr<EventfdWaker> waker, TimerfdAlarm alarm,
                         std::unique_ptr<SendBatch> batch)
    : ring_(std::move(ring)),
      send_batch_(std::move(batch)),
      waker_(std::move(waker)),
      alarm_(std::move(alarm)) {
  watch(Asked::waker);
  watch(Asked::alarm);
}

// What is asked of it.

void UringPoller::wait(milliseconds timeout) {
  if (!std::exchange(enabled_, true))
    ::io_uring_register(static_cast<unsigned>(ring_->ring_fd), IORING_REGISTER_ENABLE_RINGS,
                        nullptr, 0);
  if (!postponed_.empty()) hand_over_postponed();
  for (const Asked what : std::exchange(unwatched_, {})) watch(what);
  if (timeout == milliseconds{0}) {
    submit();
  } else if (timeout < milliseconds{0}) {
    ::io_uring_submit_and_wait(ring_.get(), 1);
  } else {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(timeout);
    const std::chrono::nanoseconds rest = timeout - seconds;
    __kernel_timespec time{.tv_sec = seconds.count(), .tv_nsec = rest.count()};
    io_uring_cqe* first = nullptr;
    ::io_uring_submit_and_wait_timeout(ring_.get(), &first, 1, &time, nullptr);
  }
  found_ = ::io_uring_cq_ready(ring_.get());
}

std::size_t UringPoller::dispatch() {
  std::size_t told = 0;
  while (found_ > 0) {
    --found_;
    io_uring_cqe* next = nullptr;
    if (::io_uring_peek_cqe(ring_.get(), &next) != 0) break;
    const std::uint64_t user_data = next->user_data;
    const int result = next->res;
    const unsigned flags = next->flags;
    ::io_uring_cqe_seen(ring_.get(), next);  // watchers may submit, and bring forth more
    if (tell(user_data, result, flags)) ++told;
  }
  return told;
}

Result<void> UringPoller::add(int fd, Watcher& watcher) {
  return begin(Kind::both_directions, fd, watcher);
}

Result<void> UringPoller::add_shared(int fd, Watcher& watcher) {
  return begin(Kind::shared, fd, watcher);
}

void UringPoller::receive(int fd, Watcher& watcher) {
  forget(fd, &watcher);
  [[maybe_unused]] const auto begun = begin(Kind::receive, fd, watcher);
  assert(begun.ok());
}

void UringPoller::stop_receiving(int fd) {
  Operation* const operation = operation_on(fd);
  if (operation == nullptr || operation->kind != Kind::receive) return;
  operation->stopping = true;
  if (operation->in_kernel) cancel(on_descriptor_[static_cast<std::size_t>(fd)] - 1);
}

void UringPoller::keep(int fd, std::span<const char> bytes) {
  kept_[fd].append(bytes.data(), bytes.size());
}

std::string UringPoller::take_kept(int fd) {
  auto node = kept_.extract(fd);
  return node.empty() ? std::string() : std::move(node.mapped());
}

// The kernel holds the file for as long as it has an operation on it.
void UringPoller::remove(int fd, Watcher& watcher) {
  if (forget(fd, &watcher)) submit();
  if (!kept_.empty()) kept_.erase(fd);
}

// Operations.

Result<void> UringPoller::begin(Kind kind, int fd, Watcher& watcher) {
  if (fd < 0) return Error{fmt::format("cannot watch descriptor {}: it is none", fd)};
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(operations_.size()));
    operations_.push_back(Operation{.generation = 0});
  }
  const std::uint32_t slot = free_.back();
  free_.pop_back();
  Operation& operation = operations_[slot];
  operation.watcher = &watcher;
  operation.fd = fd;
  operation.kind = kind;
  operation.in_kernel = operation.stopping = false;
  const auto place = static_cast<std::size_t>(fd);
  if (place >= on_descriptor_.size()) on_descriptor_.resize(place + 1);
  assert(on_descriptor_[place] == 0 && "a watcher watches one descriptor, and is its only one");
  on_descriptor_[place] = slot + 1;
  hand_over(slot);
  return {};
}

// Whether the kernel has to be told.
bool UringPoller::forget(int fd, const Watcher* watcher) {
  Operation* const operation = operation_on(fd);
  if (operation == nullptr || operation->watcher != watcher) return false;
  const std::uint32_t slot = on_descriptor_[static_cast<std::size_t>(fd)] - 1;
  on_descriptor_[static_cast<std::size_t>(fd)] = 0;
  operation->watcher = nullptr;
  if (operation->in_kernel) {
    cancel(slot);
    return true;
  }
  end(slot);
  return false;
}

// The kernel has it no longer, and nobody is told of it any more.
void UringPoller::end(std::uint32_t slot) {
  Operation& operation = operations_[slot];
  if (operation.watcher != nullptr) on_descriptor_[static_cast<std::size_t>(operation.fd)] = 0;
  operation.watcher = nullptr;
  ++operation.generation;
  free_.push_back(slot);
}

UringPoller::Name UringPoller::name_of(std::uint32_t slot) const {
  return {slot, operations_[slot].generation};
}

bool UringPoller::lives(Name name) const {
  return operations_[name.slot].generation == name.generation;
}

UringPoller::Operation* UringPoller::operation_on(int fd) {
  const auto place = static_cast<std::size_t>(fd);
  if (fd < 0 || place >= on_descriptor_.size() || on_descriptor_[place] == 0) return nullptr;
  return &operations_[on_descriptor_[place] - 1];
}

// What the kernel is asked.

std::uint64_t UringPoller::user_data(Asked what, Name name) {
  return static_cast<std::uint64_t>(what) << 56 |
         static_cast<std::uint64_t>(name.generation) << 32 | name.slot;
}

// Null if the ring is full and takes nothing: before the first wait(), or on a thread that is not
// its own.
io_uring_sqe* UringPoller::next_request() {
  io_uring_sqe* const request = ::io_uring_get_sqe(ring_.get());
  if (request != nullptr || !enabled_) return request;
  ::io_uring_submit(ring_.get());
  return ::io_uring_get_sqe(ring_.get());
}

void UringPoller::hand_over(std::uint32_t slot) {
  Operation& operation = operations_[slot];
  io_uring_sqe* const request = next_request();
  if (request == nullptr) return postponed_.push_back(name_of(slot));
  switch (operation.kind) {
    case Kind::both_directions:
      ::io_uring_prep_poll_multishot(request, operation.fd, POLLIN | POLLOUT | POLLRDHUP);
      break;
    case Kind::shared:
      // Once: asked for again, it is told at once if there is still something.
      ::io_uring_prep_poll_add(request, operation.fd, POLLIN | EPOLLEXCLUSIVE);
      break;
    case Kind::receive:
      ::io_uring_prep_recv_multishot(request, operation.fd, nullptr, 0, 0);
      request->flags |= IOSQE_BUFFER_SELECT;
      request->buf_group = ReceiveBuffers::group;
      break;
  }
  request->user_data = user_data(Asked::operation, name_of(slot));
  operation.in_kernel = true;
}

void UringPoller::cancel(std::uint32_t slot) {
  const Name name = name_of(slot);
  io_uring_sqe* const request = next_request();
  if (request == nullptr) return postponed_.push_back(name);
  ::io_uring_prep_cancel64(request, user_data(Asked::operation, name), 0);
  request->flags |= IOSQE_CQE_SKIP_SUCCESS;
  request->user_data = user_data(Asked::cancel, name);
}

// What ends a wait.
void UringPoller::watch(Asked what) {
  io_uring_sqe* const request = next_request();
  if (request == nullptr) return unwatched_.push_back(what);
  ::io_uring_prep_poll_multishot(request, what == Asked::waker ? waker_->fd() : alarm_.fd(),
                                 POLLIN);
  request->user_data = user_data(what, {});
}

void UringPoller::hand_over_postponed() {
  for (const Name name : std::exchange(postponed_, {})) {
    if (!lives(name)) continue;
    if (!operations_[name.slot].in_kernel) hand_over(name.slot);
    const Operation& operation = operations_[name.slot];
    const bool unwanted = operation.watcher == nullptr || operation.stopping;
    if (unwanted && operation.in_kernel) cancel(name.slot);
  }
}

// Also runs what the kernel had put off: afterwards whatever was cancelled is over.
void UringPoller::submit() {
  if (enabled_) ::io_uring_submit_and_get_events(ring_.get());
}

// What the kernel answers.

bool UringPoller::tell(std::uint64_t user_data, int result, unsigned flags) {
  const auto what = static_cast<Asked>(user_data >> 56);
  const bool over = (flags & IORING_CQE_F_MORE) == 0;
  if (what == Asked::waker || what == Asked::alarm) {
    if (over && result != -ECANCELED) watch(what);
    return false;
  }
  const Name name{static_cast<std::uint32_t>(user_data),
                  static_cast<std::uint32_t>(user_data >> 32) & 0xffffff};
  if (!lives(name)) return false;
  const Operation& operation = operations_[name.slot];
  if (what == Asked::cancel) {
    // The kernel was just about to do something for it: then it is not found, and goes on.
    const bool unwanted = operation.watcher == nullptr || operation.stopping;
    if (unwanted && operation.in_kernel) cancel(name.slot);
    return false;
  }
  if (operation.kind == Kind::receive) return tell_received(name, result, flags);
  return tell_ready(name, result, over);
}

bool UringPoller::tell_ready(Name name, int result, bool over) {
  Watcher* const watcher = operations_[name.slot].watcher;
  if (over) operations_[name.slot].in_kernel = false;
  if (watcher == nullptr) {
    if (over) end(name.slot);
    return false;
  }
  if (result == -ECANCELED) return false;  // the thread whose ring it was has ended
  const auto events = result < 0 ? POLLIN | POLLOUT | POLLERR : static_cast<unsigned>(result);
  watcher->on_ready((events & POLLIN) != 0, (events & POLLOUT) != 0,
                    (events & (POLLRDHUP | POLLHUP | POLLERR)) != 0);
  if (over && result >= 0 && lives(name)) hand_over(name.slot);
  return true;
}

bool UringPoller::tell_received(Name name, int result, unsigned flags) {
  if ((flags & IORING_CQE_F_MORE) == 0) operations_[name.slot].in_kernel = false;
  Watcher* const watcher = operations_[name.slot].watcher;
  const bool tells = watcher != nullptr && result > 0;
  if ((flags & IORING_CQE_F_BUFFER) != 0) {
    const auto number = static_cast<std::uint16_t>(flags >> IORING_CQE_BUFFER_SHIFT);
    if (tells)
      watcher->on_received(buffers_->bytes_of(number).first(static_cast<std::size_t>(result)));
    buffers_->give_back(number);
  }
  if (!lives(name) || operations_[name.slot].in_kernel) return tells;
  if (operations_[name.slot].watcher == nullptr) {
    end(name.slot);
    return tells;
  }
  return go_on_receiving(name, result) || tells;
}

// The kernel has ended it. All buffers were in use, perhaps: now some are back.
bool UringPoller::go_on_receiving(Name name, int result) {
  Operation& operation = operations_[name.slot];
  const bool ended = result <= 0 && result != -ENOBUFS && result != -ECANCELED;
  if (!ended && !operation.stopping) {
    if (result != -ECANCELED) hand_over(name.slot);
    return false;
  }
  Watcher& watcher = *operation.watcher;
  end(name.slot);
  watcher.on_receiving_over(ended ? std::optional(-result) : std::nullopt);
  return true;
}

}  // namespace orrery::net
