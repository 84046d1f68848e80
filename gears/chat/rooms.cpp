#include "gears/chat/rooms.h"

#include <utility>

#include "gears/chat/gear.h"

namespace orrery::gears::chat {

// Groups are scoped by pool, and so are rooms.
std::string Rooms::key_of(const Session& client, std::string_view group) {
  return std::string(client.pool()).append("\n").append(group);
}

Rooms::Entry Rooms::enter(const Session& client, const std::string& group) {
  const std::lock_guard lock(mutex_);
  auto [found, is_new] = rooms_.try_emplace(key_of(client, group), Room{client.sender(), group});
  Room& room = found->second;
  if (room.people == ChatLimits::room_people) return Entry::full;
  if (is_new)
    room.sender.keep_history(group, {ChatLimits::kept_lines, ChatLimits::kept_time});
  else if (room.people == 0)
    empty_.erase(std::exchange(room.emptied, 0));
  ++room.people;
  return Entry::entered;
}

void Rooms::leave(const Session& client, const std::string& group) {
  const std::lock_guard lock(mutex_);
  const auto found = rooms_.find(key_of(client, group));
  if (found == rooms_.end() || --found->second.people > 0) return;
  found->second.emptied = ++emptied_;
  empty_.emplace(emptied_, found->first);
  if (empty_.size() <= ChatLimits::kept_empty_rooms) return;
  const auto oldest = rooms_.find(empty_.begin()->second);
  oldest->second.sender.keep_history(oldest->second.group, {.messages = 0});
  rooms_.erase(oldest);
  empty_.erase(empty_.begin());
}

}  // namespace orrery::gears::chat
