#include "cli/drain_options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "config/units.h"

namespace orrery::cli {
namespace {

constexpr std::uint64_t longest = 86'400'000;  // a day, in milliseconds, as drain.deadline

}  // namespace

void add_drain_options(CLI::App& command, DrainWish& wish) {
  auto* wait = command.add_flag_callback("--wait", [&wish] { wish.until = DrainUntil::ended; });
  const auto read = [&wish](const std::string& text) {
    const auto time = config::number_with_unit(text, config::duration_units);
    if (!time || *time == 0 || *time > longest)
      throw CLI::ValidationError(
          "--timeout",
          fmt::format("\"{}\" is no time: give one such as 500ms, 30s or 2m, up to 1d", text));
    wish.timeout = std::chrono::milliseconds(*time);
  };
  command.add_option_function<std::string>("--timeout", read)->take_last()->needs(wait);
}

}  // namespace orrery::cli
