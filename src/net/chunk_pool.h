// A ChunkPool hands out memory for outgoing bytes, and takes it back hot: last in, first out.
//
// Owner   its Loop; a chunk belongs to whoever took it, and comes back to the pool it came from.
// Thread  its loop's.
// Limit   keeps at most `retained_bytes_limit` of free chunks; more goes back to malloc.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace orrery::net {

/// A piece of memory with its bytes right behind it.
struct Chunk {
  Chunk* next = nullptr;     // the holder's
  std::size_t capacity = 0;  // bytes behind this head
  std::size_t begin = 0;     // the holder's: the first byte still in use
  std::size_t end = 0;       // the holder's: behind the last one
  /// The holder's: bytes, a SharedBytes, or a pointer to somebody else's bytes.
  enum class Holds : std::uint8_t { bytes, shared, borrowed } holds = Holds::bytes;
  std::uint8_t kind = 0;  // the pool's

  [[nodiscard]] char* data() { return reinterpret_cast<char*>(this + 1); }
  [[nodiscard]] std::size_t size() const { return end - begin; }
  [[nodiscard]] std::size_t room() const { return capacity - end; }
};

class ChunkPool {
 public:
  /// What a long pooled chunk holds: 16 KiB of payload and its frame heads.
  static constexpr std::size_t long_bytes = 16 * 1024 + 64;
  /// What the largest pooled chunk holds: 64 KiB of payload and its frame head.
  static constexpr std::size_t largest_bytes = 64 * 1024 + 64;

  explicit ChunkPool(std::size_t retained_bytes_limit = 4 * 1024 * 1024);
  ChunkPool(const ChunkPool&) = delete;
  ChunkPool& operator=(const ChunkPool&) = delete;
  ~ChunkPool();

  /// An empty chunk of at least `bytes`. Beyond largest_bytes it is not pooled.
  [[nodiscard]] Chunk* take(std::size_t bytes);
  void give_back(Chunk* chunk);
  [[nodiscard]] std::size_t retained_bytes() const { return retained_bytes_; }

 private:
  static constexpr std::array<std::size_t, 5> capacities{24, 1024, 4096, long_bytes, largest_bytes};

  const std::size_t retained_bytes_limit_;
  std::size_t retained_bytes_ = 0;
  std::array<Chunk*, capacities.size()> free_{};
};

}  // namespace orrery::net
