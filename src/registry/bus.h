// A Bus carries registry traffic between the nodes of a cluster: publications to groups, and
// requests to one node.
//
// Owner   shared: by the registry, and by those who still call it.
// Thread  any; a BusReceiver is called on any thread, never for two publications of one node at
// once. Limit   the driver's; what it can't take is dropped and counted: lost(). Why     so small
// that a plain publish-and-subscribe engine is enough.
//
// What every driver promises (bus_contract_test.cpp):
// * A publication reaches each other node that takes interest in its group at most once, and never
// the
//   node that published it. Those of one thread of a node arrive in order.
// * What was asked before leave() may still arrive after it; nothing that was asked later does.
// * Interest is causal: when a node that has taken interest tells another one (by a request) and
// that
//   one publishes, the publication arrives.
// * A request is answered exactly once: by its receiver, or with nothing (no such node, no answer
// in
//   time, the bus is down). Nothing does not say that it never arrived.
// * Calls return at once. A receiver may be called before they return: hold no lock, except around
//   interest(), which calls nobody.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/function.h"
#include "base/shared_bytes.h"
#include "orrery/message.h"
#include "registry/pool_key.h"

namespace orrery::registry {

struct BusMessage {
  MessageType type;
  SharedBytes payload;
};

/// What a node does with what comes from others. What comes is hostile until it is checked.
class BusReceiver {
 public:
  virtual void on_publication(std::string_view from, const PoolKey& group,
                              const BusMessage& message) = 0;
  /// `answer` may be kept, and called once, later, from any thread.
  virtual void on_request(std::string_view from, std::string_view request,
                          Function<void(std::string)> answer) = 0;

 protected:
  ~BusReceiver() = default;
};

/// Whether a node wants the publications to a group.
enum class Interest : std::uint8_t { taken, given_up };

class Bus {
 public:
  using Answered = Function<void(std::optional<std::string>)>;

  virtual ~Bus() = default;
  Bus() = default;
  Bus(const Bus&) = delete;
  Bus& operator=(const Bus&) = delete;

  /// Once, before anything else. Who is gone is not called.
  virtual void start(std::weak_ptr<BusReceiver> receiver) = 0;
  /// From now on this node is no part of the cluster.
  virtual void leave() = 0;

  virtual void publish(const PoolKey& group, const BusMessage& message) = 0;
  virtual void request(std::string_view node, std::string request, Answered answered) = 0;
  virtual void interest(const PoolKey& group, Interest interest) = 0;

  /// This node's name.
  [[nodiscard]] virtual const std::string& node() const = 0;
  /// The other nodes that are there, as far as this one knows.
  [[nodiscard]] virtual std::vector<std::string> others() const = 0;
  /// Whether there are none: cheap, for the message path.
  [[nodiscard]] virtual bool alone() const = 0;
  /// Publications that this node's side of the bus had to drop.
  [[nodiscard]] virtual std::uint64_t lost() const = 0;
};

}  // namespace orrery::registry
