// The limits of a registry, with what happens beyond each.
#pragma once

#include <chrono>
#include <cstddef>

namespace orrery::registry {

struct RegistryLimits {
  /// Loops of the node; groups that were made before the loops have room for so many.
  std::size_t loops = 1;
  /// Published payloads under way to one loop; beyond: that loop's hand-over is dropped, and
  /// counted.
  std::size_t loop_bytes = 16 << 20;
  /// What a member says of itself; longer is cut at a character.
  std::size_t metadata_bytes = 4096;
  /// Payloads of one group's history; beyond: the oldest go.
  std::size_t history_bytes = 16 << 20;
  /// For how long a claim is tried while the store can't say; then: unavailable.
  std::chrono::milliseconds claim_time{3000};
};

}  // namespace orrery::registry
