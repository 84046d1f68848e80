// What one thread of `bench` has counted so far, for the thread that watches.
//
// Owner   the crew, which alone adds.
// Thread  read from any.
#pragma once

#include <atomic>
#include <cstdint>

namespace orrery::cli {

/// Only one thread adds, so no locked instruction is needed.
class Count {
 public:
  void add(std::uint64_t more) {
    value_.store(value_.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
  }
  void take(std::uint64_t less) {
    value_.store(value_.load(std::memory_order_relaxed) - less, std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t now() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

struct BenchCounts {
  Count opened{};    // sessions that were opened, ever
  Count open{};      // that are open now
  Count sent{};      // messages that are due, whether or not the socket took them
  Count answered{};  // echoes, deliveries, or in mode connect whole sessions
  Count lost{};      // sessions that ended although nobody here wanted it, or were refused
};

}  // namespace orrery::cli
