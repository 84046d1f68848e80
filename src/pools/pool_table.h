// The PoolTable has all executor pools of a node: "gear:<name>" and "tenant:<id>".
//
// Owner   the server; it outlives loops, sessions and permits.
// Thread  any.
// Limit   a gear has one pool of its own; tenants are those that were configured or set.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "pools/pool.h"

namespace orrery::pools {

/// "gear:" or "tenant:" and something behind it.
[[nodiscard]] bool is_pool_name(std::string_view name);

class PoolTable {
 public:
  /// `defaults` are for gears that are not configured. What is no pool's name is left out.
  PoolTable(const std::map<std::string, PoolLimits>& configured, WorkersFactory make_workers,
            const PoolLimits& defaults = {});
  PoolTable(const PoolTable&) = delete;
  PoolTable& operator=(const PoolTable&) = delete;

  /// The pool of this name, if `gear` may use it. A gear's own comes into being here. Null: it is
  /// unknown, closed, or not for this gear (404).
  [[nodiscard]] Pool* find(std::string_view name, std::string_view gear);
  /// The pool of this name, whoever may use it, and open or closed; null if there is none.
  [[nodiscard]] Pool* find_any(std::string_view name) const;

  /// Changes a pool, opens it again if it was closed, or makes a new one. Null: no pool's name.
  /// Two changes of one pool at once may mix.
  Pool* set(std::string_view name, const PoolLimits& limits);
  /// From now on nobody enters and nobody finds it; to close its sessions is the caller's. A gear's
  /// pool that nobody has used yet is closed too. Null: there is none.
  Pool* close(std::string_view name);

  /// By name.
  [[nodiscard]] std::vector<Pool*> all() const;
  /// Stops the workers of all pools, and of those that come later.
  void stop();

 private:
  struct Entry {
    std::unique_ptr<Pool> pool;
    std::vector<std::string> gears;  // which may use a tenant's

    /// Null: it is closed, or neither the gear's own nor open to it.
    [[nodiscard]] Pool* open_for(bool own, std::string_view gear) const;
  };
  using Entries = std::map<std::string, Entry, std::less<>>;

  Entry& make(std::string_view name, const PoolLimits& limits);

  const WorkersFactory make_workers_;
  const PoolLimits defaults_;
  mutable std::shared_mutex mutex_;
  Entries entries_{};
  bool stopped_ = false;
};

}  // namespace orrery::pools
