#include "pools/pool.h"

#include <utility>

namespace orrery::pools {

namespace {

WorkerLimits worker_limits(const PoolLimits& limits) {
  return {.threads = limits.workers, .queue = limits.worker_queue};
}

}  // namespace

Pool::Pool(std::string name, std::size_t number, const PoolLimits& limits,
           const WorkersFactory& make_workers)
    : name_(std::move(name)),
      number_(number),
      sessions_(limits.sessions),
      ledger_(std::make_shared<Ledger>(limits.memory_bytes)),
      workers_(make_workers(worker_limits(limits))) {}

Permit Pool::try_enter() {
  if (!ledger_->full() && sessions_.try_take()) return Permit(*this);
  rejected_.fetch_add(1, std::memory_order_relaxed);
  return Permit();
}

void Pool::set_limits(const PoolLimits& limits) {
  sessions_.set_limit(limits.sessions);
  ledger_->set_limit(limits.memory_bytes);
  workers_->set_limits(worker_limits(limits));
}

}  // namespace orrery::pools
