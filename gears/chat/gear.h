// ChatGear is rooms in which people talk: a page for browsers, and JSON messages for everybody.
//
// Owner   whoever mounts it, until the server has ended.
// Thread  routes() before the server starts.
// Limit   ChatLimits, told to clients in the welcome; beyond them an "error" answer, no disconnect.
// Why     the protocol is in README.md: people write clients for it.
#pragma once

#include <cstddef>
#include <string_view>

#include "orrery/router.h"

namespace orrery::gears {

/// In characters (code points); page.html knows the same numbers.
struct ChatLimits {
  static constexpr std::size_t name_characters = 32;
  static constexpr std::size_t room_characters = 64;
  static constexpr std::size_t text_characters = 2000;
  static constexpr std::size_t message_bytes = 32 * 1024;  // the longest text, escaped, has room
};

class ChatGear final : public Gear {
 public:
  [[nodiscard]] std::string_view name() const override { return "chat"; }
  void routes(Router& routes) override;
};

}  // namespace orrery::gears
