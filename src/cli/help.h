// What --help prints: one screen for all commands, and a page for each.
//
// Thread  none: a pure function.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace orrery::cli {

/// The page about "serve", "config", "config check" ...; about anything else the one for all.
[[nodiscard]] std::string help_text(std::string_view about = {});

/// What has a page of its own.
[[nodiscard]] std::vector<std::string_view> help_pages();

}  // namespace orrery::cli
