// Publications says how far each publication of a fan-out has got: who published when, and how many
// members still wait for it.
//
// Owner   the command; publisher and members of all threads use it.
// Thread  start() on the publisher's, the rest on any.
// Limit   `slots` publications under way: more must wait.
#pragma once

#include <atomic>
#include <bit>
#include <cstdint>
#include <vector>

#include "cli/fine_clock.h"

namespace orrery::cli {

class Publications {
 public:
  Publications(std::uint32_t members, std::size_t slots)
      : members_(members), slots_(std::bit_ceil(slots)) {}

  /// The one that had its place before has reached everybody.
  [[nodiscard]] bool has_room(std::uint64_t number) const {
    return slot(number).missing.load(std::memory_order_acquire) == 0;
  }
  void start(std::uint64_t number, Nanoseconds since) {
    Slot& place = slot(number);
    place.since.store(since.count(), std::memory_order_relaxed);
    place.missing.store(members_, std::memory_order_release);
  }
  [[nodiscard]] Nanoseconds since(std::uint64_t number) const {
    return Nanoseconds{slot(number).since.load(std::memory_order_relaxed)};
  }
  /// One more member has it; true for the last of them.
  [[nodiscard]] bool reached(std::uint64_t number) {
    return slot(number).missing.fetch_sub(1, std::memory_order_acq_rel) == 1;
  }

 private:
  struct Slot {
    std::atomic<std::int64_t> since{0};
    std::atomic<std::uint32_t> missing{0};
  };
  [[nodiscard]] Slot& slot(std::uint64_t number) { return slots_[number & (slots_.size() - 1)]; }
  [[nodiscard]] const Slot& slot(std::uint64_t number) const {
    return slots_[number & (slots_.size() - 1)];
  }

  const std::uint32_t members_;
  std::vector<Slot> slots_;
};

}  // namespace orrery::cli
