// The `simulated` name store: one linearizable store on a SimulatedNetwork, and each node's door to
// it, with leases that are kept up by heartbeats.
//
// Owner   the store: the test; it outlives its nodes' doors.
// Thread  one.
// Limit   an answer comes within a second, or it is `unavailable`.
// Why     no kinder than a real engine: requests overtake each other, arrive twice as late as their
//         time-out, and clocks of nodes run one per cent too fast or too slow.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "registry/name_store.h"
#include "registry/simulated_network.h"

namespace orrery::registry {

struct LeaseTimes {
  milliseconds ttl{20'000};
  milliseconds margin{3'000};  // a node gives up so much before the store does
};

class SimulatedNameStore {
 public:
  /// Where the store is, for SimulatedNetwork::cut().
  static constexpr std::string_view place = "store";

  explicit SimulatedNameStore(SimulatedNetwork& network, LeaseTimes times = {})
      : network_(network), times_(times) {}
  SimulatedNameStore(const SimulatedNameStore&) = delete;
  SimulatedNameStore& operator=(const SimulatedNameStore&) = delete;

  [[nodiscard]] std::shared_ptr<NameStore> join(std::string node);

 private:
  class Node;
  struct Record {
    Claim claim;
    Revision revision;
  };
  struct Lease {
    std::uint64_t life = 0;
    Time until{};
  };

  // What happens at the store, at one moment each.
  [[nodiscard]] Created create(const PoolKey& key, const Claim& claim);
  [[nodiscard]] Removed remove(const PoolKey& key, Revision revision);
  [[nodiscard]] Found read(const PoolKey& key) const;
  /// False: the node has begun a newer life.
  [[nodiscard]] bool renew(const std::string& node, std::uint64_t life);
  void end(const std::string& node, std::uint64_t life);
  [[nodiscard]] const Record* find(const PoolKey& key) const;

  SimulatedNetwork& network_;
  const LeaseTimes times_;
  std::map<PoolKey, Record> records_;
  std::map<std::string, Lease> leases_;
  Revision newest_ = 0;
  std::uint64_t lives_ = 0;
};

}  // namespace orrery::registry
