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

namespace orrery::net {

static_assert(sizeof(TcpStream) <= 80, "there are a million of them");

namespace {

std::size_t total(std::span<const iovec> pieces) {
  return std::accumulate(pieces.begin(), pieces.end(), std::size_t{0},
                         [](std::size_t sum, const iovec& piece) { return sum + piece.iov_len; });
}

ssize_t send(int fd, std::span<const iovec> pieces) {
  // MSG_NOSIGNAL: a peer that vanished is an error of its own connection, not a signal for us.
  if (pieces.size() == 1) return ::send(fd, pieces[0].iov_base, pieces[0].iov_len, MSG_NOSIGNAL);
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces.data());
  message.msg_iovlen = pieces.size();
  return ::sendmsg(fd, &message, MSG_NOSIGNAL);
}

ssize_t refuse(int error) {
  errno = error;
  return -1;
}

}  // namespace

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
  // Bytes that came with the handshake need no special care: epoll finds them at its next wait.
  if (!loop_.poller().add(fd_, *this).ok()) fail_later(ENOSPC);
}

Written TcpStream::write(std::span<const iovec> pieces) {
  assert(loop_.in_own_thread());
  Written written;
  while (!pieces.empty() && !blocked_) {
    const auto batch = pieces.first(std::min<std::size_t>(pieces.size(), IOV_MAX));
    const ssize_t taken = fd_ >= 0 ? send(fd_, batch) : refuse(EPIPE);
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
  return written;
}

void TcpStream::pause_reading() {
  paused_ = true;
}

void TcpStream::resume_reading() {
  if (!paused_) return;
  paused_ = false;
  if (readable_ && fd_ >= 0) loop_.again(*this);
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

void TcpStream::on_ready(bool readable, bool writable, bool hangup) {
  hangup_ = hangup_ || hangup;
  readable_ = readable_ || readable || hangup;
  if ((readable || hangup) && !is_linked()) on_again();  // else it is called anyway, in its turn
  if (blocked_ && (writable || hangup) && fd_ >= 0) {
    blocked_ = false;
    events_->on_writable();
  }
}

void TcpStream::on_again() {
  paused_ ? tell_end_while_paused() : read();
}

// Until EAGAIN or a short read: what arrives later is a new edge. Only behind a hangup, and on unix
// sockets (where passed descriptors cut a read short), a short read proves nothing.
void TcpStream::read() {
  std::size_t budget = bytes_per_turn;
  while (readable_ && !paused_ && !ended_ && fd_ >= 0) {
    if (budget == 0) return loop_.again(*this);
    const std::span<char> place = events_->place_for_bytes();
    const std::span<char> buffer = place.empty() ? loop_.read_buffer() : place;
    const std::size_t asked = std::min(buffer.size(), budget);
    const ssize_t got = ::recv(fd_, buffer.data(), asked, 0);
    if (got > 0) {
      const auto bytes = static_cast<std::size_t>(got);
      const bool short_read = bytes < asked && family_ != PeerAddress::Family::unix_socket;
      if (short_read && !hangup_) readable_ = false;
      budget -= bytes;
      events_->on_bytes(buffer.first(bytes));
    } else if (got == 0) {
      end(error_);
    } else if (errno == EAGAIN && error_ == 0) {
      readable_ = false;
    } else if (errno != EINTR) {
      end(error_ != 0 ? error_ : errno);
    }
  }
}

void TcpStream::tell_end_while_paused() {
  if (ended_ || fd_ < 0 || !hangup_) return;
  int error = error_;
  socklen_t size = sizeof error;
  if (error == 0) ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return end(error);
  int unread = 0;
  if (::ioctl(fd_, FIONREAD, &unread) == 0 && unread == 0) end(0);
}

// Not at once: the caller is in the middle of something, and unread bytes come first.
void TcpStream::fail_later(int error) {
  if (fd_ < 0 || ended_) return;
  error_ = static_cast<std::uint8_t>(error);
  hangup_ = readable_ = true;
  loop_.again(*this);
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
  unlink();
}

}  // namespace orrery::net
