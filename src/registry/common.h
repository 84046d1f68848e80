// What all scopes, groups and names of one registry share.
//
// Owner   shared by them.
// Thread  any.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

#include "base/clock.h"
#include "base/random.h"
#include "registry/bus.h"
#include "registry/fanout.h"
#include "registry/limits.h"
#include "registry/name_store.h"

namespace orrery::registry {

class Common {
 public:
  Common(const Clock& clock, Random& random, std::shared_ptr<NameStore> store,
         std::shared_ptr<Bus> to_others, RegistryLimits bounds);

  /// Stands still after stop(): the clock may be gone then.
  [[nodiscard]] Time now() const;
  /// False: it was before.
  bool stop();
  [[nodiscard]] bool stopped() const { return stopped_.load(std::memory_order_acquire); }

  /// Never 0, and never the same one again.
  [[nodiscard]] std::uint64_t fresh_number();
  [[nodiscard]] ClaimId fresh_claim() { return {fresh_number(), fresh_number()}; }

  const std::shared_ptr<NameStore> names;
  const std::shared_ptr<Bus> bus;
  const RegistryLimits limits;
  Loops loops;
  std::atomic<std::uint64_t> lost_to_full_loops{0};

 private:
  mutable std::mutex clock_mutex_;
  const Clock* clock_;
  Time stopped_at_{};
  std::atomic<bool> stopped_{false};
  std::atomic<std::uint64_t> numbers_;
};

}  // namespace orrery::registry
