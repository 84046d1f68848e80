// A duel: two servers take turns under the same load, mostly `orrery serve` and one of Boost.Beast.
//
// Thread  one.
// Limit   Settings: rounds, and the time of each turn.
// Why     paired ratios: neighbours on a shared machine disturb both turns of a round alike.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "benchmarks/rig/child.h"
#include "orrery/result.h"

namespace orrery::benchmarks {

struct Settings {
  int rounds = 5;
  std::chrono::milliseconds turn{400};
};

/// Reads --rounds and --turn-ms; says what it does not understand, and ends the program.
[[nodiscard]] Settings settings_from(int count, char** words);

/// Where the build put what is measured.
[[nodiscard]] std::string orrery_program();
[[nodiscard]] std::string peer(const std::string& name);

/// `orrery serve` on one loop, with these settings ("server.io=epoll").
[[nodiscard]] Command orrery_with(const std::vector<std::string>& settings = {});

/// Both on the first core that we may use; this thread goes to the second (the same if there is
/// one).
struct Servers {
  std::unique_ptr<Child> ours;
  std::unique_ptr<Child> theirs;
};
[[nodiscard]] Result<Servers> start_on_one_core(Command ours, Command theirs);
/// Orrery and Beast.
[[nodiscard]] Result<Servers> start_on_one_core();

/// What one turn took.
struct Turn {
  double things = 0;  // messages, handshakes
  double seconds = 0;
};
using Play = std::function<Result<Turn>(Child& server)>;

struct Cost {
  double cpu_us = 0;  // of the server, for one thing
  double per_second = 0;
};

/// Medians over all rounds. The ratio is that of CPU time in the same round, ours / theirs.
struct Outcome {
  Cost ours;
  Cost theirs;
  double ratio = 0;
  double lowest_ratio = 0;
  double highest_ratio = 0;
};
[[nodiscard]] Result<Outcome> duel(const Servers& servers, const Settings& settings,
                                   const Play& play);

/// A row of a Markdown table, and the head of all such tables: `what` is "message", say.
void print_head(const std::string& cases, const std::string& what,
                const std::string& ours = "orrery", const std::string& theirs = "Beast");
void print_row(const std::string& name, const Outcome& outcome);

/// Says the error, and returns what main() does.
int give_up(const std::string& error);

}  // namespace orrery::benchmarks
