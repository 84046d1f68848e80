// Durations and sizes as people write them.
//
// Thread  none: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace orrery::config {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

/// From the largest to the smallest; a duration's number is in milliseconds.
inline constexpr Unit duration_units[] = {
    {"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}};
inline constexpr Unit size_units[] = {
    {"GiB", 1ull << 30}, {"MiB", 1ull << 20}, {"KiB", 1ull << 10}, {"GB", 1'000'000'000},
    {"MB", 1'000'000},   {"KB", 1'000},       {"kB", 1'000},       {"B", 1}};

/// "60s" is 60,000 in `duration_units`; nothing if it is not a whole number and a unit.
std::optional<std::uint64_t> number_with_unit(std::string_view text, std::span<const Unit> units);

}  // namespace orrery::config
