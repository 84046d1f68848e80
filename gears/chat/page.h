// The page that browsers get, built into the program from page.html.
#pragma once

#include <string_view>

namespace orrery::gears::chat {

extern const std::string_view page;

}  // namespace orrery::gears::chat
