#include "net/chunk_pool.h"

#include <cstdlib>
#include <new>
#include <utility>

namespace orrery::net {

ChunkPool::ChunkPool(std::size_t retained_bytes_limit)
    : retained_bytes_limit_(retained_bytes_limit) {}

ChunkPool::~ChunkPool() {
  for (Chunk* chunk : free_)
    while (chunk != nullptr) std::free(std::exchange(chunk, chunk->next));
}

Chunk* ChunkPool::take(std::size_t bytes) {
  std::uint8_t kind = 0;
  while (kind < capacities.size() && capacities[kind] < bytes) ++kind;
  if (kind < capacities.size()) {
    bytes = capacities[kind];
    if (Chunk*& free = free_[kind]; free != nullptr) {
      Chunk* chunk = std::exchange(free, free->next);
      retained_bytes_ -= sizeof(Chunk) + bytes;
      return new (chunk) Chunk{.capacity = bytes, .kind = kind};
    }
  }
  void* memory = std::malloc(sizeof(Chunk) + bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return new (memory) Chunk{.capacity = bytes, .kind = kind};
}

void ChunkPool::give_back(Chunk* chunk) {
  const std::size_t total = sizeof(Chunk) + chunk->capacity;
  if (chunk->kind == capacities.size() || retained_bytes_ + total > retained_bytes_limit_) {
    std::free(chunk);
    return;
  }
  chunk->next = std::exchange(free_[chunk->kind], chunk);
  retained_bytes_ += total;
}

}  // namespace orrery::net
