// What clients and the chat say to each other, in JSON: README.md describes it for people.
//
// Thread  none: pure functions.
// Limit   ChatLimits; what is beyond becomes Refused, with a reason that a person can act on.
#pragma once

#include <string>
#include <string_view>
#include <variant>

namespace orrery::gears::chat {

struct Join {
  std::string name;
};
struct Say {
  std::string text;
};
/// Not understood, or not allowed: answered with an "error" message.
struct Refused {
  std::string reason;
};
using FromClient = std::variant<Join, Say, Refused>;

[[nodiscard]] FromClient read(std::string_view json);

/// Whether it is UTF-8, not empty, without control characters and within its limit.
[[nodiscard]] bool is_room(std::string_view room);

enum class Whose : bool { somebodys, mine };  // mine: the receiver is who did it

[[nodiscard]] std::string welcome(std::string_view room);
[[nodiscard]] std::string joined(std::string_view name, Whose whose);
[[nodiscard]] std::string says(std::string_view name, std::string_view text, Whose whose);
[[nodiscard]] std::string left(std::string_view name);
[[nodiscard]] std::string error(std::string_view reason);

}  // namespace orrery::gears::chat
