// The pattern of a route, "/rooms/:room/files/*path", taken apart.
//
// Owner   the caller owns the text; segments are views into it.
// Thread  none: pure functions.
// Limit   Router::param_count parameters.
#pragma once

#include <string_view>
#include <vector>

#include "orrery/result.h"

namespace orrery::http {

struct PatternSegment {
  enum class Kind { fixed, param, rest };
  Kind kind = Kind::fixed;
  std::string_view text;  // the parameter's name without its mark, or the segment itself
};

/// An Error says what is wrong with it.
Result<std::vector<PatternSegment>> parse_pattern(std::string_view pattern);

/// Whether the last segment of a good pattern is `*rest`.
[[nodiscard]] bool ends_in_rest(std::string_view pattern);

}  // namespace orrery::http
