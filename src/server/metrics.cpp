#include "server/metrics.h"

#include <algorithm>
#include <array>

#include "server/loop_server.h"

namespace orrery::server {
namespace {

namespace metrics = observe::metrics;
using observe::Counter;
using observe::MetricValues;

double number(const Counter& counter) {
  return static_cast<double>(counter.count());
}

void add_gear(const observe::GearCounters& counters, MetricValues& values) {
  const MetricValues::Labels gear_and_pool{{"gear", counters.gear}, {"pool", counters.pool}};
  double closed = 0;
  for (std::size_t i = 0; i < counters.sessions_closed.size(); ++i) {
    const double ended = number(counters.sessions_closed[i]);
    if (ended == 0) continue;
    closed += ended;
    const std::string cause(name_of(static_cast<CloseCause::Kind>(i)));
    values.add(metrics::sessions_closed, {{"gear", counters.gear}, {"cause", cause}}, ended);
  }
  const double opened = number(counters.sessions_opened);
  values.add(metrics::sessions, gear_and_pool, std::max(opened - closed, 0.0));
  values.add(metrics::sessions_opened, gear_and_pool, opened);
  const auto traffic = [&](const observe::Traffic& of, std::string direction) {
    auto labels = gear_and_pool;
    labels.emplace_back("direction", std::move(direction));
    values.add(metrics::messages, labels, number(of.messages));
    values.add(metrics::bytes, labels, number(of.bytes));
  };
  traffic(counters.in, "in");
  traffic(counters.out, "out");
  values.add(metrics::callbacks, gear_and_pool, counters.callbacks);
}

// What has not happened yet is 0, so that rates are known from the first event on. Of tenants only
// the pools that a gear has used are known here.
void add_gear_from_the_start(const std::string& gear, MetricValues& values) {
  static_assert(close_causes <= observe::most_causes);
  for (std::size_t cause = 0; cause < close_causes; ++cause)
    values.add(
        metrics::sessions_closed,
        {{"gear", gear}, {"cause", std::string(name_of(static_cast<CloseCause::Kind>(cause)))}}, 0);
  add_gear(observe::GearCounters(gear, "gear:" + gear), values);
}

// Those that the server gives of its own; an admission may give any other.
constexpr std::array refusals = {400, 403, 404, 405, 426, 500, 503};

void add_dropped(DropCause cause, std::uint64_t messages, MetricValues& values) {
  values.add(metrics::dropped, {{"cause", std::string(name_of(cause))}},
             static_cast<double>(messages));
}

void add_loop(LoopServer& loop, const registry::Registry& registry, MetricValues& values) {
  const std::size_t index = loop.loop().index();
  const MetricValues::Labels label{{"loop", std::to_string(index)}};
  const observe::LoopCounters& counters = loop.counters();
  values.add(metrics::connections, label, static_cast<double>(loop.load()));
  values.add(metrics::connections_accepted, label, number(counters.connections_accepted));
  for (std::size_t cause = 0; cause < observe::unwelcome_names.size(); ++cause)
    values.add(metrics::connections_refused,
               {{"cause", std::string(observe::unwelcome_names[cause])}},
               number(counters.connections_refused[cause]));
  for (std::size_t cause = 0; cause < observe::accept_pause_names.size(); ++cause)
    values.add(metrics::accept_pauses, {{"cause", std::string(observe::accept_pause_names[cause])}},
               number(counters.accept_pauses[cause]));
  values.add(metrics::published_under_way, label,
             static_cast<double>(registry.bytes_under_way(index)));
  for (std::size_t status = 0; status < counters.handshakes_refused.size(); ++status)
    if (const double refused = number(counters.handshakes_refused[status]); refused > 0)
      values.add(metrics::handshakes_refused, {{"status", std::to_string(status)}}, refused);
  for (std::size_t cause = 0; cause < drop_causes; ++cause)
    add_dropped(static_cast<DropCause>(cause), counters.dropped[cause].count(), values);
  loop.gear_counters().for_each([&](const observe::GearCounters& gear) { add_gear(gear, values); });
}

void add_pool(pools::Pool& pool, MetricValues& values) {
  const MetricValues::Labels label{{"pool", pool.name()}};
  const auto add = [&](const observe::Metric& metric, auto value) {
    values.add(metric, label, static_cast<double>(value));
  };
  add(metrics::pool_sessions, pool.sessions());
  add(metrics::pool_limit, pool.session_limit());
  add(metrics::pool_rejected, pool.rejected());
  add(metrics::pool_memory, pool.ledger()->lent_bytes());
  add(metrics::pool_memory_limit, pool.ledger()->limit_bytes());
  add(metrics::pool_jobs, pool.workers().queued());
}

}  // namespace

void add_metrics(const Node& node, MetricValues& values) {
  values.add(metrics::ready, {}, node.ready ? 1 : 0);
  values.add(metrics::draining, {}, node.draining ? 1 : 0);
  values.add(metrics::accepting_paused, {}, node.pausing > 0 ? 1 : 0);
  for (const int status : refusals)
    values.add(metrics::handshakes_refused, {{"status", std::to_string(status)}}, 0);
  if (!node.rules.empty())
    for (const auto& gear : node.rules.back()->routes->gears())
      add_gear_from_the_start(gear, values);
  for (const auto& loop : node.loops) add_loop(*loop, *node.registry, values);
  add_dropped(DropCause::loop_full, node.registry->lost_to_full_loops(), values);
  for (pools::Pool* pool : node.pools.all()) add_pool(*pool, values);
}

ServerStatus status_of(const Node& node) {
  ServerStatus status{.ready = node.ready,
                      .draining = node.draining,
                      .loops = node.loops.size(),
                      .accepting_paused = node.pausing > 0};
  for (const auto& loop : node.loops) status.sessions += loop->sessions();
  for (const pools::Pool* pool : node.pools.all())
    status.pools.push_back({pool->name(), pool->sessions(), pool->session_limit(),
                            pool->ledger()->lent_bytes(), pool->ledger()->limit_bytes()});
  return status;
}

}  // namespace orrery::server
