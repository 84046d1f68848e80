#include "actor/frame_pool.h"

#include <new>

namespace orrery::actor {

FramePool::~FramePool() {
  for (auto& frames : free_)
    for (void* const memory : frames) ::operator delete(memory);
}

void* FramePool::take(std::size_t bytes) {
  if (bytes == 0 || bytes > largest_bytes) return ::operator new(bytes);
  const std::size_t size = size_of(bytes);
  auto& frames = free_[size];
  if (frames.empty()) {
    frames.reserve(kept_per_size);  // keep() must not allocate
    return ::operator new((size + 1) * step_bytes);
  }
  void* const memory = frames.back();
  frames.pop_back();
  return memory;
}

void FramePool::keep(void* memory, std::size_t bytes) noexcept {
  if (bytes == 0 || bytes > largest_bytes) return ::operator delete(memory);
  auto& frames = free_[size_of(bytes)];
  if (frames.size() == frames.capacity()) return ::operator delete(memory);
  frames.push_back(memory);
}

}  // namespace orrery::actor
