// A NameStore decides, for a whole cluster, which node holds a name. This object is one node's door
// to it, with that node's lease.
//
// Owner   shared: by the registry, and by calls under way.
// Thread  any; callbacks on any, or before the call returns: hold no lock.
// Limit   the driver's time-out: then the answer is `unavailable`.
// Why     three operations that need no more than create-if-absent, remove-by-revision and a read
// of
//         the leader, so that any linearizable store can be behind them.
//
// What every driver promises (name_store_contract_test.cpp):
// * Of all who create one key, one is told `created`; until that record is removed, or its node's
//   life has ended, all others are told `taken`, with the claim that is there.
// * The record of a life that has ended counts as absent. A life ends when its lease runs out, when
//   its process does, and when its node begins another one. The node is told (lease_lost) before
//   anybody else can be told `created`.
// * `unavailable` says nothing: what was asked may have happened, or may still happen. Who asks
// again
//   gives the same claim id, and knows itself by it.
// * remove() removes the record of that revision and no other one.
// * read() tells the newest: a record whose creator was told so is found.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/function.h"
#include "registry/pool_key.h"

namespace orrery::registry {

/// One attempt to get a name, however often it is repeated.
struct ClaimId {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend auto operator<=>(const ClaimId&, const ClaimId&) = default;
};

/// What stands in the store.
struct Claim {
  std::string node;
  std::uint64_t life = 0;  // which of that node's
  ClaimId id;
  friend bool operator==(const Claim&, const Claim&) = default;
};

using Revision = std::uint64_t;

struct Created {
  enum class Kind : std::uint8_t { created, taken, unavailable };

  Kind kind;
  Revision revision = 0;  // created, taken
  Claim holder{};         // created: this one; taken: the one that is there
};

enum class Removed : std::uint8_t { removed, not_there, unavailable };

struct Found {
  enum class Kind : std::uint8_t { held, absent, unavailable };

  Kind kind;
  Revision revision = 0;  // held
  Claim holder{};         // held
};

class NameStore {
 public:
  virtual ~NameStore() = default;
  NameStore() = default;
  NameStore(const NameStore&) = delete;
  NameStore& operator=(const NameStore&) = delete;

  /// Begins a life of this node; lives are numbered upwards. `lease_lost` is called with the one
  /// that has ended without leave(), when life() does not tell it any more: all names that were
  /// held in it are lost. Another one begins by itself when the store can be reached.
  virtual void start(Function<void(std::uint64_t)> lease_lost) = 0;
  /// Ends this node's life: its names are free.
  virtual void leave() = 0;

  virtual void create(const PoolKey& key, ClaimId id, Function<void(const Created&)> done) = 0;
  virtual void remove(const PoolKey& key, Revision revision, Function<void(Removed)> done) = 0;
  virtual void read(const PoolKey& key, Function<void(const Found&)> done) = 0;

  /// Which life this node is in; nothing while it has no lease.
  [[nodiscard]] virtual std::optional<std::uint64_t> life() const = 0;
  [[nodiscard]] virtual const std::string& node() const = 0;

  /// Calls `then` after a while, on any thread, never before this returns: for what is asked again.
  /// False, and it is not called: this store never gets better by waiting.
  [[nodiscard]] virtual bool after(milliseconds delay, Function<void()> then) = 0;
};

}  // namespace orrery::registry
