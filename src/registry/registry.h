// The Registry of a node: the scopes of its executor pools, and their way to other nodes.
//
// Owner   shared: by the server, and by every Sender, so that it may outlive the server.
// Thread  add_loop() before the first session; the rest from any.
// Limit   RegistryLimits; a scope per pool that was ever used.
// Why     what sessions share beyond their loop is here, and off the path of a message.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"
#include "orrery/message.h"
#include "registry/bus.h"
#include "registry/fanout.h"
#include "registry/limits.h"
#include "registry/name_store.h"
#include "registry/pool_key.h"
#include "registry/scope.h"

namespace orrery::registry {

/// What a registry is made of. Clock and Random are not used after Registry::stop().
struct Parts {
  const Clock& clock;
  Random& random;
  std::shared_ptr<NameStore> names;
  std::shared_ptr<Bus> bus;
  RegistryLimits limits{};
};

class Registry final : public std::enable_shared_from_this<Registry>, private BusReceiver {
 public:
  /// Starts store and bus.
  [[nodiscard]] static std::shared_ptr<Registry> make(Parts parts);
  /// Of a node without a cluster: both drivers are `local`.
  [[nodiscard]] static std::shared_ptr<Registry> alone(const Clock& clock, Random& random,
                                                       RegistryLimits limits = {});

  /// Leaves the cluster if stop() did not; the clock may be gone.
  ~Registry();

  /// In the order of their numbers, all of them before the first session.
  void add_loop(std::shared_ptr<actor::Door> door, Fanout& fanout);
  /// The server goes: the node leaves the cluster; from now on publishing reaches nobody, and
  /// claims are `unavailable`. Idempotent.
  void stop();

  /// Made when it is first asked for.
  [[nodiscard]] Scope& scope(std::string_view pool);

  /// Deliveries of this node that were lost for DropCause::loop_full.
  [[nodiscard]] std::uint64_t lost_to_full_loops() const;
  /// Published payloads on their way to one loop.
  [[nodiscard]] std::size_t bytes_under_way(std::size_t loop) const;

 private:
  explicit Registry(std::shared_ptr<Common> common) : common_(std::move(common)) {}

  void on_publication(std::string_view from, const PoolKey& group,
                      const BusMessage& message) override;
  void on_request(std::string_view from, std::string_view request,
                  Function<void(std::string)> answer) override;
  void lease_lost(std::uint64_t life);
  [[nodiscard]] Scope* find_scope(std::string_view pool) const;

  const std::shared_ptr<Common> common_;
  mutable std::shared_mutex mutex_;
  boost::unordered_flat_map<std::string, std::unique_ptr<Scope>, TextHash, std::equal_to<>> scopes_;
};

}  // namespace orrery::registry
