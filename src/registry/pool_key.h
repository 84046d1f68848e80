// A PoolKey is a name or a group as other nodes see it: both are scoped by executor pool.
//
// Owner   nobody: a plain value.
// Thread  none.
#pragma once

#include <compare>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace orrery::registry {

struct PoolKey {
  std::string pool;
  std::string name;
  friend auto operator<=>(const PoolKey&, const PoolKey&) = default;
};

/// Lets tables with string keys be asked with views.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>{}(text);
  }
};

}  // namespace orrery::registry
