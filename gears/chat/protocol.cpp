#include "gears/chat/protocol.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <optional>
#include <utility>

#include "gears/chat/gear.h"

namespace orrery::gears::chat {
namespace {

namespace json = boost::json;

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

// C0, DEL and C1 controls, and those that turn the direction of what follows: none has a place in
// a name, where they could make one look like another.
bool has_control(std::string_view utf8) {
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    const auto byte = static_cast<unsigned char>(utf8[i]);
    if (byte < 0x20 || byte == 0x7f) return true;
    const auto rest = utf8.substr(i);
    if (rest.size() >= 2 && byte == 0xc2 && static_cast<unsigned char>(rest[1]) < 0xa0) return true;
    for (const auto* turn : {"\u200e", "\u200f", "\u202a", "\u202b", "\u202c", "\u202d", "\u202e",
                             "\u2066", "\u2067", "\u2068", "\u2069"})
      if (rest.starts_with(turn)) return true;
  }
  return false;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view space = " \t\r\n";
  const auto first = text.find_first_not_of(space);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(space) - first + 1);
}

std::optional<std::string_view> member(const json::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return std::string_view(value->get_string());
}

Refused too_long(std::string_view what, std::size_t has, std::size_t limit) {
  return {std::string(what) + " has " + std::to_string(has) + " characters; at most " +
          std::to_string(limit) + " are allowed"};
}

// The epoch is a string: as a number, JavaScript would round it.
std::optional<Position> read_position(const json::value& value) {
  const auto* object = value.if_object();
  if (object == nullptr) return std::nullopt;
  const auto epoch = member(*object, "epoch");
  const auto* offset = object->if_contains("offset");
  if (!epoch || offset == nullptr || !offset->is_number()) return std::nullopt;
  Position position;
  const char* const end = epoch->data() + epoch->size();
  const auto [stop, broken] = std::from_chars(epoch->data(), end, position.epoch);
  if (broken != std::errc{} || stop != end) return std::nullopt;
  json::error_code inexact;
  position.offset = offset->to_number<std::uint64_t>(inexact);
  if (inexact) return std::nullopt;
  return position;
}

FromClient read_join(const json::object& object) {
  const auto given = member(object, "name");
  if (!given) return Refused{"a join needs a \"name\", a string"};
  const auto name = trimmed(*given);
  if (name.empty()) return Refused{"the name is empty"};
  if (characters(name) > ChatLimits::name_characters)
    return too_long("the name", characters(name), ChatLimits::name_characters);
  if (has_control(name)) return Refused{"the name has a control character"};
  Join join{std::string(name)};
  if (object.contains("key")) {
    const auto key = member(object, "key");
    if (!key) return Refused{"a \"key\" is a string"};
    if (characters(*key) > ChatLimits::key_characters)
      return too_long("the key", characters(*key), ChatLimits::key_characters);
    join.key = *key;
  }
  if (const auto* since = object.if_contains("since")) {
    join.since = read_position(*since);
    if (!join.since) return Refused{"\"since\" is a \"position\" as the chat has told it"};
  }
  return join;
}

FromClient read_say(const json::object& object) {
  const auto text = member(object, "text");
  if (!text) return Refused{"a say needs a \"text\", a string"};
  if (trimmed(*text).empty()) return Refused{"the text is empty"};
  if (characters(*text) > ChatLimits::text_characters)
    return too_long("the text", characters(*text), ChatLimits::text_characters);
  return Say{std::string(*text)};
}

bool is_utf8(std::string_view text) {
  json::error_code broken;
  json::parse(json::serialize(json::string(text)), broken);  // a parser that checks
  return !broken;
}

json::object event(std::string_view type) {
  return {{"type", type}};
}

json::object as_json(const Position& position) {
  return {{"epoch", std::to_string(position.epoch)}, {"offset", position.offset}};
}

json::object as_json(const Line& line, const Position& position, Whose whose) {
  auto object = event("says");
  object["name"] = line.name;
  object["text"] = line.text;
  object["position"] = as_json(position);
  if (whose == Whose::mine) object["mine"] = true;
  return object;
}

json::array names_of(const std::vector<Member>& people) {
  json::array names;
  names.reserve(people.size());
  for (const auto& each : people) names.emplace_back(each.metadata);
  return names;
}

std::string_view name_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::none: return "";
    case ErrorCode::name_taken: return "nameTaken";
    case ErrorCode::room_full: return "roomFull";
    case ErrorCode::try_again: return "tryAgain";
  }
  return "";
}

}  // namespace

FromClient read(std::string_view text) {
  json::error_code broken;
  const auto value = json::parse(text, broken);
  if (broken) return Refused{"not JSON: " + broken.message()};
  if (!value.is_object()) return Refused{"not a JSON object"};
  const auto type = member(value.get_object(), "type");
  if (!type) return Refused{"no \"type\": \"join\" or \"say\""};
  if (*type == "join") return read_join(value.get_object());
  if (*type == "say") return read_say(value.get_object());
  return Refused{"unknown \"type\"; known are \"join\" and \"say\""};
}

bool is_room(std::string_view room) {
  return !trimmed(room).empty() && is_utf8(room) && !has_control(room) &&
         characters(room) <= ChatLimits::room_characters;
}

std::string welcome(std::string_view room) {
  auto object = event("welcome");
  object["room"] = room;
  object["nameCharacters"] = ChatLimits::name_characters;
  object["textCharacters"] = ChatLimits::text_characters;
  return json::serialize(object);
}

// A name has no line feed in it.
std::string packed(const Line& line) {
  return std::string(line.name).append("\n").append(line.text);
}

Line unpacked(std::string_view published) {
  const auto end = std::min(published.find('\n'), published.size());
  return {published.substr(0, end), published.substr(std::min(end + 1, published.size()))};
}

std::string entered(const Entrance& entrance) {
  auto object = event("joined");
  object["name"] = entrance.name;
  object["mine"] = true;
  object["people"] = names_of(entrance.people);
  object["position"] = as_json(entrance.recovery.now);
  if (!entrance.comes_back) return json::serialize(object);
  if (entrance.recovery.kind == Recovery::Kind::gap) {
    object["gap"] = true;
    return json::serialize(object);
  }
  json::array missed;
  for (const auto& past : entrance.recovery.missed) {
    const Line line = unpacked(past.payload);
    const auto whose = line.name == entrance.name ? Whose::mine : Whose::somebodys;
    missed.emplace_back(as_json(line, past.position, whose));
  }
  object["missed"] = std::move(missed);
  return json::serialize(object);
}

std::string joined(std::string_view name) {
  auto object = event("joined");
  object["name"] = name;
  return json::serialize(object);
}

std::string left(std::string_view name) {
  auto object = event("left");
  object["name"] = name;
  return json::serialize(object);
}

std::string says(const Line& line, const Position& position, Whose whose) {
  return json::serialize(as_json(line, position, whose));
}

std::string error(std::string_view reason, ErrorCode code) {
  auto object = event("error");
  object["reason"] = reason;
  if (code != ErrorCode::none) object["code"] = name_of(code);
  return json::serialize(object);
}

}  // namespace orrery::gears::chat
