// A FramePool keeps the memory of coroutine frames that have ended for those that begin.
//
// Owner   one loop.
// Thread  its loop's.
// Limit   frames up to `largest_bytes`, `kept_per_size` of each size; others go to the heap.
// Why     a coroutine handler then allocates nothing per message.
#pragma once

#include <array>
#include <cstddef>
#include <vector>

namespace orrery::actor {

class FramePool {
 public:
  static constexpr std::size_t step_bytes = 64;
  static constexpr std::size_t largest_bytes = 4096;
  static constexpr std::size_t kept_per_size = 256;

  FramePool() = default;
  FramePool(const FramePool&) = delete;
  FramePool& operator=(const FramePool&) = delete;
  ~FramePool();

  [[nodiscard]] void* take(std::size_t bytes);
  void keep(void* memory, std::size_t bytes) noexcept;

 private:
  static constexpr std::size_t sizes = largest_bytes / step_bytes;
  [[nodiscard]] static std::size_t size_of(std::size_t bytes) {
    return (bytes + step_bytes - 1) / step_bytes - 1;
  }

  std::array<std::vector<void*>, sizes> free_;
};

}  // namespace orrery::actor
