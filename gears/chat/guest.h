// A Guest is one client in one room: it asks for a name, hears the room from then on, and speaks.
//
// Owner   its session.
// Thread  the session's loop.
// Limit   ChatLimits.
// Why     a nickname is a registered name, so nobody else in the room has it; the room is a group
//         with a history, so each line has a number; who is there is the group's presence.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "gears/chat/protocol.h"
#include "gears/chat/rooms.h"
#include "orrery/session.h"

namespace orrery::gears::chat {

class Guest {
 public:
  explicit Guest(std::shared_ptr<Rooms> rooms) : rooms_(std::move(rooms)) {}

  void on_open(Session& client);
  void on_message(Session& client, Message message);
  void on_server_message(Session& client, ServerMessage message);
  void on_presence(Session& client, const Presence& who);
  void on_close(Session& client, const CloseCause& cause);

 private:
  enum class Stage : std::uint8_t { outside, asking, inside };

  void pass_on(Session& client, const ServerMessage& message);
  void ask(Session& client, Join wish);
  void claim(Session& client);
  void answered(Session& client, const NameAnswer& answer);
  void name_taken(Session& client);
  void enter(Session& client);
  void stay_outside(Session& client, std::string_view reason, ErrorCode code);
  void say(Session& client, const Say& say);
  void give_way(Session& client);
  void go(Session& client);
  [[nodiscard]] std::string registered_name() const;

  std::shared_ptr<Rooms> rooms_;
  std::string group_{};
  Join wish_{};  // the name is this client's once it is inside
  Stage stage_ = Stage::outside;
  int tries_ = 0;  // to get its name back from an older connection of its own
};

}  // namespace orrery::gears::chat
