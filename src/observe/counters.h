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
#include <string_view>

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
  void add(std::uint64_t more_messages, std::uint64_t more_bytes) {
    messages.add(more_messages);
    bytes.add(more_bytes);
  }

  Counter messages;
  Counter bytes;
};

/// Why a connection was closed before it was anybody's (see docs/metrics.md).
enum class Unwelcome : std::uint8_t { untrusted_proxy, bad_proxy_header, late_proxy_header };
inline constexpr std::array<std::string_view, 3> unwelcome_names = {
    "untrusted_proxy", "bad_proxy_header", "late_proxy_header"};

/// Why newcomers wait in the kernel (see docs/metrics.md).
enum class AcceptPause : std::uint8_t { descriptors, connections, strangers };
inline constexpr std::array<std::string_view, 3> accept_pause_names = {"descriptors", "connections",
                                                                       "strangers"};

struct alignas(64) LoopCounters {
  Counter connections_accepted;
  std::array<Counter, accept_pause_names.size()> accept_pauses;
  std::array<Counter, unwelcome_names.size()> connections_refused;
  CountersByCause dropped;
  std::array<Counter, 600> handshakes_refused;  // by HTTP status
};

}  // namespace orrery::observe
