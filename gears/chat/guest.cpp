#include "gears/chat/guest.h"

#include <chrono>
#include <utility>
#include <variant>

#include "gears/chat/gear.h"

namespace orrery::gears::chat {
namespace {

// To oneself: claim the name once more.
constexpr std::string_view try_again = "try again";
constexpr milliseconds try_again_after{100};
constexpr int most_tries = 2;

// As `since` of one that comes for the first time: of no history, so nothing counts as missed.
constexpr Position nowhere{0, 1};

std::string request_to_give_way(const std::string& key) {
  return "give way to " + key;
}

}  // namespace

void Guest::on_open(Session& client) {
  const auto room = client.request().param("room");
  group_ = "chat:";
  group_ += room;
  client.send(welcome(room));
}

void Guest::on_message(Session& client, Message message) {
  if (message.is_binary())
    return client.send(error("binary message; the chat speaks JSON in text"));
  auto wish = read(message.text());
  if (auto* join = std::get_if<Join>(&wish)) return ask(client, std::move(*join));
  if (const auto* said = std::get_if<Say>(&wish)) return say(client, *said);
  client.send(error(std::get<Refused>(wish).reason));
}

// From the room, from itself, or from whoever claims to be the same person.
void Guest::on_server_message(Session& client, ServerMessage message) {
  if (!message.group().empty())
    pass_on(client, message);
  else if (message.text() == try_again && stage_ == Stage::asking)
    claim(client);
  else if (stage_ == Stage::inside && !wish_.key.empty() &&
           message.text() == request_to_give_way(wish_.key))
    give_way(client);
}

// Names are unique in a room, so a line under this name is its own.
void Guest::pass_on(Session& client, const ServerMessage& message) {
  const Line line = unpacked(message.text());
  const auto whose = line.name == wish_.name ? Whose::mine : Whose::somebodys;
  client.send(says(line, message.position(), whose));
}

void Guest::on_presence(Session& client, const Presence& who) {
  client.send(who.kind == Presence::Kind::joined ? joined(who.metadata) : left(who.metadata));
}

void Guest::on_close(Session& client, const CloseCause&) {
  go(client);
}

// Two rooms may have an Ada each; a line feed is in neither of the two names.
std::string Guest::registered_name() const {
  return group_ + "\n" + wish_.name;
}

void Guest::ask(Session& client, Join wish) {
  if (stage_ == Stage::inside) return client.send(error("joined already, as " + wish_.name));
  if (stage_ == Stage::asking) return client.send(error("joining already, as " + wish_.name));
  wish_ = std::move(wish);
  stage_ = Stage::asking;
  tries_ = 0;
  claim(client);
}

void Guest::claim(Session& client) {
  client.register_name(registered_name(), [this](Session& session, const NameAnswer& answer) {
    answered(session, answer);
  });
}

void Guest::answered(Session& client, const NameAnswer& answer) {
  switch (answer.kind) {
    case NameAnswer::Kind::registered: return enter(client);
    case NameAnswer::Kind::taken: return name_taken(client);
    case NameAnswer::Kind::unavailable:
      return stay_outside(client, "names can't be given out at the moment; try again",
                          ErrorCode::try_again);
  }
}

// Who comes back may be here still, on a connection that nobody has found broken yet: whoever has
// the key of that one takes its place.
void Guest::name_taken(Session& client) {
  if (wish_.key.empty() || tries_++ == most_tries)
    return stay_outside(client, "somebody in this room is called " + wish_.name,
                        ErrorCode::name_taken);
  (void)client.sender().send_to_name(registered_name(), request_to_give_way(wish_.key));
  client.post_after(try_again_after, try_again);
}

void Guest::enter(Session& client) {
  if (rooms_->enter(client, group_) == Rooms::Entry::full) {
    client.unregister_name(registered_name());
    return stay_outside(client, "the room is full", ErrorCode::room_full);
  }
  stage_ = Stage::inside;
  const Recovery recovery = client.join(group_, wish_.since.value_or(nowhere), wish_.name);
  const auto people = client.track(group_);
  client.send(entered({wish_.name, people, recovery, wish_.since.has_value()}));
}

void Guest::stay_outside(Session& client, std::string_view reason, ErrorCode code) {
  stage_ = Stage::outside;
  client.send(error(reason, code));
}

// It comes to this member too, with its number.
void Guest::say(Session& client, const Say& say) {
  if (stage_ != Stage::inside) return client.send(error("join first"));
  client.publish(group_, packed({wish_.name, say.text}));
}

// At once: the client at the other end may never answer the close.
void Guest::give_way(Session& client) {
  client.leave(group_);
  client.unregister_name(registered_name());
  go(client);
  client.close(4000, "you came back on another connection");
}

void Guest::go(Session& client) {
  if (std::exchange(stage_, Stage::outside) == Stage::inside) rooms_->leave(client, group_);
}

}  // namespace orrery::gears::chat
