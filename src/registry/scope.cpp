#include "registry/scope.h"

#include <utility>

#include "registry/common.h"

namespace orrery::registry {

Scope::Scope(std::shared_ptr<Common> common, std::string pool)
    : common_(std::move(common)),
      pool_(std::move(pool)),
      names_(std::make_shared<Names>(common_, pool_)) {}

Scope::Shard& Scope::shard_of(std::string_view name) const {
  return shards_[TextHash{}(name) % shards];
}

std::shared_ptr<Group> Scope::find(std::string_view name) const {
  const Shard& shard = shard_of(name);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.groups.find(name);
  return found == shard.groups.end() ? nullptr : found->second;
}

std::shared_ptr<Group> Scope::find_or_make(std::string_view name) {
  Shard& shard = shard_of(name);
  const std::lock_guard lock(shard.mutex);
  auto found = shard.groups.find(name);
  if (found == shard.groups.end()) {
    auto group = std::make_shared<Group>(common_, pool_, std::string(name));
    found = shard.groups.emplace(std::string(name), std::move(group)).first;
  }
  return found->second;
}

// Whoever has found the group just now and is about to use it is told that it retired, and looks
// again.
void Scope::retire_if_idle(Group& group) {
  std::shared_ptr<Group> gone;
  Shard& shard = shard_of(group.name());
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.groups.find(group.name());
  if (found == shard.groups.end() || found->second.get() != &group) return;
  if (!group.retire_if_idle()) return;
  gone = std::move(found->second);
  shard.groups.erase(found);
}

std::shared_ptr<Group> Scope::join(std::string_view name, const Address& who,
                                   std::string_view metadata) {
  for (;;) {
    auto group = find_or_make(name);
    if (group->join(who, metadata, nullptr, nullptr) == Group::Answer::done) return group;
  }
}

Joined Scope::join_since(std::string_view name, const Address& who, const Position& since,
                         std::string_view metadata) {
  for (;;) {
    Joined joined{find_or_make(name), {Recovery::Kind::gap, {}, {}}};
    if (joined.group->join(who, metadata, &since, &joined.recovery) == Group::Answer::done)
      return joined;
  }
}

void Scope::leave(Group& group, const Address& who) {
  if (group.leave(who)) retire_if_idle(group);
}

void Scope::leave(std::string_view name, const Address& who) {
  if (const auto group = find(name)) leave(*group, who);
}

std::size_t Scope::publish_here(std::string_view name, const BusMessage& message,
                                const Address& except) {
  const auto group = find(name);
  return group ? group->publish(message.type, message.payload, except) : 0;
}

std::size_t Scope::publish(std::string_view name, MessageType type, const SharedBytes& payload,
                           const Address& except) {
  if (common_->stopped()) return 0;
  const std::size_t memberships = publish_here(name, {type, payload}, except);
  if (!common_->bus->alone()) common_->bus->publish({pool_, std::string(name)}, {type, payload});
  return memberships;
}

std::size_t Scope::publish(Group& group, MessageType type, const SharedBytes& payload,
                           const Address& except) {
  if (group.retired()) return publish(group.name(), type, payload, except);
  if (common_->stopped()) return 0;
  const std::size_t memberships = group.publish(type, payload, except);
  if (!common_->bus->alone()) common_->bus->publish({pool_, group.name()}, {type, payload});
  return memberships;
}

std::vector<Member> Scope::track(std::string_view name, const Address& watcher) {
  for (;;) {
    std::vector<Member> snapshot;
    if (find_or_make(name)->track(watcher, snapshot) == Group::Answer::done) return snapshot;
  }
}

void Scope::untrack(std::string_view name, const Address& watcher) {
  const auto group = find(name);
  if (group && group->untrack(watcher)) retire_if_idle(*group);
}

Gathered<std::vector<Member>> Scope::members(std::string_view name) const {
  const auto group = find(name);
  return {group ? group->members() : std::vector<Member>{}, common_->bus->alone()};
}

Gathered<std::size_t> Scope::count(std::string_view name) const {
  const auto group = find(name);
  return {group ? group->count() : 0, common_->bus->alone()};
}

void Scope::keep_history(std::string_view name, const History& history) {
  for (;;) {
    const auto group = find_or_make(name);
    if (group->keep_history(history) != Group::Answer::done) continue;
    if (history.messages == 0) retire_if_idle(*group);
    return;
  }
}

std::size_t Scope::groups() const {
  std::size_t sum = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    sum += shard.groups.size();
  }
  return sum;
}

}  // namespace orrery::registry
