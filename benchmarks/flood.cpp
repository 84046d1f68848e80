// What do 99 sessions with one message each under way feel of one that floods?
//
// The flooder has the second core only when the measuring client leaves it (SCHED_IDLE), writes as
// much as the server takes, and reads all that comes back. Medians over rounds of the 99th
// percentile of the round trips, calm and flooded in turns.
#include <fmt/format.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "benchmarks/rig/duel.h"
#include "benchmarks/rig/upgrade.h"
#include "websocket/encoder.h"

namespace {

using namespace orrery;
using namespace orrery::benchmarks;
using Clock = std::chrono::steady_clock;
using Microseconds = std::chrono::duration<double, std::micro>;

constexpr std::size_t bystanders = 99;
constexpr int silence_ms = 10'000;
constexpr double worst_ratio = 3;  // more is a fault of ours

std::string masked_frame(std::size_t bytes) {
  return websocket::encode_frame(websocket::Opcode::binary, std::string(bytes, 'x'),
                                 {.mask = websocket::MaskKey{7}});
}

Result<net::Descriptor> open_session(std::uint16_t port) {
  auto socket = connect_to(port);
  if (!socket) return socket;
  const std::string request = upgrade_request("/echo");
  if (::send(socket->get(), request.data(), request.size(), MSG_NOSIGNAL) < 0)
    return Error{"cannot ask for an upgrade"};
  std::string answer;
  while (upgraded(answer) == Upgraded::not_yet) {
    std::array<char, 1024> buffer;
    const ssize_t got = ::recv(socket->get(), buffer.data(), buffer.size(), 0);
    if (got <= 0) return Error{"the server closed a connection"};
    answer.append(buffer.data(), static_cast<std::size_t>(got));
  }
  if (upgraded(answer) == Upgraded::refused) return Error{"refused: " + answer};
  return socket;
}

// Writes and reads as fast as the server lets it, until it is destroyed.
class Flooder {
 public:
  Flooder(net::Descriptor socket, std::size_t bytes) : socket_(std::move(socket)) {
    const std::string one = masked_frame(bytes);
    while (flood_.size() < 256 * 1024) flood_ += one;
    thread_ = std::thread([this] { run(); });
  }
  Flooder(const Flooder&) = delete;
  Flooder& operator=(const Flooder&) = delete;
  ~Flooder() {
    ended_ = true;
    thread_.join();
  }

 private:
  void run() {
    const sched_param nothing{};
    (void)::sched_setscheduler(0, SCHED_IDLE, &nothing);
    net::Descriptor epoll(::epoll_create1(EPOLL_CLOEXEC));
    epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLET, .data = {}};
    ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, socket_.get(), &event);
    std::vector<char> answers(256 * 1024);
    while (!ended_) {
      while (::recv(socket_.get(), answers.data(), answers.size(), MSG_DONTWAIT) > 0) continue;
      const ssize_t taken = ::send(socket_.get(), flood_.data() + sent_, flood_.size() - sent_,
                                   MSG_DONTWAIT | MSG_NOSIGNAL);
      if (taken > 0) sent_ = (sent_ + static_cast<std::size_t>(taken)) % flood_.size();
      if (taken <= 0) (void)::epoll_wait(epoll.get(), &event, 1, 10);
    }
  }

  const net::Descriptor socket_;
  std::string flood_;
  std::size_t sent_ = 0;
  std::atomic<bool> ended_{false};
  std::thread thread_;
};

// Each says something, waits for the answer, and says it again.
class Bystanders {
 public:
  static Result<Bystanders> open(std::uint16_t port) {
    Bystanders all;
    for (std::size_t i = 0; i < bystanders; ++i) {
      auto socket = open_session(port);
      if (!socket) return Error{socket.error()};
      epoll_event event{.events = EPOLLIN | EPOLLET, .data = {.u64 = i}};
      ::epoll_ctl(all.epoll_.get(), EPOLL_CTL_ADD, socket->get(), &event);
      all.sockets_.push_back(std::move(*socket));
    }
    return all;
  }

  /// The 99th percentile of their round trips.
  Result<Microseconds> talk_for(std::chrono::milliseconds time) {
    const std::string frame = masked_frame(64);
    const auto end = Clock::now() + time;
    std::vector<Clock::time_point> said(bystanders);
    std::vector<double> trips;
    const auto say = [&](std::size_t who) {
      said[who] = Clock::now();
      return ::send(sockets_[who].get(), frame.data(), frame.size(), MSG_NOSIGNAL) > 0;
    };
    for (std::size_t who = 0; who < bystanders; ++who)
      if (!say(who)) return Error{"cannot write"};
    for (std::size_t waiting = bystanders; waiting > 0;) {
      std::array<epoll_event, bystanders> events;
      const int found = ::epoll_wait(epoll_.get(), events.data(), std::ssize(events), silence_ms);
      if (found <= 0) return Error{"silence"};
      for (int i = 0; i < found; ++i) {
        const auto who = static_cast<std::size_t>(events[static_cast<std::size_t>(i)].data.u64);
        std::array<char, 256> answer;
        if (::recv(sockets_[who].get(), answer.data(), answer.size(), MSG_DONTWAIT) <= 0) continue;
        const auto now = Clock::now();
        trips.push_back(Microseconds(now - said[who]).count());
        if (now >= end)
          --waiting;
        else if (!say(who))
          return Error{"cannot write"};
      }
    }
    const auto at = trips.begin() + std::ssize(trips) * 99 / 100;
    std::ranges::nth_element(trips, at);
    return Microseconds(*at);
  }

 private:
  Bystanders() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {}

  net::Descriptor epoll_;
  std::vector<net::Descriptor> sockets_;
};

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

// The ratio, flooded to calm.
Result<double> measure(const std::string& name, Child& server, std::size_t flood_bytes,
                       const Settings& settings) {
  auto others = Bystanders::open(server.port());
  if (!others) return Error{others.error()};
  std::vector<double> calm, flooded, ratios;
  for (int round = 0; round < settings.rounds; ++round) {
    const auto quiet = others->talk_for(settings.turn);
    if (!quiet) return Error{quiet.error()};
    auto socket = open_session(server.port());
    if (!socket) return Error{socket.error()};
    const Flooder flooder(std::move(*socket), flood_bytes);
    const auto loud = others->talk_for(settings.turn);
    if (!loud) return Error{loud.error()};
    calm.push_back(quiet->count());
    flooded.push_back(loud->count());
    ratios.push_back(loud->count() / quiet->count());
  }
  fmt::print("| {}, flood of {} B | {:.0f} | {:.0f} | {:.2f} |\n", name, flood_bytes, median(calm),
             median(flooded), median(ratios));
  std::fflush(stdout);
  return median(ratios);
}

}  // namespace

int main(int count, char** words) {
  const Settings settings = settings_from(count, words);
  const auto servers = start_on_one_core();
  if (!servers) return give_up(servers.error());
  fmt::print("| server | calm p99 us | flooded p99 us | ratio |\n|---|--:|--:|--:|\n");
  double worst = 0;
  for (const std::size_t bytes : {16, 1024, 64 * 1024}) {
    const auto ours = measure("orrery", *servers->ours, bytes, settings);
    const auto beast = measure("Boost.Beast", *servers->theirs, bytes, settings);
    if (!ours || !beast) return give_up(ours ? beast.error() : ours.error());
    worst = std::max(worst, *ours);
  }
  if (worst <= worst_ratio) return 0;
  return give_up(fmt::format("orrery's p99 rises to {:.2f} times the calm one; the bar is {}",
                             worst, worst_ratio));
}
