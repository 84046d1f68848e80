#include "registry/groups.h"

namespace orrery::registry {

void Groups::join(std::string_view group, SlotId member) {
  auto found = groups_.find(group);
  if (found == groups_.end()) found = groups_.emplace(group, Group{}).first;
  auto& [members, places] = found->second;
  if (!places.emplace(member.slot, members.size()).second) return;
  members.push_back(member);
  memberships_.fetch_add(1, std::memory_order_relaxed);
}

void Groups::leave(std::string_view group, SlotId member) {
  const auto found = groups_.find(group);
  if (found == groups_.end()) return;
  auto& [members, places] = found->second;
  const auto place = places.find(member.slot);
  if (place == places.end()) return;
  const std::size_t index = place->second;
  members[index] = members.back();
  places[members[index].slot] = index;
  places.erase(member.slot);
  members.pop_back();
  memberships_.fetch_sub(1, std::memory_order_relaxed);
  if (members.empty()) groups_.erase(found);
}

std::span<const SlotId> Groups::members(std::string_view group) const {
  const auto found = groups_.find(group);
  if (found == groups_.end()) return {};
  return found->second.members;
}

}  // namespace orrery::registry
