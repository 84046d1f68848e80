// Rooms counts the people in each room, and decides which empty rooms still remember what was said,
// for those whose connection broke and who come back.
//
// Owner   the chat's route.
// Thread  any; a lock, taken only by those who enter and leave.
// Limit   ChatLimits::room_people: the room is full; kept_empty_rooms: the one that has been empty
//         for longest is forgotten.
// Why     a group that keeps a history is never forgotten by itself, and anybody may make up rooms.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "orrery/session.h"

namespace orrery::gears::chat {

class Rooms {
 public:
  enum class Entry : std::uint8_t { entered, full };

  /// From now on the room's group keeps a history.
  [[nodiscard]] Entry enter(const Session& client, const std::string& group);
  void leave(const Session& client, const std::string& group);

 private:
  struct Room {
    Sender sender;
    std::string group;
    std::size_t people = 0;
    std::uint64_t emptied = 0;  // when it became so, in order; 0: somebody is in it
  };

  [[nodiscard]] static std::string key_of(const Session& client, std::string_view group);

  std::mutex mutex_;  // guards all below
  std::map<std::string, Room, std::less<>> rooms_;
  std::map<std::uint64_t, std::string> empty_;  // by Room::emptied
  std::uint64_t emptied_ = 0;
};

}  // namespace orrery::gears::chat
