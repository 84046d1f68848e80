// What does it cost to tell a thousand sessions the same, and one session something of its own?
//
// The server is in this process, on one or two loops; the members are sockets that another thread
// reads. A delivery is one message at one member. CPU time is that of the loops' threads alone.
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "benchmarks/rig/duel.h"
#include "benchmarks/rig/listeners.h"
#include "orrery/orrery.h"

namespace {

using namespace orrery;
using namespace orrery::benchmarks;

constexpr std::size_t members = 1'000;

// The loops' threads, as their sessions tell, and who is in.
class Hall {
 public:
  void enter(Session& session) {
    clockid_t clock{};
    pthread_getcpuclockid(pthread_self(), &clock);
    const std::lock_guard lock(mutex_);
    if (std::ranges::find(clocks_, clock) == clocks_.end()) clocks_.push_back(clock);
    addresses_.push_back(session.address());
  }
  [[nodiscard]] double cpu_seconds() const {
    double all = 0;
    for (const clockid_t clock : clocks_) {
      timespec time{};
      clock_gettime(clock, &time);
      all += static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
    }
    return all;
  }
  [[nodiscard]] const std::vector<Address>& addresses() const { return addresses_; }
  void send(std::string_view text) const {
    for (const Address& address : addresses_) (void)address.send(text);
  }

 private:
  std::mutex mutex_;
  std::vector<clockid_t> clocks_;
  std::vector<Address> addresses_;
};

struct Member {
  Hall& hall;
  void on_open(Session& session) {
    session.join("all");
    hall.enter(session);
  }
  void on_message(Session&, Message) {}
};

// Sends to all of them from its own loop.
struct Caller {
  Hall& hall;
  std::optional<Address>& address;
  void on_open(Session& session) { address = session.address(); }
  void on_message(Session&, Message) {}
  void on_server_message(Session&, ServerMessage message) { hall.send(message.text()); }
};

// The same, but what comes is its handler's.
struct Listening : Member {
  explicit Listening(Hall& of, std::atomic<std::uint64_t>& heard_by_all)
      : Member{of}, heard(heard_by_all) {}
  std::atomic<std::uint64_t>& heard;
  void on_server_message(Session&, ServerMessage) { heard.fetch_add(1, std::memory_order_relaxed); }
};

std::uint16_t port_of(const Server& server) {
  const std::string address = server.addresses().front();
  return static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
}

std::size_t frame_bytes(std::size_t payload) {
  return payload + (payload < 126 ? 2 : payload < 65'536 ? 4 : 10);
}

void print(const std::string& name, std::uint64_t deliveries, double seconds, double cpu) {
  fmt::print("| {} | {:.0f} | {:.3f} |\n", name, static_cast<double>(deliveries) / seconds,
             cpu * 1e6 / static_cast<double>(deliveries));
  std::fflush(stdout);
}

using Tell = std::function<void(const std::string& payload)>;

// Rounds of `tell`, each heard by everybody before the next.
Result<void> measure(const std::string& name, Hall& hall, Listeners& listeners, std::size_t payload,
                     const Tell& tell) {
  const std::string text(payload, 'x');
  const std::uint64_t bytes = listeners.size() * frame_bytes(payload);
  std::vector<double> cpus, times;
  for (int round = 0; round < 60; ++round) {
    const double cpu = hall.cpu_seconds();
    const auto start = std::chrono::steady_clock::now();
    tell(text);
    if (auto heard = listeners.hear(bytes); !heard) return heard;
    const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
    if (round >= 10) cpus.push_back(hall.cpu_seconds() - cpu), times.push_back(time.count());
  }
  std::ranges::sort(cpus);
  std::ranges::sort(times);
  print(name, listeners.size(), times[times.size() / 2], cpus[cpus.size() / 2]);
  return {};
}

Result<void> measure_on(std::size_t loops) {
  Hall hall;
  Server server({.threads = loops, .log = [](LogLevel, std::string_view) {}});
  std::optional<Address> caller;
  server.websocket<Member>("/", std::ref(hall));
  server.websocket<Caller>("/caller", std::ref(hall), std::ref(caller));
  server.listen("127.0.0.1:0");
  if (auto started = server.start(); !started) return started;
  auto listeners = Listeners::open(port_of(server), "/", members);
  if (!listeners) return Error{listeners.error()};
  auto line_of_caller = Listeners::open(port_of(server), "/caller", 1);
  if (!line_of_caller) return Error{line_of_caller.error()};
  const Sender sender = server.sender();
  const auto publish = [&](const std::string& text) { sender.publish("all", text); };
  const auto send = [&](const std::string& text) { hall.send(text); };
  const auto call = [&](const std::string& text) { (void)caller->send(text); };
  const std::string where = fmt::format(", {} loop{}", loops, loops == 1 ? "" : "s");
  for (const std::size_t bytes : {64, 16 * 1024})
    if (auto done =
            measure(fmt::format("publish {} B{}", bytes, where), hall, **listeners, bytes, publish);
        !done)
      return done;
  if (auto done = measure("address 64 B" + where, hall, **listeners, 64, send); !done) return done;
  return measure("address 64 B from a session" + where, hall, **listeners, 64, call);
}

// Letters to handlers: nothing is written.
Result<void> measure_mailbox() {
  constexpr std::uint64_t letters = 1'000'000;
  Hall hall;
  std::atomic<std::uint64_t> heard{0};
  Server server({.threads = 1, .log = [](LogLevel, std::string_view) {}});
  server.websocket<Listening>("/", std::ref(hall), std::ref(heard));
  server.listen("127.0.0.1:0");
  if (auto started = server.start(); !started) return started;
  auto listeners = Listeners::open(port_of(server), "/", 1);
  if (!listeners) return Error{listeners.error()};
  const Address to = hall.addresses().front();
  const double cpu = hall.cpu_seconds();
  const auto start = std::chrono::steady_clock::now();
  std::uint64_t sent = 0;
  while (sent < letters)
    if (to.send("0123456789abcdef") == Posted::queued)
      ++sent;
    else
      std::this_thread::yield();
  while (heard.load() < letters) std::this_thread::yield();
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
  print("mailbox 16 B, 1 writer", letters, time.count(), hall.cpu_seconds() - cpu);
  return {};
}

}  // namespace

int main() {
  fmt::print("{} members; medians of 50 rounds.\n\n", members);
  fmt::print("| what | deliveries per second | loops' CPU us per delivery |\n|---|--:|--:|\n");
  for (const std::size_t loops : {1, 2})
    if (auto done = measure_on(loops); !done) return give_up(done.error());
  if (auto done = measure_mailbox(); !done) return give_up(done.error());
  return 0;
}
