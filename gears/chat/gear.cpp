#include "gears/chat/gear.h"

#include <string>
#include <utility>
#include <variant>

#include "gears/chat/page.h"
#include "gears/chat/protocol.h"
#include "orrery/session.h"

namespace orrery::gears {
namespace {

// One client in one room. It hears the room from its join on.
class Guest {
 public:
  void on_open(Session& client) {
    const auto room = client.request().param("room");
    group_ = "chat:";
    group_ += room;
    client.send(chat::welcome(room));
  }

  void on_message(Session& client, Message message) {
    if (message.is_binary()) return refuse(client, "binary message; the chat speaks JSON in text");
    auto wish = chat::read(message.text());
    if (auto* join = std::get_if<chat::Join>(&wish)) return this->join(client, std::move(*join));
    if (const auto* say = std::get_if<chat::Say>(&wish)) return this->say(client, *say);
    refuse(client, std::get<chat::Refused>(wish).reason);
  }

  void on_close(Session& client, const CloseCause&) {
    if (has_joined()) client.publish_to_others(group_, chat::left(name_));
  }

 private:
  [[nodiscard]] bool has_joined() const { return !name_.empty(); }

  void join(Session& client, chat::Join join) {
    if (has_joined()) return refuse(client, "joined already, as " + name_);
    name_ = std::move(join.name);
    client.join(group_);
    client.send(chat::joined(name_, chat::Whose::mine));
    client.publish_to_others(group_, chat::joined(name_, chat::Whose::somebodys));
  }

  void say(Session& client, const chat::Say& say) {
    if (!has_joined()) return refuse(client, "join first");
    client.send(chat::says(name_, say.text, chat::Whose::mine));
    client.publish_to_others(group_, chat::says(name_, say.text, chat::Whose::somebodys));
  }

  static void refuse(Session& client, std::string_view reason) { client.send(chat::error(reason)); }

  std::string group_;
  std::string name_;  // empty until it has joined
};

Admission<> admit(const Handshake& hello) {
  if (!chat::is_room(hello.request.param("room")))
    return reject(400, "a room's name has 1 to " + std::to_string(ChatLimits::room_characters) +
                           " characters, none of them a control character\n");
  return accept();
}

// Everything is in the page: it may fetch nothing, and connect only to where it came from.
constexpr const char* policy =
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

Response show_page(const Request&) {
  return Response::html(std::string(chat::page))
      .with("Content-Security-Policy", policy)
      .with("Cache-Control", "no-cache");
}

}  // namespace

void ChatGear::routes(Router& routes) {
  routes.get("", show_page);
  routes.websocket<Guest>("/rooms/:room")
      .admit(admit)
      .limits({.message_bytes = ChatLimits::message_bytes});
}

}  // namespace orrery::gears
