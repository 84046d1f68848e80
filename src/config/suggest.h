// The nearest known name, for "did you mean".
//
// Thread  none: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/key.h"

namespace orrery::config {

/// Letters to insert, remove, change or swap to get from one to the other; case does not count.
std::size_t edits_between(std::string_view one, std::string_view other);

/// The candidate that needs the fewest edits, unless it has hardly anything in common.
std::optional<std::string> nearest(std::string_view name,
                                   const std::vector<std::string>& candidates);

bool same_without_case(std::string_view one, std::string_view other);

/// The key that somebody means with `word`, which is its path or its last name, whatever stands
/// between the words of it: "port", "server-port", "SERVER_PORT" for server.port.
std::optional<std::string> key_meant_by(std::string_view word);

/// The names of keys, or the paths of all keys below them; second names are left out.
std::vector<std::string> names_of(const Keys& keys);
std::vector<std::string> paths_of(const Keys& keys, const std::string& prefix = "");

}  // namespace orrery::config
