// The `local` name store: a hub in this process that any number of its nodes can join.
//
// Owner   the hub: shared by its nodes' stores.
// Thread  any; answers come before the call returns.
// Limit   none: as many records as there are names.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "registry/name_store.h"

namespace orrery::registry {

class LocalNameHub final : public std::enable_shared_from_this<LocalNameHub> {
 public:
  [[nodiscard]] static std::shared_ptr<LocalNameHub> make() {
    return std::shared_ptr<LocalNameHub>(new LocalNameHub);
  }
  /// A store for the node of that name, which no other one has. It has a life from start() on.
  [[nodiscard]] std::shared_ptr<NameStore> join(std::string node);
  /// Ends the life of a node as if its lease had run out; it has another one when this returns.
  void expire(const std::string& node);

 private:
  class Node;
  struct Record {
    Claim claim;
    Revision revision;
  };

  LocalNameHub() = default;
  /// Under the lock.
  [[nodiscard]] const Record* find(const PoolKey& key) const;
  [[nodiscard]] bool lives(const Claim& claim) const;

  mutable std::mutex mutex_;
  std::map<PoolKey, Record> records_;  // those of lives that have ended count as absent
  std::map<std::string, std::weak_ptr<Node>> nodes_;
  std::map<std::string, std::uint64_t> lives_;  // the newest of each node that has one
  Revision newest_ = 0;
};

}  // namespace orrery::registry
