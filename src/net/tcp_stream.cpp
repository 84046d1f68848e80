#include "net/tcp_stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <climits>
#include <numeric>

#include "base/prefetch.h"
#include "net/send_batch.h"
#include "net/system_calls.h"

namespace orrery::net {

// 72 bytes and malloc's 8 are a chunk of 80.
static_assert(sizeof(TcpStream) <= 72, "there are a million of them");

namespace {

// After so many reads in a row of so few bytes each, the poller receives again.
constexpr std::uint8_t enough_small_reads = 31;
constexpr std::size_t usual_events_bytes = 128;  // of those to fetch: what a short message touches
constexpr std::size_t small_read_bytes = Receiving::buffer_bytes / 2;

std::size_t total(std::span<const iovec> pieces) {
  return std::accumulate(pieces.begin(), pieces.end(), std::size_t{0},
                         [](std::size_t sum, const iovec& piece) { return sum + piece.iov_len; });
}

ssize_t send(int fd, std::span<const iovec> pieces, int flags) {
  if (pieces.size() == 1)
    return call_send(fd, {static_cast<const char*>(pieces[0].iov_base), pieces[0].iov_len}, flags);
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces.data());
  message.msg_iovlen = pieces.size();
  return call_sendmsg(fd, message, flags);
}

ssize_t refuse(int error) {
  errno = error;
  return -1;
}

}  // namespace

struct TcpStream::Turn final : Requeued {
  explicit Turn(TcpStream& its) : stream(its) {}
  void on_again() override { stream.on_again(); }

  TcpStream& stream;
};

TcpStream::TcpStream(Loop& loop, Descriptor socket, const PeerAddress& peer)
    : loop_(loop),
      fd_(socket.release()),
      address_(peer.bytes),
      port_(peer.port),
      family_(peer.family) {}

TcpStream::~TcpStream() {
  close();
}

void TcpStream::start(StreamEvents& events) {
  assert(loop_.in_own_thread() && events_ == nullptr);
  events_ = &events;
  // Bytes that came with the handshake need no special care: the poller finds them at its next
  // wait.
  loop_.poller().receiving() != nullptr ? receive() : watch();
}

void TcpStream::watch() {
  if (!loop_.poller().add(fd_, *this).ok()) fail_later(ENOSPC);
}

void TcpStream::receive() {
  source_ = Source::poller;
  loop_.poller().receiving()->receive(fd_, *this);
}

void TcpStream::stop_receiving() {
  if (source_ != Source::poller) return;
  source_ = Source::stopping;
  loop_.poller().receiving()->stop_receiving(fd_);
}

Written TcpStream::write(std::span<const iovec> pieces) {
  assert(loop_.in_own_thread());
  Written written;
  // MSG_NOSIGNAL: a peer that vanished is an error of its own connection, not a signal for us.
  const int flags = last_ ? MSG_NOSIGNAL | MSG_MORE : MSG_NOSIGNAL;
  while (!pieces.empty() && !blocked_) {
    const auto batch = pieces.first(std::min<std::size_t>(pieces.size(), IOV_MAX));
    const ssize_t taken = fd_ >= 0 ? send(fd_, batch, flags) : refuse(EPIPE);
    if (taken < 0 && errno == EINTR) continue;
    if (taken < 0 && errno != EAGAIN) {
      written.error = errno;
      fail_later(written.error);
      return written;
    }
    const auto bytes = static_cast<std::size_t>(std::max<ssize_t>(taken, 0));
    blocked_ = bytes < total(batch);
    written.bytes += bytes;
    pieces = pieces.subspan(batch.size());
  }
  if (blocked_) wait_for_room();
  return written;
}

bool TcpStream::write_with(SendBatch& batch, std::string_view bytes) {
  if (blocked_ || fd_ < 0) return false;
  batch.add(fd_, bytes);
  return true;
}

Written TcpStream::wrote(std::size_t offered, int result) {
  Written written;
  if (result < 0 && result != -EAGAIN && result != -EINTR) {
    written.error = -result;
    fail_later(written.error);
    return written;
  }
  written.bytes = static_cast<std::size_t>(std::max(result, 0));
  blocked_ = written.bytes < offered;
  if (blocked_) wait_for_room();
  return written;
}

// Somebody must tell when there is some: who only receives is not told.
void TcpStream::wait_for_room() {
  if (source_ == Source::poller) {
    stop_receiving();
  } else if (source_ == Source::nowhere) {
    source_ = Source::socket_for_now;
    watch();
  }
}

void TcpStream::pause_reading() {
  paused_ = true;
  small_reads_ = 0;
  stop_receiving();
}

void TcpStream::resume_reading() {
  if (!paused_) return;
  paused_ = false;
  if (readable_ && fd_ >= 0) again();
}

void TcpStream::finish_writing() {
  if (fd_ >= 0) ::shutdown(fd_, SHUT_WR);
}

void TcpStream::abort() {
  if (fd_ < 0) return;
  const linger none{.l_onoff = 1, .l_linger = 0};  // a reset instead of FIN
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &none, sizeof none);
  close();
}

Peer TcpStream::peer() const {
  return PeerAddress{.bytes = address_, .port = port_, .family = family_}.peer();
}

void TcpStream::coming(int behind) const {
  if (behind > 1) return prefetch(events_, usual_events_bytes);
  events_->coming();
}

void TcpStream::on_ready(bool readable, bool writable, bool hangup) {
  hangup_ = hangup_ || hangup;
  readable_ = readable_ || readable || hangup;
  if ((readable || hangup) && !queued()) on_again();  // else it is called anyway, in its turn
  if (blocked_ && (writable || hangup) && fd_ >= 0) {
    blocked_ = false;
    events_->on_writable();
  }
}

// What comes while nobody takes it, and what comes behind that, waits.
void TcpStream::on_received(std::span<char> bytes) {
  if (ended_) return;
  if (bytes.size() == Receiving::buffer_bytes) stop_receiving();
  if (!paused_ && !kept_) return events_->on_bytes(bytes);
  kept_ = readable_ = true;
  loop_.poller().receiving()->keep(fd_, bytes);
}

// From here on it is read as with epoll: what has not been received lies in the socket.
void TcpStream::on_receiving_over(std::optional<int> end_found) {
  const int broke_with = end_found.value_or(0);
  if (error_ == 0) error_ = static_cast<std::uint8_t>(broke_with);
  const bool nothing_more = end_found == 0 && !paused_ && !kept_ && !blocked_ && !ended_;
  source_ = nothing_more ? Source::nowhere : Source::socket_for_now;
  if (nothing_more) return end(error_);
  watch();
  hangup_ = hangup_ || end_found.has_value();
  readable_ = true;
  if (!queued()) on_again();
}

void TcpStream::again() {
  if (!turn_) turn_ = std::make_unique<Turn>(*this);
  loop_.again(*turn_);
}

bool TcpStream::queued() const {
  return turn_ && turn_->is_linked();
}

void TcpStream::on_again() {
  if (source_ == Source::poller || source_ == Source::stopping) return;  // it has bytes before ours
  if (paused_) return tell_end_while_paused();
  if (kept_) deliver_kept();
  read();
}

void TcpStream::deliver_kept() {
  kept_ = false;
  std::string bytes = loop_.poller().receiving()->take_kept(fd_);
  if (!ended_) events_->on_bytes(bytes);
}

// Until EAGAIN or a short read: what arrives later is a new edge. Only behind a hangup, and on unix
// sockets (where passed descriptors cut a read short), a short read proves nothing.
void TcpStream::read() {
  std::size_t budget = bytes_per_turn;
  while (readable_ && !paused_ && !ended_ && fd_ >= 0) {
    if (budget == 0) return again();
    const std::span<char> place = events_->place_for_bytes();
    const std::span<char> buffer = place.empty() ? loop_.read_buffer() : place;
    const std::size_t asked = std::min(buffer.size(), budget);
    const ssize_t got = call_recv(fd_, buffer.first(asked));
    if (got > 0) {
      const auto bytes = static_cast<std::size_t>(got);
      const bool short_read = bytes < asked && family_ != PeerAddress::Family::unix_socket;
      if (short_read && !hangup_) readable_ = false;
      budget -= bytes;
      events_->on_bytes(buffer.first(bytes));
      if (source_ == Source::socket_for_now) note_read(bytes);
    } else if (got == 0) {
      end(error_);
    } else if (errno == EAGAIN && error_ == 0) {
      readable_ = false;
    } else if (errno != EINTR) {
      end(error_ != 0 ? error_ : errno);
    }
  }
}

// What else lies in the socket is read first: the poller asks the kernel in the next turn.
void TcpStream::note_read(std::size_t bytes) {
  const bool calm = !paused_ && !blocked_ && !hangup_ && fd_ >= 0;
  if (bytes > small_read_bytes || !calm) {
    small_reads_ = 0;
  } else if (++small_reads_ == enough_small_reads) {
    small_reads_ = 0;
    receive();
  }
}

void TcpStream::tell_end_while_paused() {
  if (ended_ || fd_ < 0 || !hangup_) return;
  int error = error_;
  socklen_t size = sizeof error;
  if (error == 0) ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return end(error);
  int unread = 0;
  if (::ioctl(fd_, FIONREAD, &unread) == 0 && unread == 0 && !kept_) end(0);
}

// Not at once: the caller is in the middle of something, and unread bytes come first.
void TcpStream::fail_later(int error) {
  if (fd_ < 0 || ended_) return;
  error_ = static_cast<std::uint8_t>(error);
  hangup_ = readable_ = true;
  stop_receiving();
  again();
}

void TcpStream::end(int error) {
  ended_ = true;
  events_->on_end(error);
}

void TcpStream::close() {
  if (fd_ < 0) return;
  loop_.poller().remove(fd_, *this);
  Descriptor(fd_).close();
  fd_ = -1;
  if (turn_) turn_->unlink();
}

}  // namespace orrery::net
