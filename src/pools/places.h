// Places is a number of places that many threads take and give back: never one more than the limit.
//
// Owner   a pool for its sessions; the server for its connections.
// Thread  any.
// Limit   set_limit(), from 0 to most; beyond it, and once closed, nobody enters.
// Why     limit, flag and count share one atomic word, so that no order of entering, lowering and
//         closing lets in one too many.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "pools/permit.h"

namespace orrery::pools {

class Places;
/// One place.
using Place = PermitOf<Places>;

class Places {
 public:
  static constexpr std::size_t most = 0x7fff'ffff;

  explicit Places(std::size_t limit);
  Places(const Places&) = delete;
  Places& operator=(const Places&) = delete;
  /// Every place has been given back.
  ~Places();

  /// Empty: no room, or closed.
  Place try_enter();
  /// For whoever keeps account of the place in another way than by holding it.
  [[nodiscard]] bool try_take();
  void take_back() noexcept;

  /// A lower limit refuses newcomers; whoever is in stays.
  void set_limit(std::size_t limit);
  /// When it returns nobody enters any more.
  void close();
  void reopen();

  [[nodiscard]] std::size_t taken() const;
  [[nodiscard]] std::size_t limit() const;
  [[nodiscard]] bool closed() const;

 private:
  std::atomic<std::uint64_t> word_;  // closed: 1 bit, limit: 31, taken: 32
};

}  // namespace orrery::pools
