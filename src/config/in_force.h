// What keys are in a configuration that was loaded, and where they were set.
//
// Thread  none: pure functions.
// Why     beside describe.h, which knows keys and no configuration.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/load.h"

namespace orrery::config {

/// "8080 (orrery.json:3:5)", or "the default" where nobody has set it. Secrets are not shown.
[[nodiscard]] std::string in_force(std::string_view path, const Loaded& loaded);
/// Whether somebody has set it.
[[nodiscard]] bool is_set(std::string_view path, const Loaded& loaded);

/// Where each secret that is not empty was set: its path and place, without a message.
[[nodiscard]] std::vector<Diagnostic> secrets_in(const Loaded& loaded);

}  // namespace orrery::config
