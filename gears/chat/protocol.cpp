#include "gears/chat/protocol.h"

#include <algorithm>
#include <boost/json.hpp>
#include <optional>

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

FromClient read_join(const json::object& object) {
  const auto given = member(object, "name");
  if (!given) return Refused{"a join needs a \"name\", a string"};
  const auto name = trimmed(*given);
  if (name.empty()) return Refused{"the name is empty"};
  if (characters(name) > ChatLimits::name_characters)
    return too_long("the name", characters(name), ChatLimits::name_characters);
  if (has_control(name)) return Refused{"the name has a control character"};
  return Join{std::string(name)};
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

json::object marked(json::object object, Whose whose) {
  if (whose == Whose::mine) object["mine"] = true;
  return object;
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

std::string joined(std::string_view name, Whose whose) {
  auto object = event("joined");
  object["name"] = name;
  return json::serialize(marked(std::move(object), whose));
}

std::string says(std::string_view name, std::string_view text, Whose whose) {
  auto object = event("says");
  object["name"] = name;
  object["text"] = text;
  return json::serialize(marked(std::move(object), whose));
}

std::string left(std::string_view name) {
  auto object = event("left");
  object["name"] = name;
  return json::serialize(object);
}

std::string error(std::string_view reason) {
  auto object = event("error");
  object["reason"] = reason;
  return json::serialize(object);
}

}  // namespace orrery::gears::chat
