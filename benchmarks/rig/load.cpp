#include "benchmarks/rig/load.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <cstring>

#include "benchmarks/rig/upgrade.h"
#include "websocket/encoder.h"

namespace orrery::benchmarks {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t read_buffer_bytes = 256 * 1024;
constexpr std::size_t frames_per_write = 16;
constexpr std::size_t copied_bytes = 2048;  // more of a frame than this is written from where it is
constexpr std::uint64_t all_bytes_checked_every = 32;
constexpr int silence_ms = 10'000;
constexpr websocket::MaskKey mask{0x37, 0xfa, 0x21, 0x3d};

using Tag = std::array<char, Load::tag_bytes>;

// Letters, so that it is text: eight for the session, eight for the message.
Tag tag_of(std::uint32_t session, std::uint64_t message) {
  Tag tag;
  for (unsigned i = 0; i < 8; ++i) {
    tag[i] = static_cast<char>('a' + (session >> (4 * i) & 15));
    tag[8 + i] = static_cast<char>('a' + (message >> (4 * i) & 15));
  }
  return tag;
}

std::string payload_of(std::size_t bytes) {
  std::string payload(std::max(bytes, Load::tag_bytes), '\0');
  for (std::size_t i = 0; i < payload.size(); ++i)
    payload[i] = static_cast<char>('!' + i * 31 % 89);
  return payload;
}

std::size_t head_bytes(std::size_t payload_bytes) {
  return payload_bytes < 126 ? 2 : payload_bytes <= 0xffff ? 4 : 10;
}

Error failed(std::string_view what) {
  return Error{fmt::format("{}: {}", what, std::strerror(errno))};
}

// One request, one answer, on a socket that still blocks.
Result<void> open_session(int socket, std::string_view path) {
  const timeval patience{.tv_sec = silence_ms / 1000, .tv_usec = 0};
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const std::string request = upgrade_request(path);
  if (::send(socket, request.data(), request.size(), MSG_NOSIGNAL) != std::ssize(request))
    return failed("cannot ask for an upgrade");
  std::string answer;
  while (upgraded(answer) == Upgraded::not_yet) {
    std::array<char, 1024> buffer;
    const ssize_t got = ::recv(socket, buffer.data(), buffer.size(), 0);
    if (got <= 0) return failed("no answer to the upgrade");
    answer.append(buffer.data(), static_cast<std::size_t>(got));
  }
  if (upgraded(answer) == Upgraded::yes) return {};
  return Error{fmt::format("the upgrade was refused: {}", answer)};
}

// The pieces of one write; what is added in sequence from one buffer becomes one piece.
class Pieces {
 public:
  void add(const char* bytes, std::size_t count) {
    if (used_ > 0 && end_ == bytes) {
      pieces_[used_ - 1].iov_len += count;
    } else if (count > 0) {
      pieces_[used_++] = {.iov_base = const_cast<char*>(bytes), .iov_len = count};
    }
    end_ = bytes + count;
  }
  /// `skipped` bytes at the front were written before; they are part of the first piece or two.
  ssize_t send(int socket, std::size_t skipped) {
    std::span<iovec> pieces(pieces_.data(), used_);
    for (; skipped >= pieces[0].iov_len; pieces = pieces.subspan(1)) skipped -= pieces[0].iov_len;
    pieces[0].iov_base = static_cast<char*>(pieces[0].iov_base) + skipped;
    pieces[0].iov_len -= skipped;
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = pieces.size();
    return ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  }

 private:
  std::array<iovec, 2 * frames_per_write> pieces_;
  std::size_t used_ = 0;
  const char* end_ = nullptr;
};

}  // namespace

Load::Load(const Traffic& traffic)
    : traffic_(traffic),
      frame_(
          websocket::encode_frame(traffic.type, payload_of(traffic.payload_bytes), {.mask = mask})),
      answer_(websocket::encode_frame(traffic.type, payload_of(traffic.payload_bytes))),
      frame_head_bytes_(head_bytes(traffic.payload_bytes) + mask.size()),
      answer_head_bytes_(head_bytes(traffic.payload_bytes)),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      read_buffer_(read_buffer_bytes),
      write_buffer_(frames_per_write * copied_bytes) {
  assert(traffic.payload_bytes >= tag_bytes);
}

Result<std::unique_ptr<Load>> Load::open(const Target& target, const Traffic& traffic) {
  std::unique_ptr<Load> load(new Load(traffic));
  load->sessions_.reserve(traffic.sessions);
  while (load->sessions_.size() < traffic.sessions)
    if (auto connected = load->connect(target); !connected) return Error{connected.error()};
  return load;
}

Result<void> Load::connect(const Target& target) {
  auto socket = connect_to(target.port);
  if (!socket) return Error{socket.error()};
  if (auto opened = open_session(socket->get(), target.path); !opened) return opened;
  Session& session = sessions_.emplace_back();
  session.socket = std::move(*socket);
  session.number = static_cast<std::uint32_t>(sessions_.size());
  epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.ptr = &session}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, session.socket.get(), &event) != 0)
    return failed("cannot watch a socket");
  return {};
}

Result<Work> Load::run(const Bounds& bounds) {
  const auto begin = Clock::now();
  const std::uint64_t answered_before = answered_;
  to_ask_ = bounds.messages;
  for (Session& session : sessions_) {
    ask(session, traffic_.depth);
    if (auto sent = send(session); !sent) return Error{sent.error()};
  }
  while (in_flight_ > 0) {
    std::array<epoll_event, 256> events;
    const int found = ::epoll_wait(epoll_.get(), events.data(), std::ssize(events), silence_ms);
    if (found == 0) return Error{fmt::format("silence, with {} messages on their way", in_flight_)};
    for (int i = 0; i < found; ++i) {
      auto& session = *static_cast<Session*>(events[static_cast<std::size_t>(i)].data.ptr);
      if (auto served = serve(session); !served) return Error{served.error()};
    }
    if (Clock::now() >= begin + bounds.time) to_ask_ = 0;
  }
  const std::chrono::duration<double> elapsed = Clock::now() - begin;
  return Work{.messages = answered_ - answered_before, .seconds = elapsed.count()};
}

// For every answer that came, the next message goes out.
Result<void> Load::serve(Session& session) {
  const std::uint64_t before = session.answered;
  if (auto received = receive(session); !received) return received;
  const std::uint64_t came = session.answered - before;
  answered_ += came;
  in_flight_ -= came;
  ask(session, came);
  return send(session);
}

void Load::ask(Session& session, std::uint64_t messages) {
  const std::uint64_t allowed = std::min(messages, to_ask_);
  session.asked += allowed;
  to_ask_ -= allowed;
  in_flight_ += allowed;
}

// Until the socket has no more: a short read is the last one, its next bytes are a new event.
Result<void> Load::receive(Session& session) {
  while (true) {
    const ssize_t got =
        ::recv(session.socket.get(), read_buffer_.data(), read_buffer_.size(), MSG_DONTWAIT);
    if (got == 0) return Error{"the server closed a connection"};
    if (got < 0) {
      if (errno == EAGAIN) return {};
      return failed("cannot read");
    }
    const auto bytes = static_cast<std::size_t>(got);
    if (!check(session, {read_buffer_.data(), bytes}))
      return Error{fmt::format("answer {} of session {} is not what was sent", session.answered,
                               session.number)};
    if (bytes < read_buffer_.size()) return {};
  }
}

bool Load::check(Session& session, std::span<const char> bytes) {
  while (!bytes.empty()) {
    const std::size_t here = std::min(answer_.size() - session.answer_bytes, bytes.size());
    if (session.answered == session.sent || !as_expected(session, bytes.first(here))) return false;
    session.answer_bytes += here;
    bytes = bytes.subspan(here);
    if (session.answer_bytes < answer_.size()) break;
    session.answer_bytes = 0;
    ++session.answered;
  }
  return true;
}

// `bytes` are those of the next answer from session.answer_bytes on.
bool Load::as_expected(const Session& session, std::span<const char> bytes) {
  const std::size_t start_bytes = answer_head_bytes_ + tag_bytes;
  const std::size_t begin = session.answer_bytes;
  std::size_t checked = 0;
  if (begin < start_bytes) {
    std::array<char, websocket::max_head_bytes + tag_bytes> start;
    const Tag tag = tag_of(session.number, session.answered);
    std::memcpy(start.data(), answer_.data(), answer_head_bytes_);
    std::memcpy(start.data() + answer_head_bytes_, tag.data(), tag.size());
    checked = std::min(start_bytes - begin, bytes.size());
    if (std::memcmp(bytes.data(), start.data() + begin, checked) != 0) return false;
  }
  if (session.answered % all_bytes_checked_every != 0) return true;
  return std::memcmp(bytes.data() + checked, answer_.data() + begin + checked,
                     bytes.size() - checked) == 0;
}

// What is asked for and not yet sent, until the socket takes no more: its event calls again.
Result<void> Load::send(Session& session) {
  while (session.sent < session.asked) {
    Pieces pieces;
    char* free = write_buffer_.data();
    const std::uint64_t end = std::min(session.asked, session.sent + frames_per_write);
    for (std::uint64_t message = session.sent; message < end; ++message) {
      const std::size_t start_bytes = frame_head_bytes_ + tag_bytes;
      const std::size_t copied = frame_.size() <= copied_bytes ? frame_.size() : start_bytes;
      const Tag tag = tag_of(session.number, message);
      std::memcpy(free, frame_.data(), copied);
      for (std::size_t i = 0; i < tag.size(); ++i)
        free[frame_head_bytes_ + i] = static_cast<char>(tag[i] ^ mask[i % mask.size()]);
      pieces.add(free, copied);
      pieces.add(frame_.data() + copied, frame_.size() - copied);
      free += copied;
    }
    const ssize_t taken = pieces.send(session.socket.get(), session.sent_bytes);
    if (taken < 0 && errno == EAGAIN) return {};
    if (taken < 0) return failed("cannot write");
    session.sent_bytes += static_cast<std::size_t>(taken);
    session.sent += session.sent_bytes / frame_.size();
    session.sent_bytes %= frame_.size();
  }
  return {};
}

}  // namespace orrery::benchmarks
