// The `local` bus: a hub in this process that any number of its nodes can join; a server without a
// cluster is alone at its own.
//
// Owner   the hub: shared by its nodes' buses.
// Thread  any. A publication is received on the publisher's thread, before publish() returns.
// Limit   none: nothing waits here.
#pragma once

#include <atomic>
#include <memory>
#include <shared_mutex>
#include <string>
#include <utility>
#include <vector>

#include "registry/bus.h"

namespace orrery::registry {

class LocalBusHub final : public std::enable_shared_from_this<LocalBusHub> {
 public:
  [[nodiscard]] static std::shared_ptr<LocalBusHub> make() {
    return std::shared_ptr<LocalBusHub>(new LocalBusHub);
  }
  /// A bus for the node of that name, which no other one has. It is on the bus from start() on.
  [[nodiscard]] std::shared_ptr<Bus> join(std::string node);

 private:
  class Node;

  LocalBusHub() = default;
  void add(Node& node);
  void remove(const Node& node);
  [[nodiscard]] std::vector<std::shared_ptr<Node>> all_but(const Node& node) const;

  mutable std::shared_mutex mutex_;
  std::vector<std::pair<const Node*, std::weak_ptr<Node>>> nodes_;
  std::atomic<std::size_t> size_{0};
};

}  // namespace orrery::registry
