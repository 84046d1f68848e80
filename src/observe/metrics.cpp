#include "observe/metrics.h"

#include <fmt/format.h>
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <limits>

namespace orrery::observe {

namespace metrics {

using enum MetricType;

const Metric ready{"orrery_ready", gauge, "",
                   "1 while the node takes newcomers; /readyz says the same."};
const Metric draining{"orrery_draining", gauge, "", "1 once the node says goodbye to its clients."};
const Metric connections{"orrery_connections", gauge, "loop",
                         "Open connections, sessions and plain HTTP alike."};
const Metric connections_accepted{"orrery_connections_accepted_total", counter, "loop",
                                  "Connections that were accepted."};
const Metric connections_refused{"orrery_connections_refused_total", counter, "cause",
                                 "Connections that were closed where server.proxyProtocol is on: "
                                 "not from trustedProxies, or without a PROXY header in time."};
const Metric accepting_paused{"orrery_accepting_paused", gauge, "",
                              "1 while newcomers wait in the kernel for room; the log says why."};
const Metric accept_pauses{
    "orrery_accept_pauses_total", counter, "cause",
    "Times that a listener began to let newcomers wait: no descriptors or memory left, as many "
    "connections as fit, or too many strangers: connections without a session."};
const Metric sessions{"orrery_sessions", gauge, "gear, pool", "Open WebSocket sessions."};
const Metric sessions_opened{"orrery_sessions_opened_total", counter, "gear, pool",
                             "Handshakes that were answered with 101."};
const Metric sessions_closed{"orrery_sessions_closed_total", counter, "gear, cause",
                             "Sessions that ended, by the cause that log and on_close name, too."};
const Metric handshakes_refused{"orrery_handshakes_refused_total", counter, "status",
                                "Requests for an upgrade that got no 101, by HTTP status."};
const Metric messages{
    "orrery_messages_total", counter, "gear, pool, direction",
    "Messages from (in) and to (out) clients; a published one counts at each member. Those of one "
    "read are counted at its end."};
const Metric bytes{"orrery_bytes_total", counter, "gear, pool, direction",
                   "Payload of these messages in bytes, before compression."};
const Metric dropped{"orrery_dropped_total", counter, "cause",
                     "Messages that were lost, by the cause that on_dropped names, too."};
const Metric callbacks{"orrery_callback_seconds", histogram, "gear, pool",
                       "How long callbacks of sessions took; one in 64 is timed."};
const Metric pool_sessions{
    "orrery_pool_sessions", gauge, "pool",
    "Places that are taken in the executor pool: sessions, and handshakes under way."};
const Metric pool_limit{"orrery_pool_limit", gauge, "pool", "Its maxConnections."};
const Metric pool_rejected{"orrery_pool_rejected_total", counter, "pool",
                           "Newcomers that found it full, out of memory or closed."};
const Metric pool_memory{"orrery_memory_bytes", gauge, "pool",
                         "Memory that its sessions hold, borrowed in steps; see maxMemory."};
const Metric pool_memory_limit{"orrery_memory_limit_bytes", gauge, "pool", "Its maxMemory."};
const Metric pool_jobs{"orrery_pool_jobs_queued", gauge, "pool",
                       "Callbacks that wait for one of its worker threads."};
const Metric published_under_way{"orrery_published_bytes_under_way", gauge, "loop",
                                 "Published payloads that the loop has not handed out yet."};
const Metric tls_not_after{"orrery_tls_not_after_seconds", gauge, "certificate",
                           "When the certificate expires, in seconds since 1970."};

}  // namespace metrics

std::span<const Metric* const> all_metrics() {
  using namespace metrics;
  static constexpr const Metric* all[] = {&ready,
                                          &draining,
                                          &connections,
                                          &connections_accepted,
                                          &connections_refused,
                                          &accepting_paused,
                                          &accept_pauses,
                                          &sessions,
                                          &sessions_opened,
                                          &sessions_closed,
                                          &handshakes_refused,
                                          &messages,
                                          &bytes,
                                          &dropped,
                                          &callbacks,
                                          &pool_sessions,
                                          &pool_limit,
                                          &pool_rejected,
                                          &pool_memory,
                                          &pool_memory_limit,
                                          &pool_jobs,
                                          &published_under_way,
                                          &tls_not_after};
  return all;
}

std::string metrics_page() {
  constexpr std::string_view names[] = {"counter", "gauge", "histogram"};
  std::string page =
      "# Metrics\n\n"
      "The admin listener answers `GET /metrics` in Prometheus' text format; `Server::metrics()` "
      "returns\n"
      "the same text to a program of your own. This page is made from the list in "
      "`src/observe/metrics.cpp`.\n\n"
      "Counters are there from the start, as 0, so that `rate()` sees the first event: of each "
      "gear "
      "with its\n"
      "own pool and all causes, and of the statuses that the server itself refuses with. Of a "
      "tenant's pool\n"
      "they begin with its first session, of other statuses with the first refusal.\n\n"
      "| metric | type | labels | what it says |\n|---|---|---|---|\n";
  for (const Metric* metric : all_metrics())
    page +=
        fmt::format("| `{}` | {} | {} | {} |\n", metric->name,
                    names[static_cast<std::size_t>(metric->type)], metric->labels, metric->help);
  return page;
}

void MetricValues::add(const Metric& metric, Labels labels, double value) {
  values_[{&metric, std::move(labels)}].number += value;
}

void MetricValues::add(const Metric& metric, Labels labels, const Durations& durations) {
  Value& value = values_[{&metric, std::move(labels)}];
  value.counts.resize(Durations::bounds.size() + 1);
  for (std::size_t i = 0; i < value.counts.size(); ++i) value.counts[i] += durations.count(i);
  value.number += static_cast<double>(durations.nanoseconds()) * 1e-9;
}

namespace {

prometheus::MetricType type_of(const Metric& metric) {
  switch (metric.type) {
    case MetricType::counter: return prometheus::MetricType::Counter;
    case MetricType::gauge: return prometheus::MetricType::Gauge;
    case MetricType::histogram: break;
  }
  return prometheus::MetricType::Histogram;
}

// Bounds are cumulative there: each bucket counts all that are not longer.
prometheus::ClientMetric::Histogram histogram_of(const std::vector<std::uint64_t>& counts,
                                                 double seconds) {
  prometheus::ClientMetric::Histogram histogram;
  std::uint64_t so_far = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    so_far += counts[i];
    const double bound = i < Durations::bounds.size()
                             ? std::chrono::duration<double>(Durations::bounds[i]).count()
                             : std::numeric_limits<double>::infinity();
    histogram.bucket.push_back({so_far, bound});
  }
  histogram.sample_count = so_far;
  histogram.sample_sum = seconds;
  return histogram;
}

}  // namespace

std::string MetricValues::text() const {
  std::vector<prometheus::MetricFamily> families;
  for (const Metric* metric : all_metrics()) {
    prometheus::MetricFamily family{
        std::string(metric->name), std::string(metric->help), type_of(*metric), {}};
    const auto first = values_.lower_bound({metric, Labels{}});
    for (auto at = first; at != values_.end() && at->first.first == metric; ++at) {
      prometheus::ClientMetric& line = family.metric.emplace_back();
      for (const auto& [name, value] : at->first.second) line.label.push_back({name, value});
      if (metric->type == MetricType::histogram)
        line.histogram = histogram_of(at->second.counts, at->second.number);
      else if (metric->type == MetricType::counter)
        line.counter.value = at->second.number;
      else
        line.gauge.value = at->second.number;
    }
    if (!family.metric.empty()) families.push_back(std::move(family));
  }
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace orrery::observe
