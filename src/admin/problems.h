// What an operator should look at now, in sentences: /api/status tells them, the dashboard and
// `orrery status` show them.
//
// Thread  none: a pure function.
// Limit   four of a kind; one more says how many are left out.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "orrery/orrery.h"

namespace orrery::admin {

struct Problem {
  enum class Level : std::uint8_t { warning, error };

  std::string key;  // stays the same while it lasts, whatever the numbers in its sentence
  Level level = Level::warning;
  std::string text;
};

/// The worst first; none where all is well.
[[nodiscard]] std::vector<Problem> problems_of(const ServerStatus& status,
                                               std::chrono::system_clock::time_point now);

}  // namespace orrery::admin
