// Names: which session of this node holds which name of one pool, and how it came by it.
//
// Owner   its scope; shared with answers that are under way.
// Thread  any. Answers come on any thread, or before the call returns; no lock is held then.
// Limit   RegistryLimits::claim_time for an answer; names per session are up to its gear.
// Why     the store decides between nodes, this table between sessions of one node: so a name is
//         replaced on its node without asking, and is found without asking.
//
// At any moment at most one session is a confirmed holder: one that was told `registered`, and not
// yet that it lost the name (or released it).
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actor/mailbox.h"
#include "base/function.h"
#include "orrery/address.h"
#include "orrery/session_waits.h"
#include "registry/name_store.h"
#include "registry/pool_key.h"

namespace orrery::registry {

class Common;

/// What happens when another session holds the name that is claimed.
enum class Conflict : std::uint8_t { refuse, replace };

class Names final : public std::enable_shared_from_this<Names> {
 public:
  using Answered = Function<void(const NameAnswer&)>;
  using Delivered = Function<void(NamePosted)>;

  Names(std::shared_ptr<Common> common, std::string pool);

  /// `done` is called exactly once unless the registry goes first. A session that ends, or releases
  /// the name, before its claim is settled is told `unavailable`, and the name is given back.
  void claim(std::string_view name, const Address& who, Conflict conflict, Answered done);
  /// An answer that crosses with it may still say `registered`: it is not true any more.
  NameReleased release(std::string_view name, const Address& who);
  /// Of a session that ends, after its mailbox has: claims that are still under way included.
  void release_all(const Address& who);

  /// Who holds it on this node.
  [[nodiscard]] std::optional<Address> find(std::string_view name) const;
  /// What a session of this node holds.
  [[nodiscard]] std::vector<std::string> held_by(const Address& who);
  /// To its holder on this node; elsewhere through the bus, whose answer is awaited.
  void send(std::string_view name, actor::TextLetter letter, Delivered done);
  /// The same for those who can't wait: an answer that does not come at once is `unavailable`, and
  /// the message may still arrive.
  [[nodiscard]] NamePosted send_now(std::string_view name, actor::TextLetter letter);
  /// To its holder on this node, or nobody.
  [[nodiscard]] NamePosted send_here(std::string_view name, actor::TextLetter letter);
  /// Names that are held or claimed on this node.
  [[nodiscard]] std::size_t size() const;

 private:
  friend class Registry;
  static constexpr std::size_t shards = 16;
  struct Deferred;

  struct Waiting {
    Address who;
    Conflict conflict;
    Answered done;
  };
  /// What is known about one name on this node.
  struct Entry {
    enum class State : std::uint8_t {
      claiming,   // the store was asked for it
      telling,    // `holder` is being told that it is registered; whoever takes it away must wait
      held,       // by `holder`, who knows
      releasing,  // the store was asked to remove `revision`
    };

    State state = State::claiming;
    Address holder{};
    ClaimId id{};
    Conflict conflict = Conflict::refuse;  // claiming
    Answered done{};                       // claiming; empty: nobody wants it any more
    std::uint64_t life = 0;                // the node's when the store created it; not claiming
    Revision revision = 0;                 // the same
    std::uint64_t telling = 0;             // telling: which time
    bool lost = false;                     // telling: with its lease, meanwhile
    milliseconds waited{0};                // claiming, releasing: for the store
    bool repeated = false;                 // an older request to create it may still turn up
    std::vector<Waiting> waiting{};        // for this to be settled
  };
  using Table =
      boost::unordered_flat_map<std::string, std::unique_ptr<Entry>, TextHash, std::equal_to<>>;
  struct Shard {
    mutable std::mutex mutex{};
    Table names{};
  };
  struct HolderShard {
    std::mutex mutex{};
    boost::unordered_flat_map<Address, std::vector<std::string>, std::hash<Address>> names{};
  };

  // The table: names.cpp. Those with a Deferred run under the shard's lock, and write down what has
  // to be done without.
  [[nodiscard]] Shard& shard_of(std::string_view name) const;
  [[nodiscard]] HolderShard& shard_of(const Address& who);
  void admit(Table& names, std::string_view name, Waiting claim, Deferred& later);
  void admit_to_held(Entry& entry, std::string_view name, Waiting claim, Deferred& later);
  void tell(Entry& entry, std::string_view name, Answered done, Deferred& later);
  void told(const std::string& name, std::uint64_t telling);
  void settle(Table& names, Table::iterator at, Deferred& later);
  void give_back(Entry& entry, const std::string& name, Deferred& later);
  NameReleased abandon(Entry& entry, const std::string& name, const Address& who, Deferred& later);
  void take_from(const Address& holder, const std::string& name);
  [[nodiscard]] bool note(const Address& who, std::string_view name);
  void strike(const Address& who, std::string_view name);

  // What the store says: names_store.cpp.
  void create(const std::string& name, ClaimId id);
  void created(const std::string& name, ClaimId id, const Created& answer);
  void confirm(Table& names, Table::iterator at, const Created& answer, Deferred& later);
  void taken(Table& names, Table::iterator at, const Created& answer, Deferred& later);
  void ask_again(Table& names, Table::iterator at, Deferred& later);
  void ask_to_yield(const std::string& name, ClaimId id, const Claim& holder);
  void remove(const std::string& name, Revision revision);
  void removed(const std::string& name, Revision revision, Removed answer);
  void forget(const std::string& name, Revision revision, int attempts);
  void look_for(const std::string& name, ClaimId id, milliseconds delay);
  void found_again(const std::string& name, ClaimId id, milliseconds delay, const Found& answer);

  // What other nodes ask, and the end: names_remote.cpp.
  [[nodiscard]] bool yield(std::string_view name, ClaimId id);
  void lease_lost(std::uint64_t life);
  void stop();

  const std::shared_ptr<Common> common_;
  const std::string pool_;
  mutable std::array<Shard, shards> shards_;
  std::array<HolderShard, shards> holders_;
};

}  // namespace orrery::registry
