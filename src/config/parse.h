// JSON with // and /* */ comments and trailing commas, into Values that know their line and column.
//
// Thread  none: a pure function.
// Limit   32 levels deep; the caller bounds the text.
#pragma once

#include <string_view>
#include <variant>

#include "config/value.h"

namespace orrery::config {

/// Where the text stops being JSON, and why.
struct SyntaxFault {
  Place at;
  std::string message;
};

[[nodiscard]] std::variant<Value, SyntaxFault> parse(std::string_view text);

}  // namespace orrery::config
