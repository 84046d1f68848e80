// What the admin listener says, in JSON.
//
// Thread  none: pure functions.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "orrery/orrery.h"

namespace orrery::admin {

/// What /api/status says of a node.
struct NodeFacts {
  std::string name;
  std::string version;
};

using Moment = std::chrono::system_clock::time_point;

/// With what an operator should look at now: problems.h.
[[nodiscard]] std::string status_json(const ServerStatus& status, const NodeFacts& facts,
                                      Moment now);
[[nodiscard]] std::string sessions_json(const SessionList& list);
[[nodiscard]] std::string closed_json(std::string_view session);

// What the dashboard's own WebSocket says: see docs/live_api.md.
[[nodiscard]] std::string state_json(const ServerStatus& status, const NodeFacts& facts,
                                     std::string_view metrics, Moment now);
[[nodiscard]] std::string tapped_json(std::string_view session);
[[nodiscard]] std::string untapped_json(std::string_view session, std::string_view why,
                                        std::uint64_t skipped = 0);
[[nodiscard]] std::string frame_json(std::string_view session, const TappedFrame& frame,
                                     Moment when);

}  // namespace orrery::admin
