#include "net/send_batch.h"

#include <sys/socket.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <utility>

#include "net/system_calls.h"

namespace orrery::net {
namespace {

constexpr int flags = MSG_DONTWAIT | MSG_NOSIGNAL;
constexpr std::size_t most_bytes = 1 << 30;  // a request's length has 32 bits

Result<Ring> open_send_ring() {
  return open_ring(SendBatch::most, 2 * SendBatch::most, IORING_SETUP_SUBMIT_ALL);
}

}  // namespace

Result<std::unique_ptr<SendBatch>> SendBatch::create() {
  auto ring = open_send_ring();
  if (!ring) return Error{ring.error()};
  return std::unique_ptr<SendBatch>(new SendBatch(*std::move(ring), false));
}

std::unique_ptr<SendBatch> SendBatch::create_later() {
  return std::unique_ptr<SendBatch>(new SendBatch(nullptr, true));
}

std::unique_ptr<SendBatch> SendBatch::create_without_ring() {
  return std::unique_ptr<SendBatch>(new SendBatch(nullptr, false));
}

int SendBatch::send_alone(const Entry& entry) {
  if (entry.stream != nullptr) return entry.stream->take(entry.bytes);
  ssize_t taken = -1;
  do taken = call_send(entry.socket, entry.bytes, flags);
  while (taken < 0 && errno == EINTR);
  return taken < 0 ? -errno : static_cast<int>(taken);
}

void SendBatch::open_now() {
  opens_later_ = false;
  if (system_calls_are_filtered()) return;
  if (auto ring = open_send_ring()) ring_ = *std::move(ring);
}

void SendBatch::add(int socket, std::string_view bytes) {
  assert(!full());
  entries_[size_++] = {.socket = socket, .bytes = bytes.substr(0, most_bytes)};
}

void SendBatch::add(SendsInMemory& stream, std::string_view bytes) {
  assert(!full() && !ring_ && !opens_later_);
  entries_[size_++] = {.bytes = bytes, .stream = &stream};
}

// What the ring did not take, for want of memory, goes the common way, and so does all behind it.
void SendBatch::send() {
  if (opens_later_ && size_ > 1) open_now();
  const std::size_t done = ring_ && size_ > 1 ? send_through_ring() : 0;
  for (std::size_t i = done; i < size_; ++i) entries_[i].result = send_alone(entries_[i]);
}

// Answers how many were sent, the first ones.
std::size_t SendBatch::send_through_ring() {
  for (std::size_t i = 0; i < size_; ++i) {
    io_uring_sqe* const request = ::io_uring_get_sqe(ring_.get());
    const Entry& entry = entries_[i];
    ::io_uring_prep_send(request, entry.socket, entry.bytes.data(), entry.bytes.size(), flags);
    request->user_data = i;
  }
  std::size_t submitted = 0;
  while (submitted < size_) {
    const int taken =
        ::io_uring_submit_and_wait(ring_.get(), static_cast<unsigned>(size_ - submitted));
    if (taken == -EINTR) continue;
    if (taken <= 0) break;
    submitted += static_cast<std::size_t>(taken);
  }
  for (std::size_t reaped = 0; reaped < submitted;) {
    io_uring_cqe* done = nullptr;
    const int waited = ::io_uring_wait_cqe(ring_.get(), &done);
    if (waited == -EINTR) continue;
    if (waited != 0) break;
    Entry& entry = entries_[done->user_data];
    entry.result = done->res == -EINTR ? send_alone(entry) : done->res;
    ::io_uring_cqe_seen(ring_.get(), done);
    ++reaped;
  }
  if (submitted < size_) ring_.reset();
  return submitted;
}

}  // namespace orrery::net
