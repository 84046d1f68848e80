// What `orrery drain` is asked to do.
//
// Owner   a plain value.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace CLI {
class App;
}

namespace orrery::cli {

enum class DrainUntil : std::uint8_t { begun, ended };

struct DrainWish {
  DrainUntil until = DrainUntil::begun;
  std::optional<std::chrono::milliseconds> timeout{};  // none: what drain.deadline asks for
};

/// --wait and --timeout of a command.
void add_drain_options(CLI::App& command, DrainWish& wish);

}  // namespace orrery::cli
