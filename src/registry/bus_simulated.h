// The `simulated` bus: nodes of one process on a SimulatedNetwork.
//
// Owner   the hub: the test; it outlives its nodes' buses.
// Thread  one.
// Limit   none.
// Why     it promises no more than a real engine does: a node hears of another one's interest only
//         after a while, and what is on its way over a cut is lost.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "registry/bus.h"
#include "registry/simulated_network.h"

namespace orrery::registry {

class SimulatedBusHub {
 public:
  explicit SimulatedBusHub(SimulatedNetwork& network);
  SimulatedBusHub(const SimulatedBusHub&) = delete;
  SimulatedBusHub& operator=(const SimulatedBusHub&) = delete;

  [[nodiscard]] std::shared_ptr<Bus> join(std::string node);

 private:
  class Node;

  void introduce(const std::string& one, const std::string& other);

  SimulatedNetwork& network_;
  std::map<std::string, std::weak_ptr<Node>> nodes_;
};

}  // namespace orrery::registry
