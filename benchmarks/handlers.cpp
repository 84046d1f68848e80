// What do a coroutine and a worker thread cost, next to a plain callback?
//
// The server is in this process on one loop, with one worker; the load is this thread. CPU time is
// that of all other threads. Turns are paired: each round asks all four, the ratio is to the plain
// callback of the same round.
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <string>
#include <vector>

#include "benchmarks/rig/duel.h"
#include "benchmarks/rig/load.h"
#include "orrery/orrery.h"

namespace {

using namespace orrery;
using namespace orrery::benchmarks;

struct Conversation {
  Task<> on_open(Session& client) {
    while (auto message = co_await client.receive()) client.send(*message);
  }
};
struct PerMessage {
  Task<> on_message(Session& client, Message message) {
    client.send(message);
    co_return;
  }
};
struct OnWorkers {
  void on_message(WorkerSession& client, Message message) { client.send(message); }
};

double seconds_of(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// Of this process, without this thread.
double servers_cpu_seconds() {
  return seconds_of(CLOCK_PROCESS_CPUTIME_ID) - seconds_of(CLOCK_THREAD_CPUTIME_ID);
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

struct Kind {
  std::string path;
  std::unique_ptr<Load> load{};
  std::vector<double> cpu_us{};
  std::vector<double> ratio{};
};

Result<void> measure(std::uint16_t port, std::size_t depth, const Settings& settings) {
  std::vector<Kind> kinds;
  for (const char* path : {"/plain", "/conversation", "/per_message", "/workers"})
    kinds.push_back({path});
  for (Kind& kind : kinds) {
    auto load = Load::open({port, kind.path}, {.sessions = 100, .depth = depth});
    if (!load) return Error{load.error()};
    kind.load = std::move(*load);
    if (auto warm = kind.load->run({1'000'000, std::chrono::milliseconds(50)}); !warm)
      return Error{warm.error()};
  }
  for (int round = 0; round < settings.rounds; ++round)
    for (Kind& kind : kinds) {
      const double before = servers_cpu_seconds();
      const auto work = kind.load->run({5'000'000, settings.turn});
      if (!work) return Error{work.error()};
      kind.cpu_us.push_back((servers_cpu_seconds() - before) * 1e6 /
                            static_cast<double>(work->messages));
      kind.ratio.push_back(kind.cpu_us.back() / kinds.front().cpu_us.back());
    }
  for (const Kind& kind : kinds)
    fmt::print("| {} | {} | {:.2f} | {:.2f} |\n", kind.path.substr(1), depth, median(kind.cpu_us),
               median(kind.ratio));
  std::fflush(stdout);
  return {};
}

}  // namespace

int main(int count, char** words) {
  const Settings settings = settings_from(count, words);
  ServerOptions options{.threads = 1, .log = [](LogLevel, std::string_view) {}};
  options.pools["gear:main"].workers = 1;
  Server server(options);
  server.websocket("/plain", [](Session& client, Message message) { client.send(message); });
  server.websocket<Conversation>("/conversation");
  server.websocket<PerMessage>("/per_message");
  server.websocket<OnWorkers>("/workers").on_workers();
  server.listen("127.0.0.1:0");
  if (auto started = server.start(); !started) return give_up(started.error());
  const std::string address = server.addresses().front();
  const auto port = static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  fmt::print("100 sessions, 16 B, {} rounds of {} ms.\n\n", settings.rounds, settings.turn.count());
  fmt::print("| handler | depth | CPU us per message | ratio to plain |\n|---|--:|--:|--:|\n");
  for (const std::size_t depth : {1, 16})
    if (auto done = measure(port, depth, settings); !done) return give_up(done.error());
  return 0;
}
