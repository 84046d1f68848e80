// LoopAccounts is one loop's memory account with each pool that has sessions on it.
//
// Owner   the loop's part of the server.
// Thread  the loop's.
// Limit   the number of pools.
#pragma once

#include <memory>
#include <vector>

#include "pools/pool.h"

namespace orrery::pools {

class LoopAccounts {
 public:
  /// The account stays at its place as long as this lives: a session keeps a reference.
  [[nodiscard]] LoopAccount& of(const Pool& pool) {
    if (pool.number() >= accounts_.size()) accounts_.resize(pool.number() + 1);
    auto& account = accounts_[pool.number()];
    if (!account) account = std::make_unique<LoopAccount>(pool.ledger());
    return *account;
  }
  /// Gives back what is not in use: for the loop's housekeeping, every second or so.
  void settle() noexcept {
    for (const auto& account : accounts_)
      if (account) account->settle();
  }

 private:
  std::vector<std::unique_ptr<LoopAccount>> accounts_{};  // by Pool::number()
};

}  // namespace orrery::pools
