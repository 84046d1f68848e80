// A Scope is one executor pool's names and groups: two pools never see each other's.
//
// Owner   its registry; it lives as long, at one place.
// Thread  any, except join() and leave(): on the loop of the session that joins or leaves.
// Limit   none of its own: how many groups there are is up to the gears of the pool.
// Why     groups are found in shards by their names' hash, a mutex each; who holds a Group
// publishes
//         to it without.
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "orrery/address.h"
#include "orrery/session_waits.h"
#include "registry/bus.h"
#include "registry/group.h"
#include "registry/names.h"
#include "registry/pool_key.h"

namespace orrery::registry {

/// What a session that joins with a position gets.
struct Joined {
  std::shared_ptr<Group> group;
  Recovery recovery;
};

class Scope {
 public:
  Scope(std::shared_ptr<Common> common, std::string pool);
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

  [[nodiscard]] const std::string& pool() const { return pool_; }
  [[nodiscard]] Names& names() { return *names_; }

  /// Idempotent: who is a member already stays one, with the metadata it came with.
  std::shared_ptr<Group> join(std::string_view name, const Address& who,
                              std::string_view metadata = {});
  /// Each message after `since` comes exactly once: in the answer, or by delivery. Of a group
  /// without history everything is a gap; {0, 0} asks for all from the first message on.
  [[nodiscard]] Joined join_since(std::string_view name, const Address& who, const Position& since,
                                  std::string_view metadata = {});
  /// No publication visits it any more. Idempotent.
  void leave(Group& group, const Address& who);
  void leave(std::string_view name, const Address& who);

  /// Memberships on this node at that moment. Nothing is delivered before it returns.
  std::size_t publish(std::string_view name, MessageType type, const SharedBytes& payload,
                      const Address& except = {});
  /// The same without looking for the group.
  std::size_t publish(Group& group, MessageType type, const SharedBytes& payload,
                      const Address& except = {});

  /// Who is in it; from now on `watcher` gets a PresenceLetter for everybody else who joins or
  /// leaves.
  [[nodiscard]] std::vector<Member> track(std::string_view name, const Address& watcher);
  void untrack(std::string_view name, const Address& watcher);

  [[nodiscard]] Gathered<std::vector<Member>> members(std::string_view name) const;
  [[nodiscard]] Gathered<std::size_t> count(std::string_view name) const;
  void keep_history(std::string_view name, const History& history);
  /// Groups that are on record.
  [[nodiscard]] std::size_t groups() const;

 private:
  friend class Registry;
  static constexpr std::size_t shards = 16;

  struct Shard {
    mutable std::mutex mutex{};
    boost::unordered_flat_map<std::string, std::shared_ptr<Group>, TextHash, std::equal_to<>>
        groups{};
  };

  [[nodiscard]] Shard& shard_of(std::string_view name) const;
  [[nodiscard]] std::shared_ptr<Group> find(std::string_view name) const;
  [[nodiscard]] std::shared_ptr<Group> find_or_make(std::string_view name);
  void retire_if_idle(Group& group);
  std::size_t publish_here(std::string_view name, const BusMessage& message, const Address& except);

  const std::shared_ptr<Common> common_;
  const std::string pool_;
  const std::shared_ptr<Names> names_;
  mutable std::array<Shard, shards> shards_;
};

}  // namespace orrery::registry
