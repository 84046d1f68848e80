// What one loop has done so far. Metrics are the sum over the loops, made when somebody asks.
//
// Owner   the loop.
// Thread  written by the loop's thread only; read from any.
// Why     a store without a lock prefix and a cache line of the loop's own: counting costs nothing.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace orrery::observe {

/// A number that one thread raises and any thread reads.
class Counter {
 public:
  void add(std::uint64_t more = 1) {
    count_.store(count_.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t count() const { return count_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> count_{0};
};

/// Causes are counted by the number of their enumerator; `most_causes` bounds the enum.
inline constexpr std::size_t most_causes = 32;
using CountersByCause = std::array<Counter, most_causes>;

struct Traffic {
  Counter messages;
  Counter bytes;
};

struct alignas(64) LoopCounters {
  Counter connections_accepted;
  CountersByCause dropped;
  std::array<Counter, 600> handshakes_refused;  // by HTTP status
};

}  // namespace orrery::observe
