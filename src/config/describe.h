// What can be said about keys, mostly without a configuration: every text comes from the keys.
//
// Thread  none: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "config/load.h"
#include "orrery/result.h"

namespace orrery::config {

/// The default configuration as a file: every key, explained in comments.
std::string defaults_text();

/// One key (or a section with all of its keys): what it means, accepts and defaults to; with a
/// configuration also what it is there, and where that was set.
Result<std::string> explain(std::string_view path, const Loaded* loaded = nullptr);

/// The variable of the environment that sets a key: "ORRERY_SERVER__PORT".
std::string variable_of(std::string_view path);

/// A JSON Schema (2020-12) of the file, for editors.
std::string schema_text();

/// docs/limits.md.
std::string limits_page();

}  // namespace orrery::config
