#include "net/chunk_pool.h"

#include <algorithm>
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
  const auto fitting = std::lower_bound(capacities.begin(), capacities.end(), bytes);
  if (fitting != capacities.end()) {
    Chunk*& free = free_[static_cast<std::size_t>(fitting - capacities.begin())];
    if (free != nullptr) {
      Chunk* chunk = std::exchange(free, free->next);
      retained_bytes_ -= sizeof(Chunk) + *fitting;
      return new (chunk) Chunk{.capacity = *fitting};
    }
    bytes = *fitting;
  }
  void* memory = std::malloc(sizeof(Chunk) + bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return new (memory) Chunk{.capacity = bytes};
}

void ChunkPool::give_back(Chunk* chunk) {
  const auto kind = std::find(capacities.begin(), capacities.end(), chunk->capacity);
  const std::size_t total = sizeof(Chunk) + chunk->capacity;
  if (kind == capacities.end() || retained_bytes_ + total > retained_bytes_limit_) {
    std::free(chunk);
    return;
  }
  Chunk*& free = free_[static_cast<std::size_t>(kind - capacities.begin())];
  chunk->next = std::exchange(free, chunk);
  retained_bytes_ += total;
}

}  // namespace orrery::net
