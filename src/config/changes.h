// What is different between two configurations, and which of it a running server can take.
//
// Thread  none: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/tree.h"

namespace orrery::config {

/// The paths of keys whose values differ, in the order of the file.
[[nodiscard]] std::vector<std::string> changes(const Tree& from, const Tree& to);

/// Whether a change of this key acts on a server that runs (SIGHUP, `orrery reload`); else it needs
/// a restart.
[[nodiscard]] bool acts_at_once(std::string_view path);

}  // namespace orrery::config
