// The home page with a place for its entries, built into the program from page.html.
#pragma once

#include <string_view>

namespace orrery::gears::home {

extern const std::string_view page;

}  // namespace orrery::gears::home
