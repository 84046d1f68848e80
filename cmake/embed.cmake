# cmake -DFROM=folder -DTO=files.cpp -DFOLDER=cli -DNAME=new_gear -P embed.cmake: the files of a
# folder, as pairs of name (without the ending .in) and text in C++.
file(GLOB files RELATIVE ${FROM} ${FROM}/*)
list(REMOVE_ITEM files README.md)
set(rows "")
foreach(file ${files})
  file(READ ${FROM}/${file} bytes)
  string(REGEX REPLACE "\\.in$" "" file ${file})
  string(APPEND rows "    {\"${file}\", R\"orrery_file(${bytes})orrery_file\"},\n")
endforeach()
file(WRITE ${TO} "#include <span>
#include <string_view>
#include <utility>

namespace orrery::${FOLDER} {
namespace {
using File = std::pair<std::string_view, std::string_view>;
constexpr File files[] = {
${rows}};
}  // namespace
extern const std::span<const File> ${NAME}_files;
const std::span<const File> ${NAME}_files = files;
}  // namespace orrery::${FOLDER}
")
