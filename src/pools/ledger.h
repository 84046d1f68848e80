// A Ledger is the memory account of one pool: what its loops have borrowed, against its limit.
//
// Owner   shared: by the pool, its loops' accounts, and every charge, which may outlive the server.
// Thread  any; a LoopAccount belongs to one loop's thread.
// Limit   PoolLimits::memory_bytes. At it newcomers are refused (503), and so is whoever asks for
//         more (1013); lowering it takes nothing away.
// Why     a loop borrows in steps and gives back late, so that charging is an addition.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace orrery::pools {

class Ledger {
 public:
  static constexpr std::size_t most_step_bytes = 256 * 1024;

  explicit Ledger(std::size_t limit_bytes) : limit_bytes_(limit_bytes) {}
  Ledger(const Ledger&) = delete;
  Ledger& operator=(const Ledger&) = delete;
  /// Everything has been given back.
  ~Ledger();

  /// Lends whole steps for `needed_bytes`, or less if no more is left, but never less than needed.
  /// Returns how much; 0: nothing was lent.
  [[nodiscard]] std::size_t borrow(std::size_t needed_bytes);
  /// Exactly so much, for what belongs to no loop.
  [[nodiscard]] bool charge(std::size_t bytes);
  void give_back(std::size_t bytes) noexcept;

  void set_limit(std::size_t limit_bytes) {
    limit_bytes_.store(limit_bytes, std::memory_order_relaxed);
  }
  [[nodiscard]] std::size_t limit_bytes() const {
    return limit_bytes_.load(std::memory_order_relaxed);
  }
  /// What is borrowed or charged now.
  [[nodiscard]] std::size_t lent_bytes() const {
    return lent_bytes_.load(std::memory_order_relaxed);
  }
  /// 256 KiB; of a pool of less than 16 MiB a 64th, so that one loop does not starve the others.
  [[nodiscard]] std::size_t step_bytes() const;
  /// Not even a step is left: newcomers are refused, and loops give their spare steps back.
  [[nodiscard]] bool full() const;

 private:
  std::atomic<std::size_t> limit_bytes_;
  alignas(64) std::atomic<std::size_t> lent_bytes_{0};
};

/// What the sessions of one pool use on one loop. Thread: the loop's, or none while nobody runs it.
class LoopAccount {
 public:
  explicit LoopAccount(std::shared_ptr<Ledger> ledger) : ledger_(std::move(ledger)) {}
  LoopAccount(const LoopAccount&) = delete;
  LoopAccount& operator=(const LoopAccount&) = delete;
  /// Everything has been released.
  ~LoopAccount();

  /// False, and nothing changed: the pool has no more memory.
  [[nodiscard]] bool charge(std::size_t bytes) {
    if (bytes > borrowed_bytes_ - used_bytes_ && !borrow_for(bytes)) return false;
    used_bytes_ += bytes;
    return true;
  }
  /// Of what was charged. One step stays here for the next charge, unless the pool is full.
  void release(std::size_t bytes) noexcept;
  /// Gives back all that is not in use. For a loop's housekeeping, every second or so.
  void settle() noexcept;

  [[nodiscard]] std::size_t used_bytes() const { return used_bytes_; }
  [[nodiscard]] std::size_t borrowed_bytes() const { return borrowed_bytes_; }

 private:
  [[nodiscard]] bool borrow_for(std::size_t bytes);

  const std::shared_ptr<Ledger> ledger_;
  std::size_t used_bytes_ = 0;
  std::size_t borrowed_bytes_ = 0;
};

/// A payload that many outboxes and mailboxes hold, on whatever loops: charged once, and given back
/// by the last copy. Thread: copies may live on any thread.
class SharedCharge {
 public:
  SharedCharge() = default;
  /// Empty: the pool has no more memory.
  [[nodiscard]] static SharedCharge of(const std::shared_ptr<Ledger>& ledger, std::size_t bytes);

  explicit operator bool() const { return loan_ != nullptr; }
  [[nodiscard]] std::size_t bytes() const;

 private:
  class Loan;
  std::shared_ptr<const Loan> loan_;
};

}  // namespace orrery::pools
