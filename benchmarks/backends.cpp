// What does io_uring cost or save, next to epoll?
//
// Echoes: two `orrery serve` on one core that differ in `server.io`; the load is on another core.
// Fan-out: two servers in this process, a loop each, whose threads' CPU time is counted; the
// members are sockets that another thread reads. Turns are paired: the ratio is of the same round.
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "benchmarks/rig/duel.h"
#include "benchmarks/rig/listeners.h"
#include "benchmarks/rig/load.h"
#include "orrery/orrery.h"

namespace {

using namespace orrery;
using namespace orrery::benchmarks;

constexpr std::uint64_t messages_per_turn = 5'000'000;  // never reached in the usual time
constexpr auto warm_up = std::chrono::milliseconds(100);
constexpr std::size_t members = 1'000;

struct Case {
  const char* name;
  Traffic traffic;
};
constexpr Case echoes[] = {
    {"1 session, 16 B, depth 1", {.sessions = 1, .depth = 1, .payload_bytes = 16}},
    {"100 sessions, 16 B, depth 1", {.sessions = 100, .depth = 1, .payload_bytes = 16}},
    {"1000 sessions, 16 B, depth 1", {.sessions = 1'000, .depth = 1, .payload_bytes = 16}},
    {"100 sessions, 16 B, depth 16", {.sessions = 100, .depth = 16, .payload_bytes = 16}},
    {"100 sessions, 1 KiB, depth 16", {.sessions = 100, .depth = 16, .payload_bytes = 1'024}},
    {"100 sessions, 16 KiB, depth 16", {.sessions = 100, .depth = 16, .payload_bytes = 16 * 1'024}},
};

Result<void> echo(const Servers& servers, const Settings& settings, const Case& asked) {
  auto ours = Load::open({.port = servers.ours->port()}, asked.traffic);
  if (!ours) return Error{ours.error()};
  auto theirs = Load::open({.port = servers.theirs->port()}, asked.traffic);
  if (!theirs) return Error{theirs.error()};
  const auto load_of = [&](const Child& server) -> Load& {
    return &server == servers.ours.get() ? **ours : **theirs;
  };
  for (Load* load : {ours->get(), theirs->get()})
    if (auto warm = load->run({messages_per_turn, warm_up}); !warm) return Error{warm.error()};
  const auto outcome = duel(servers, settings, [&](Child& server) -> Result<Turn> {
    const auto work = load_of(server).run({messages_per_turn, settings.turn});
    if (!work) return Error{work.error()};
    return Turn{static_cast<double>(work->messages), work->seconds};
  });
  if (!outcome) return Error{outcome.error()};
  print_row(asked.name, *outcome);
  return {};
}

// A server whose members hear what is published, and the clock of its only loop's thread.
class Hall {
 public:
  struct Member {
    Hall& hall;
    void on_open(Session& session) {
      session.join("all");
      clockid_t clock{};
      pthread_getcpuclockid(pthread_self(), &clock);
      hall.clock_ = clock;
    }
    void on_message(Session&, Message) {}
  };

  explicit Hall(Io io) : server_({.threads = 1, .io = io, .log = [](LogLevel, auto) {}}) {
    server_.websocket<Member>("/", std::ref(*this));
    server_.listen("127.0.0.1:0");
  }
  Result<void> open() {
    if (auto started = server_.start(); !started) return started;
    const std::string address = server_.addresses().front();
    const int port = std::stoi(address.substr(address.rfind(':') + 1));
    auto listeners = Listeners::open(static_cast<std::uint16_t>(port), "/", members);
    if (!listeners) return Error{listeners.error()};
    listeners_ = *std::move(listeners);
    return {};
  }
  /// Publishes so often, each time heard by everybody; CPU microseconds per delivery.
  Result<double> publish(const std::string& text, int times) {
    const std::size_t frame = text.size() + (text.size() < 126 ? 2 : 4);
    const double before = cpu_us();
    for (int i = 0; i < times; ++i) {
      server_.sender().publish("all", text);
      if (auto heard = listeners_->hear(members * frame); !heard) return Error{heard.error()};
    }
    return (cpu_us() - before) / times / static_cast<double>(members);
  }

 private:
  [[nodiscard]] double cpu_us() const {
    timespec time{};
    clock_gettime(clock_, &time);
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) * 1e-3;
  }

  std::atomic<clockid_t> clock_{};
  Server server_;
  std::unique_ptr<Listeners> listeners_;
};

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

Result<void> fan_out(Hall& ring, Hall& epoll, std::size_t bytes, int rounds) {
  constexpr int times = 20;
  const std::string text(bytes, 'x');
  std::vector<double> ours, theirs, ratios;
  for (int round = -1; round < rounds; ++round) {
    const bool ring_first = round % 2 == 0;
    auto first = (ring_first ? ring : epoll).publish(text, times);
    auto second = (ring_first ? epoll : ring).publish(text, times);
    for (const auto* each : {&first, &second})
      if (!*each) return Error{each->error()};
    if (round < 0) continue;  // to warm up
    ours.push_back(ring_first ? *first : *second);
    theirs.push_back(ring_first ? *second : *first);
    ratios.push_back(ours.back() / theirs.back());
  }
  const auto [lowest, highest] = std::ranges::minmax(ratios);
  fmt::print("| {} B | {:.2f} | {:.2f} | **{:.2f}** ({:.2f}-{:.2f}) |\n", bytes, median(ours),
             median(theirs), median(ratios), lowest, highest);
  std::fflush(stdout);
  return {};
}

}  // namespace

int main(int count, char** words) {
  const Settings settings = settings_from(count, words);
  const auto servers =
      start_on_one_core(orrery_with({"server.io=io_uring"}), orrery_with({"server.io=epoll"}));
  if (!servers) return give_up(servers.error());
  fmt::print("Binary messages, {} rounds of {} ms.\n\n", settings.rounds, settings.turn.count());
  print_head("echo", "message", "io_uring", "epoll");
  for (const Case& each : echoes)
    if (auto done = echo(*servers, settings, each); !done) return give_up(done.error());

  Hall ring(Io::io_uring), epoll(Io::epoll);
  for (Hall* const hall : {&ring, &epoll})
    if (auto open = hall->open(); !open) return give_up(open.error());
  fmt::print("\n| published to {} members | io_uring: CPU us per delivery | epoll: the same ",
             members);
  fmt::print("| CPU io_uring / epoll: median of pairs (range) |\n|---|--:|--:|--:|\n");
  for (const std::size_t bytes : {64, 1'024, 16 * 1'024})
    if (auto done = fan_out(ring, epoll, bytes, settings.rounds); !done)
      return give_up(done.error());
  return 0;
}
