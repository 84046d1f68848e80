// Metrics: their names and meanings, all in one list, and how they are written for Prometheus.
//
// Thread  none: values.
// Why     docs/metrics.md is made from the same list, so nothing is counted that is not explained.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "observe/gear_counters.h"

namespace orrery::observe {

enum class MetricType : std::uint8_t { counter, gauge, histogram };

/// One of the list: compared by its address.
struct Metric {
  std::string_view name;
  MetricType type;
  std::string_view labels;  // "gear, pool"
  std::string_view help;    // one sentence; docs/metrics.md shows it, and so does `# HELP`
};

namespace metrics {
extern const Metric ready, draining, connections, connections_accepted, connections_refused,
    accepting_paused, accept_pauses, sessions, sessions_opened, sessions_closed, handshakes_refused,
    messages, bytes, dropped, callbacks, pool_sessions, pool_limit, pool_rejected, pool_memory,
    pool_memory_limit, pool_jobs, published_under_way, tls_not_after;
}
/// In the order in which they are documented.
[[nodiscard]] std::span<const Metric* const> all_metrics();

/// docs/metrics.md.
[[nodiscard]] std::string metrics_page();

/// What is known at one moment; values of the same metric and labels add up.
class MetricValues {
 public:
  using Labels = std::vector<std::pair<std::string, std::string>>;

  void add(const Metric& metric, Labels labels, double value);
  void add(const Metric& metric, Labels labels, const Durations& durations);

  /// In Prometheus' text format, version 0.0.4.
  [[nodiscard]] std::string text() const;

 private:
  struct Value {
    double number = 0;
    std::vector<std::uint64_t> counts{};  // of a histogram, by bucket
  };

  std::map<std::pair<const Metric*, Labels>, Value> values_{};
};

}  // namespace orrery::observe
