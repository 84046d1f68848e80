// A Story is one simulated life of a server, told by a seed: who connects, says, closes, fails,
// stalls and vanishes, which loop turns next, when a worker has worked, how it all ends.
//
// Owner   whoever tells it.
// Thread  one.
// Limit   a few hundred steps.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dice.h"
#include "stage.h"

namespace orrery::simulation {

struct Outcome {
  std::vector<std::string> faults;
  std::size_t digest;    // equal for equal transcripts
  std::size_t sessions;  // that were opened
};

/// Tells the story of one seed; with Lines::shown it is printed.
[[nodiscard]] Outcome tell_story(std::uint64_t seed, Transcript::Lines lines);
/// How to see it again.
[[nodiscard]] std::string replay_command(std::uint64_t seed);

}  // namespace orrery::simulation
