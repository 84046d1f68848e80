#include "benchmarks/rig/duel.h"

#include <fmt/format.h>
#include <sched.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <vector>

namespace orrery::benchmarks {
namespace {

std::filesystem::path folder_of_this_program() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path();
}

std::vector<int> usable_cores() {
  cpu_set_t usable;
  CPU_ZERO(&usable);
  ::sched_getaffinity(0, sizeof usable, &usable);
  std::vector<int> cores;
  for (int core = 0; core < CPU_SETSIZE; ++core)
    if (CPU_ISSET(static_cast<std::size_t>(core), &usable)) cores.push_back(core);
  return cores;
}

void stay_on(int core) {
  cpu_set_t only;
  CPU_ZERO(&only);
  CPU_SET(static_cast<std::size_t>(core), &only);
  ::sched_setaffinity(0, sizeof only, &only);
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

struct Scores {
  std::vector<double> cpu_us;
  std::vector<double> per_second;

  [[nodiscard]] Cost median_cost() const { return {median(cpu_us), median(per_second)}; }
};

Result<void> take_turn(Child& server, const Play& play, Scores& scores) {
  const auto before = server.cpu_time_at_rest();
  const auto turn = play(server);
  if (!turn) return Error{turn.error()};
  const std::chrono::duration<double, std::micro> spent = server.cpu_time_at_rest() - before;
  scores.cpu_us.push_back(spent.count() / turn->things);
  scores.per_second.push_back(turn->things / turn->seconds);
  return {};
}

}  // namespace

Settings settings_from(int count, char** words) {
  Settings settings;
  int turn_ms = static_cast<int>(settings.turn.count());
  CLI::App app("Measures, prints a table, and ends by itself.");
  app.add_option("--rounds", settings.rounds, "turns of each server per row")
      ->check(CLI::Range(1, 1000));
  app.add_option("--turn-ms", turn_ms, "how long a turn lasts")->check(CLI::Range(10, 60'000));
  try {
    app.parse(count, words);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error));
  }
  settings.turn = std::chrono::milliseconds(turn_ms);
  return settings;
}

std::string orrery_program() {
  const char* chosen = std::getenv("ORRERY_BINARY");
  return chosen != nullptr ? chosen : folder_of_this_program().parent_path() / "orrery";
}

std::string peer(const std::string& name) {
  return folder_of_this_program() / "peers" / name;
}

Command orrery_with(const std::vector<std::string>& settings) {
  Command command{.words = {orrery_program(), "serve", "--set", "server.port=0", "--set",
                            "server.address=127.0.0.1", "--set", "server.threads=1", "--set",
                            "admin.port=0", "--set", "log.level=error"}};
  for (const auto& setting : settings) {
    command.words.emplace_back("--set");
    command.words.push_back(setting);
  }
  return command;
}

Result<Servers> start_on_one_core() {
  return start_on_one_core(orrery_with(), {.words = {peer("beast_echo")}});
}

Result<Servers> start_on_one_core(Command ours, Command theirs) {
  const std::vector<int> cores = usable_cores();
  ours.core = theirs.core = cores.front();
  auto first = Child::start(ours);
  if (!first) return Error{first.error()};
  auto second = Child::start(theirs);
  if (!second) return Error{second.error()};
  stay_on(cores.size() > 1 ? cores[1] : cores[0]);
  fmt::print("The servers run on core {}, their client on core {}{}.\n\n", cores.front(),
             cores.size() > 1 ? cores[1] : cores[0],
             cores.size() > 1 ? "" : " too, because there is no other: expect little");
  return Servers{std::move(*first), std::move(*second)};
}

Result<Outcome> duel(const Servers& servers, const Settings& settings, const Play& play) {
  Scores ours;
  Scores theirs;
  std::vector<double> ratios;
  for (int round = 0; round < settings.rounds; ++round) {
    for (const bool our_turn : {round % 2 == 0, round % 2 == 1})
      if (auto taken = our_turn ? take_turn(*servers.ours, play, ours)
                                : take_turn(*servers.theirs, play, theirs);
          !taken)
        return Error{fmt::format("{}: {}", our_turn ? "ours" : "theirs", taken.error())};
    ratios.push_back(ours.cpu_us.back() / theirs.cpu_us.back());
  }
  const auto [lowest, highest] = std::minmax_element(ratios.begin(), ratios.end());
  return Outcome{ours.median_cost(), theirs.median_cost(), median(ratios), *lowest, *highest};
}

void print_head(const std::string& cases, const std::string& what, const std::string& ours,
                const std::string& theirs) {
  fmt::print("| {} | {}: CPU us per {} | {}s per second | {}: CPU us per {} | {}s per second ",
             cases, ours, what, what, theirs, what, what);
  fmt::print("| CPU {} / {}: median of pairs (range) |\n|---|--:|--:|--:|--:|--:|\n", ours, theirs);
}

void print_row(const std::string& name, const Outcome& outcome) {
  fmt::print("| {} | {:.2f} | {:.0f} | {:.2f} | {:.0f} | **{:.2f}** ({:.2f}-{:.2f}) |\n", name,
             outcome.ours.cpu_us, outcome.ours.per_second, outcome.theirs.cpu_us,
             outcome.theirs.per_second, outcome.ratio, outcome.lowest_ratio, outcome.highest_ratio);
  std::fflush(stdout);
}

int give_up(const std::string& error) {
  fmt::print(stderr, "{}\n", error);
  return 1;
}

}  // namespace orrery::benchmarks
