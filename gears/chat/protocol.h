// What clients and the chat say to each other, in JSON: README.md describes it for people.
//
// Thread  none: pure functions.
// Limit   ChatLimits; what is beyond becomes Refused, with a reason that a person can act on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "orrery/message.h"
#include "orrery/session_waits.h"

namespace orrery::gears::chat {

struct Join {
  std::string name;
  std::string key{};                // empty: nobody may take this place over
  std::optional<Position> since{};  // of one that comes back
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

/// What is published to a room: who said it, and what. Each member puts it in JSON for its client.
struct Line {
  std::string_view name;
  std::string_view text;
};
[[nodiscard]] std::string packed(const Line& line);
[[nodiscard]] Line unpacked(std::string_view published);

enum class Whose : bool { somebodys, mine };  // mine: the receiver is who said it
/// What a client need not read the reason for.
enum class ErrorCode : std::uint8_t { none, name_taken, room_full, try_again };

/// All that one who enters is told, in one message.
struct Entrance {
  std::string_view name;
  const std::vector<Member>& people;
  const Recovery& recovery;
  bool comes_back;  // so it is told what it missed
};

[[nodiscard]] std::string welcome(std::string_view room);
[[nodiscard]] std::string entered(const Entrance& entrance);
[[nodiscard]] std::string joined(std::string_view name);
[[nodiscard]] std::string left(std::string_view name);
[[nodiscard]] std::string says(const Line& line, const Position& position, Whose whose);
[[nodiscard]] std::string error(std::string_view reason, ErrorCode code = ErrorCode::none);

}  // namespace orrery::gears::chat
