// ChatGear is rooms in which people talk: a page for browsers, and JSON messages for everybody.
//
// Owner   whoever mounts it, until the server has ended.
// Thread  routes() before the server starts.
// Limit   ChatLimits; beyond those told in the welcome: an "error" answer, no disconnect.
// Why     the protocol is in README.md: people write clients for it.
#pragma once

#include <chrono>
#include <cstddef>
#include <string_view>

#include "orrery/router.h"

namespace orrery::gears {

/// In characters (code points); page.html knows the first three.
struct ChatLimits {
  static constexpr std::size_t name_characters = 32;
  static constexpr std::size_t room_characters = 64;
  static constexpr std::size_t text_characters = 2000;
  static constexpr std::size_t key_characters = 64;
  static constexpr std::size_t message_bytes = 32 * 1024;  // the longest text, escaped, has room
  static constexpr std::size_t room_people = 500;          // of a room, on one node; "error"
  static constexpr std::size_t kept_lines = 100;           // of a room; older ones are a gap
  static constexpr std::chrono::seconds kept_time{3600};   // of a line
  static constexpr std::size_t kept_empty_rooms = 100;     // the one empty for longest is forgotten
  static constexpr std::size_t listed_servers = 8;         // in the page's query: 400
};

class ChatGear final : public Gear {
 public:
  [[nodiscard]] std::string_view name() const override { return "chat"; }
  void routes(Router& routes) override;
};

}  // namespace orrery::gears
