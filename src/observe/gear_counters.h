// What the sessions of one gear in one executor pool do on one loop, and the book of all such.
//
// Owner   the loop.
// Thread  written by the loop's thread only; read from any.
// Limit   as many as gears times pools that have met on the loop.
// Why     counting is a store to a cache line of the loop's own; the lock is for whoever adds up,
//         and for a gear that enters a pool for the first time.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "observe/counters.h"

namespace orrery::observe {

/// How long things took: how many of them up to each bound, how many longer, and the sum.
class Durations {
 public:
  static constexpr std::array bounds{
      std::chrono::microseconds{2},        std::chrono::microseconds{5},
      std::chrono::microseconds{10},       std::chrono::microseconds{25},
      std::chrono::microseconds{50},       std::chrono::microseconds{100},
      std::chrono::microseconds{500},      std::chrono::microseconds{2'500},
      std::chrono::microseconds{10'000},   std::chrono::microseconds{100'000},
      std::chrono::microseconds{1'000'000}};

  void add(std::chrono::nanoseconds took) {
    std::size_t bucket = 0;
    while (bucket < bounds.size() && took > bounds[bucket]) ++bucket;
    counts_[bucket].add();
    nanoseconds_.add(static_cast<std::uint64_t>(took.count()));
  }
  /// Of the bucket that ends at bounds[bucket]; the last one has no end.
  [[nodiscard]] std::uint64_t count(std::size_t bucket) const { return counts_[bucket].count(); }
  [[nodiscard]] std::uint64_t nanoseconds() const { return nanoseconds_.count(); }

 private:
  std::array<Counter, bounds.size() + 1> counts_;
  Counter nanoseconds_;
};

struct alignas(64) GearCounters {
  GearCounters(std::string_view of_gear, std::string_view of_pool) : gear(of_gear), pool(of_pool) {}

  const std::string gear;
  const std::string pool;
  Counter sessions_opened;
  CountersByCause sessions_closed;
  Traffic in;
  Traffic out;
  Durations callbacks;  // one in 64
};

class CountersByGear {
 public:
  /// Both are known by their numbers; null until they first meet here. The loop's thread.
  [[nodiscard]] GearCounters* find(std::size_t gear, std::size_t pool) const {
    const std::size_t at = gear * pools_ + pool;
    return pool < pools_ && at < by_number_.size() ? by_number_[at] : nullptr;
  }
  /// Named when they first meet here. The loop's thread.
  [[nodiscard, gnu::noinline]] GearCounters& of(std::size_t gear, std::string_view gear_name,
                                                std::size_t pool, std::string_view pool_name) {
    if (GearCounters* const known = find(gear, pool)) return *known;
    if (pool >= pools_) make_room_for_pools(std::max(pool + 1, 2 * pools_));
    if (gear * pools_ >= by_number_.size()) by_number_.resize((gear + 1) * pools_);
    const std::lock_guard lock(mutex_);
    all_.push_back(std::make_unique<GearCounters>(gear_name, pool_name));
    return *(by_number_[gear * pools_ + pool] = all_.back().get());
  }

  /// `visit(const GearCounters&)` for each, from any thread.
  template <typename Visit>
  void for_each(Visit&& visit) const {
    const std::lock_guard lock(mutex_);
    for (const auto& counters : all_) visit(*counters);
  }

 private:
  void make_room_for_pools(std::size_t count) {
    const std::size_t gears = pools_ == 0 ? 0 : by_number_.size() / pools_;
    std::vector<GearCounters*> wider(gears * count);
    for (std::size_t i = 0; i < by_number_.size(); ++i)
      wider[i / pools_ * count + i % pools_] = by_number_[i];
    by_number_ = std::move(wider);
    pools_ = count;
  }

  // The loop's: a row of pools_ for each gear, so that a message costs one look.
  std::vector<GearCounters*> by_number_{};
  std::size_t pools_ = 0;
  mutable std::mutex mutex_;  // guards all_
  std::vector<std::unique_ptr<GearCounters>> all_{};
};

}  // namespace orrery::observe
