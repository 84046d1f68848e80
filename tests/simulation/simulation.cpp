// `./dev sim`: tells stories by their seeds.
#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <optional>

#include "idle.h"
#include "story.h"

namespace {

using namespace orrery::simulation;

int show_idle(std::size_t sessions, int minutes) {
  const IdleReport report = idle(sessions, std::chrono::minutes{minutes});
  fmt::print("{} idle sessions for {} virtual minutes: {} open at the end, {} pings answered\n",
             sessions, minutes, report.sessions, report.pings);
  fmt::print("real time: {:.1f} s to open them, {:.1f} s for the rest\n", report.opening_seconds,
             report.hour_seconds);
  fmt::print("memory: {} bytes each, its client's end of the connection included\n",
             report.bytes_per_session);
  return report.sessions == sessions ? 0 : 1;
}

enum class After : std::uint8_t { go_on, stop };

/// Tells the stories of many seeds; whatever ends this program, the last line names the seed.
int tell_all(std::uint64_t first, std::uint64_t seeds, bool announce, After a_fault) {
  std::size_t failed = 0, sessions = 0;
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    if (announce) fmt::print("seed {}\n", seed);
    const Outcome outcome = tell_story(seed, Transcript::Lines::counted);
    sessions += outcome.sessions;
    if (outcome.faults.empty()) continue;
    ++failed;
    fmt::print("seed {}:\n", seed);
    for (const std::string& fault : outcome.faults) fmt::print("  {}\n", fault);
    fmt::print("  replay: {}\n", replay_command(seed));
    if (a_fault == After::stop) break;
  }
  fmt::print("{} seeds, {} sessions: {} failed\n", seeds, sessions, failed);
  return failed == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("The real server on virtual time, in memory, with everything going wrong");
  std::optional<std::uint64_t> seed;
  std::uint64_t first = 1, seeds = 200;
  app.add_option("--seed", seed, "replay this one, and show what happens");
  app.add_option("--seeds", seeds, "how many to try");
  app.add_option("--from", first, "the first of them");
  bool announce = false, stop_at_first = false;
  app.add_flag("--announce", announce, "say each seed before its story is told");
  app.add_flag("--stop-at-first", stop_at_first, "tell no more after one that fails");
  std::size_t idle_sessions = 0;
  int minutes = 60;
  app.add_option("--idle", idle_sessions, "instead: so many sessions that do nothing");
  app.add_option("--minutes", minutes, "for how long, on virtual time");
  CLI11_PARSE(app, argc, argv);
  std::setvbuf(stdout, nullptr, _IOLBF, 0);  // whatever ends it, what it has said stands there
  if (idle_sessions > 0) return show_idle(idle_sessions, minutes);
  if (seed) {
    const Outcome outcome = tell_story(*seed, Transcript::Lines::shown);
    fmt::print("seed {}: {} sessions, {} faults\n", *seed, outcome.sessions, outcome.faults.size());
    return outcome.faults.empty() ? 0 : 1;
  }
  return tell_all(first, seeds, announce, stop_at_first ? After::stop : After::go_on);
}
