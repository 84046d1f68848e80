#include "registry/registry.h"

#include <mutex>
#include <utility>

#include "registry/bus_local.h"
#include "registry/common.h"
#include "registry/name_store_local.h"
#include "registry/request.h"

namespace orrery::registry {

std::shared_ptr<Registry> Registry::make(Parts parts) {
  auto common = std::make_shared<Common>(parts.clock, parts.random, std::move(parts.names),
                                         std::move(parts.bus), parts.limits);
  const std::shared_ptr<Registry> registry(new Registry(std::move(common)));
  registry->common_->names->start([weak = registry->weak_from_this()](std::uint64_t life) {
    if (const auto self = weak.lock()) self->lease_lost(life);
  });
  registry->common_->bus->start(std::shared_ptr<BusReceiver>(registry, registry.get()));
  return registry;
}

std::shared_ptr<Registry> Registry::alone(const Clock& clock, Random& random,
                                          RegistryLimits limits) {
  return make({clock, random, LocalNameHub::make()->join("local"),
               LocalBusHub::make()->join("local"), limits});
}

Registry::~Registry() {
  common_->bus->leave();
  common_->names->leave();
}

void Registry::add_loop(std::shared_ptr<actor::Door> door, Fanout& fanout) {
  common_->loops.add(std::move(door), fanout);
}

void Registry::stop() {
  if (!common_->stop()) return;
  common_->bus->leave();
  common_->names->leave();
  const std::shared_lock lock(mutex_);
  for (const auto& [pool, scope] : scopes_) scope->names().stop();
}

Scope& Registry::scope(std::string_view pool) {
  if (Scope* known = find_scope(pool)) return *known;
  const std::lock_guard lock(mutex_);
  auto& scope = scopes_[std::string(pool)];
  if (!scope) scope = std::make_unique<Scope>(common_, std::string(pool));
  return *scope;
}

Scope* Registry::find_scope(std::string_view pool) const {
  const std::shared_lock lock(mutex_);
  const auto found = scopes_.find(pool);
  return found == scopes_.end() ? nullptr : found->second.get();
}

std::uint64_t Registry::lost_to_full_loops() const {
  return common_->lost_to_full_loops.load();
}

std::size_t Registry::bytes_under_way(std::size_t loop) const {
  return common_->loops.bytes_under_way(loop);
}

// A pool that nobody has used here has no members here.
void Registry::on_publication(std::string_view, const PoolKey& group, const BusMessage& message) {
  if (Scope* scope = find_scope(group.pool)) (void)scope->publish_here(group.name, message, {});
}

void Registry::on_request(std::string_view, std::string_view request,
                          Function<void(std::string)> answer) {
  const auto decoded = decode_request(request);
  if (!decoded) return answer({});
  if (const auto* send = std::get_if<SendToName>(&*decoded)) {
    Scope* scope = find_scope(send->key.pool);
    if (!scope) return answer(encode(NamePosted::no_such_name));
    const actor::TextLetter letter{send->type, SharedBytes(send->payload)};
    return answer(encode(scope->names().send_here(send->key.name, letter)));
  }
  const auto& yield = std::get<YieldName>(*decoded);
  Scope* scope = find_scope(yield.key.pool);
  const bool yielded = scope && scope->names().yield(yield.key.name, yield.claim);
  answer(encode(yielded ? NamePosted::queued : NamePosted::no_such_name));
}

// Not under the lock: sessions are told, and claims asked again.
void Registry::lease_lost(std::uint64_t life) {
  std::vector<Scope*> all;
  {
    const std::shared_lock lock(mutex_);
    for (const auto& [pool, scope] : scopes_) all.push_back(scope.get());
  }
  for (Scope* scope : all) scope->names().lease_lost(life);
}

}  // namespace orrery::registry
