// What does an echo cost the server, and what Boost.Beast's?
//
// Both are processes of their own on one core, with one loop each; the load is on another core.
#include <fmt/format.h>

#include "benchmarks/rig/duel.h"
#include "benchmarks/rig/load.h"

namespace {

using namespace orrery;
using namespace orrery::benchmarks;

constexpr std::uint64_t messages_per_turn = 5'000'000;  // never reached in the usual time
constexpr auto warm_up = std::chrono::milliseconds(50);

struct Case {
  const char* name;
  Traffic traffic;
};
constexpr Case cases[] = {
    {"16 B, depth 1", {.sessions = 100, .depth = 1, .payload_bytes = 16}},
    {"1 KiB, depth 1", {.sessions = 100, .depth = 1, .payload_bytes = 1024}},
    {"64 KiB, depth 1", {.sessions = 100, .depth = 1, .payload_bytes = 64 * 1024}},
    {"16 B, depth 16", {.sessions = 100, .depth = 16, .payload_bytes = 16}},
    {"1 KiB, depth 16", {.sessions = 100, .depth = 16, .payload_bytes = 1024}},
    {"64 KiB, depth 16", {.sessions = 100, .depth = 16, .payload_bytes = 64 * 1024}},
};

}  // namespace

int main(int count, char** words) {
  const Settings settings = settings_from(count, words);
  const auto servers = start_on_one_core();
  if (!servers) return give_up(servers.error());
  fmt::print("100 sessions, binary messages, {} rounds of {} ms.\n\n", settings.rounds,
             settings.turn.count());
  print_head("echo", "message");
  for (const auto& [name, traffic] : cases) {
    auto ours = Load::open({.port = servers->ours->port()}, traffic);
    if (!ours) return give_up(ours.error());
    auto theirs = Load::open({.port = servers->theirs->port()}, traffic);
    if (!theirs) return give_up(theirs.error());
    const auto load_of = [&](const Child& server) -> Load& {
      return &server == servers->ours.get() ? **ours : **theirs;
    };
    for (Load* load : {ours->get(), theirs->get()})
      if (auto warm = load->run({messages_per_turn, warm_up}); !warm) return give_up(warm.error());
    const auto outcome = duel(*servers, settings, [&](Child& server) -> Result<Turn> {
      const auto work = load_of(server).run({messages_per_turn, settings.turn});
      if (!work) return Error{work.error()};
      return Turn{static_cast<double>(work->messages), work->seconds};
    });
    if (!outcome) return give_up(outcome.error());
    print_row(name, *outcome);
  }
  return 0;
}
