// HomeGear is the page at "/": it says what runs here and links to it.
//
// Owner   whoever mounts it, until the server has ended.
// Thread  routes() before the server starts.
// Limit   none of its own; the page is built once.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "orrery/router.h"

namespace orrery::gears {

/// How a visitor of the home page reaches a gear.
enum class Door : std::uint8_t {
  page,    // a link
  socket,  // a WebSocket that echoes: the home page offers to try it
  none,    // it is only named
};

/// A line of the home page.
struct HomeEntry {
  std::string title;        // "Chat"
  std::string path;         // where it is mounted: "/chat"
  std::string description;  // one sentence
  Door door = Door::page;
};

class HomeGear final : public Gear {
 public:
  explicit HomeGear(std::vector<HomeEntry> entries);

  [[nodiscard]] std::string_view name() const override { return "home"; }
  void routes(Router& routes) override;

 private:
  std::string page_;
};

}  // namespace orrery::gears
