#include "registry/common.h"

#include <utility>

namespace orrery::registry {

Common::Common(const Clock& clock, Random& random, std::shared_ptr<NameStore> store,
               std::shared_ptr<Bus> to_others, RegistryLimits bounds)
    : names(std::move(store)),
      bus(std::move(to_others)),
      limits(bounds),
      loops(bounds.loop_bytes, bounds.loops),
      clock_(&clock),
      numbers_(std::uint64_t{random.next_u32()} << 32 | random.next_u32()) {}

Time Common::now() const {
  const std::lock_guard lock(clock_mutex_);
  return clock_ ? clock_->now() : stopped_at_;
}

bool Common::stop() {
  const std::lock_guard lock(clock_mutex_);
  if (clock_ == nullptr) return false;
  stopped_at_ = clock_->now();
  clock_ = nullptr;
  stopped_.store(true, std::memory_order_release);
  return true;
}

// A counter from a random start, scrambled: each step is a bijection (the finalizer of SplitMix64),
// so that numbers do not repeat, and those of two registries have nothing to do with each other.
std::uint64_t Common::fresh_number() {
  std::uint64_t number = 0;
  while (number == 0) {
    number = numbers_.fetch_add(0x9e3779b97f4a7c15, std::memory_order_relaxed);
    number = (number ^ number >> 30) * 0xbf58476d1ce4e5b9;
    number = (number ^ number >> 27) * 0x94d049bb133111eb;
    number ^= number >> 31;
  }
  return number;
}

}  // namespace orrery::registry
