# cmake -DFROM=page.html -DTO=page.cpp -DGEAR=chat -P embed.cmake: a file as a string_view in C++.
file(READ ${FROM} bytes)
file(WRITE ${TO} "#include <string_view>

namespace orrery::gears::${GEAR} {
extern const std::string_view page;
const std::string_view page = R\"orrery_page(${bytes})orrery_page\";
}  // namespace orrery::gears::${GEAR}
")
