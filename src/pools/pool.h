// A Pool is the executor pool of a gear or tenant on one node: sessions, memory, workers, limits.
//
// Owner   the PoolTable; it lives, at the same place, as long as the table.
// Thread  any.
// Limit   PoolLimits, changeable at runtime; lower ones refuse newcomers and close nobody.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "orrery/limits.h"
#include "pools/ledger.h"
#include "pools/permit.h"
#include "pools/places.h"
#include "pools/workers.h"

namespace orrery::pools {

class Pool;
/// One session's place in a pool: taken before plugs and admission, held until the session's end.
using Permit = PermitOf<Pool>;

class Pool {
 public:
  /// `number` counts the pools of one table from 0.
  Pool(std::string name, std::size_t number, const PoolLimits& limits,
       const WorkersFactory& make_workers);
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::size_t number() const { return number_; }

  /// Empty, and counted: too many sessions, no memory left, or closed.
  Permit try_enter();

  [[nodiscard]] std::size_t sessions() const { return sessions_.taken(); }
  [[nodiscard]] std::size_t session_limit() const { return sessions_.limit(); }
  /// Newcomers that found no place, since the start.
  [[nodiscard]] std::uint64_t rejected() const { return rejected_.load(std::memory_order_relaxed); }
  /// Whoever had a place but no session yet when the pool was closed asks before the 101.
  [[nodiscard]] bool closed() const { return sessions_.closed(); }

  [[nodiscard]] const std::shared_ptr<Ledger>& ledger() const { return ledger_; }
  [[nodiscard]] Workers& workers() { return *workers_; }

 private:
  friend Permit;
  friend class PoolTable;
  void take_back() noexcept { sessions_.take_back(); }
  void set_limits(const PoolLimits& limits);

  const std::string name_;
  const std::size_t number_;
  Places sessions_;
  std::atomic<std::uint64_t> rejected_{0};
  const std::shared_ptr<Ledger> ledger_;
  const std::unique_ptr<Workers> workers_;
};

}  // namespace orrery::pools
