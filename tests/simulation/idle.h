// Many sessions that do nothing, on virtual time: what an hour of them costs.
//
// Owner   none.
// Thread  one.
// Limit   memory: about 700 bytes for each session and its client.
#pragma once

#include <chrono>
#include <cstddef>

namespace orrery::simulation {

struct IdleReport {
  std::size_t sessions = 0;           // that are open at the end; 0 if one heard but PINGs
  std::size_t pings = 0;              // that their clients answered
  double opening_seconds = 0;         // of real time, to open them
  double hour_seconds = 0;            // of real time, for the virtual time
  std::size_t bytes_per_session = 0;  // of resident memory, its client's end included
};

/// The default limits: each session is pinged before its idle timeout of 60 s.
[[nodiscard]] IdleReport idle(std::size_t sessions, std::chrono::seconds virtual_time);

}  // namespace orrery::simulation
