// How many opening handshakes per second, and what does one cost?
//
// Each connects, upgrades, says goodbye with a close frame and waits for the answer. 64 are under
// way at once. The client then resets the connection, so that no port waits for its second life.
#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "benchmarks/rig/duel.h"
#include "benchmarks/rig/upgrade.h"
#include "websocket/encoder.h"

namespace {

using namespace orrery;
using namespace orrery::benchmarks;
using Clock = std::chrono::steady_clock;

constexpr std::size_t at_once = 64;
constexpr int silence_ms = 10'000;
constexpr std::uint64_t handshakes_per_turn = 200'000;  // never reached in the usual time

const std::string request = upgrade_request("/echo");
const std::string goodbye = websocket::encode_frame(
    websocket::Opcode::close, websocket::close_payload(1000, {}), {.mask = websocket::MaskKey{7}});
const std::string answered_goodbye =
    websocket::encode_frame(websocket::Opcode::close, websocket::close_payload(1000, {}));

// One client after the other.
class Visitor {
 public:
  enum class Progress : std::uint8_t { waits, done, failed };

  bool visit(std::uint16_t port, int epoll) {
    auto socket = connect_to(port);
    if (!socket) return false;
    socket_ = std::move(*socket);
    heard_.clear();
    open_ = false;
    epoll_event event{.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data = {.ptr = this}};
    return ::epoll_ctl(epoll, EPOLL_CTL_ADD, socket_.get(), &event) == 0 && say(request);
  }

  Progress on_readable() {
    std::array<char, 1024> buffer;
    const ssize_t got = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN) return Progress::waits;
    if (got <= 0) return Progress::failed;
    heard_.append(buffer.data(), static_cast<std::size_t>(got));
    if (!open_) {
      const Upgraded answer = upgraded(heard_);
      if (answer == Upgraded::not_yet) return Progress::waits;
      if (answer == Upgraded::refused || !say(goodbye)) return Progress::failed;
      open_ = true;
      heard_.clear();
      return Progress::waits;
    }
    if (heard_.size() < answered_goodbye.size()) return Progress::waits;
    return heard_ == answered_goodbye ? Progress::done : Progress::failed;
  }

  void leave() {
    const linger none{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &none, sizeof none);
    socket_.close();
  }

 private:
  bool say(const std::string& bytes) {
    return ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) == std::ssize(bytes);
  }

  net::Descriptor socket_;
  std::string heard_;
  bool open_ = false;
};

// Visits until the time is over, and then only those that are under way.
Result<Turn> visits(std::uint16_t port, std::chrono::milliseconds time) {
  const net::Descriptor epoll(::epoll_create1(EPOLL_CLOEXEC));
  std::vector<Visitor> visitors(at_once);
  std::uint64_t begun = 0;
  std::uint64_t done = 0;
  const auto begin = Clock::now();
  for (Visitor& visitor : visitors) {
    if (!visitor.visit(port, epoll.get())) return Error{"cannot connect"};
    ++begun;
  }
  while (done < begun) {
    std::array<epoll_event, at_once> events;
    const int found = ::epoll_wait(epoll.get(), events.data(), std::ssize(events), silence_ms);
    if (found == 0) return Error{"silence, in the middle of a handshake"};
    for (int i = 0; i < found; ++i) {
      auto& visitor = *static_cast<Visitor*>(events[static_cast<std::size_t>(i)].data.ptr);
      const auto progress = visitor.on_readable();
      if (progress == Visitor::Progress::failed) return Error{"a handshake failed"};
      if (progress == Visitor::Progress::waits) continue;
      ++done;
      visitor.leave();
      if (begun == handshakes_per_turn || Clock::now() - begin >= time) continue;
      if (!visitor.visit(port, epoll.get())) return Error{"cannot connect"};
      ++begun;
    }
  }
  const std::chrono::duration<double> elapsed = Clock::now() - begin;
  return Turn{static_cast<double>(done), elapsed.count()};
}

}  // namespace

int main(int count, char** words) {
  const Settings settings = settings_from(count, words);
  const auto servers = start_on_one_core();
  if (!servers) return give_up(servers.error());
  fmt::print("{} at once, {} rounds of {} ms.\n\n", at_once, settings.rounds,
             settings.turn.count());
  print_head("connect, upgrade, close", "handshake");
  const auto outcome =
      duel(*servers, settings, [&](Child& server) { return visits(server.port(), settings.turn); });
  if (!outcome) return give_up(outcome.error());
  print_row("TCP, no compression", *outcome);
  return 0;
}
