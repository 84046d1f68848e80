// The Node is what all loops of one server share: options, routes, and what main() handed in.
//
// Owner   the engine.
// Thread  read by all loops; what changes is atomic.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "observe/log.h"
#include "orrery/server.h"
#include "server/jobs.h"
#include "server/route_table.h"

namespace orrery::server {

class LoopServer;

/// The world outside, handed in. All of it outlives the engine.
struct Environment {
  const Clock& clock;
  observe::Log& log;
  Jobs& jobs;
};

struct Node {
  ServerOptions options;
  Environment environment;
  std::unique_ptr<RouteTable> routes{};
  std::vector<std::unique_ptr<LoopServer>> loops{};
  std::atomic<bool> stopping{false};
};

}  // namespace orrery::server
