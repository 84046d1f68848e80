// The Node is what all loops of one server share: options, routes, pools, the registry, and what
// main() handed in.
//
// Owner   the engine.
// Thread  read by all loops; what changes is atomic, or says so itself.
// Limit   rules stay until the end, for the sessions that live by them: one set per reload.
#pragma once

#include <algorithm>
#include <atomic>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "net/networks.h"
#include "observe/log.h"
#include "orrery/orrery.h"
#include "pools/address_counts.h"
#include "pools/pool_table.h"
#include "registry/registry.h"
#include "server/jobs.h"
#include "server/route_table.h"

namespace orrery::server {

class LoopServer;

/// The world outside, handed in. All of it outlives the engine.
struct Environment {
  const Clock& clock;
  observe::Log& log;
  Jobs& jobs;
  Random& random;  // for any thread
  pools::WorkersFactory make_workers;
};

/// What newcomers are served by. A reload makes new rules; connections that began under older ones
/// keep them.
struct Rules {
  std::unique_ptr<RouteTable> routes;
  net::Networks trusted;  // proxies
  HttpLimits http_limits;
};

struct Node {
  Node(ServerOptions with, Environment in);

  [[nodiscard]] Sender sender(const pools::Pool& pool) const {
    return Sender(registry, registry->scope(pool.name()));
  }

  /// Open connections on all loops.
  [[nodiscard]] std::size_t connections() const;
  /// Connections without a session that one loop may have: together a tenth of what fits.
  [[nodiscard]] std::size_t strangers_per_loop() const {
    const std::size_t all = options.connections / 10;
    return std::max<std::size_t>(all / std::max<std::size_t>(loops.size(), 1), 16);
  }

  ServerOptions options;
  Environment environment;
  pools::PoolTable pools;
  pools::AddressCounts addresses{};
  std::shared_ptr<registry::Registry> registry;
  std::vector<std::unique_ptr<const Rules>> rules{};  // newest last; under the engine's lock
  std::vector<std::unique_ptr<LoopServer>> loops{};
  std::atomic<bool> ready{false};
  std::atomic<bool> draining{false};
  std::atomic<std::size_t> loops_done{0};  // that have nobody left
  std::atomic<std::size_t> pausing{0};     // listeners that let newcomers wait
};

}  // namespace orrery::server
