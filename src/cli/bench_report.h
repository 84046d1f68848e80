// A BenchReport is what a measurement said: a table for people, JSON for programs.
//
// Owner   a plain value.
// Thread  none: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cli/bench_options.h"
#include "cli/crew.h"
#include "cli/histogram.h"

namespace orrery::cli {

/// With --pid.
struct ServerCost {
  double cpu_seconds = 0;  // while it was measured
  std::uint64_t resident_bytes = 0;
  std::int64_t bytes_per_session = 0;  // above what it had before
};

struct BenchReport {
  BenchOptions options{};
  double seconds = 0;            // that were measured
  std::uint64_t sent = 0;        // messages that were due then (connect: sessions)
  std::uint64_t answered = 0;    // that were answered then
  std::uint64_t unanswered = 0;  // of the whole run, when it ended
  std::uint64_t opened = 0;      // sessions
  double opening_seconds = 0;    // until all were
  Histogram latencies{};
  Histogram last_latencies{};  // fan-out: until the last member had it
  Endings endings{};
  Endings slow_endings{};
  Nanoseconds step{0};         // in which the messages of an open loop are due; 0: one by one
  double own_cpu_seconds = 0;  // of this program, while it was measured
  std::optional<ServerCost> server{};

  [[nodiscard]] double per_second() const { return seconds > 0 ? double(answered) / seconds : 0; }
  /// How much of its threads' time this program computed: near 1 it measures itself.
  [[nodiscard]] double own_share() const;
  /// Nothing was lost.
  [[nodiscard]] bool clean() const { return endings.empty() && unanswered == 0; }
};

/// Which limit of the server ended sessions with these words, and how to raise it for the run;
/// empty if that is not known.
[[nodiscard]] std::string_view advice_on(std::string_view why);

[[nodiscard]] std::string table_of(const BenchReport& report);
[[nodiscard]] std::string json_of(const BenchReport& report);

}  // namespace orrery::cli
