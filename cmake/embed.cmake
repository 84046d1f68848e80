# cmake -DFROM=folder -DTO=files.cpp -DFOLDER=cli -DNAME=new_gear -P embed.cmake: the files *.in of
# a folder, without that ending, as pairs of name and text in C++.
file(GLOB files RELATIVE ${FROM} ${FROM}/*.in)
set(rows "")
foreach(file ${files})
  file(READ ${FROM}/${file} bytes)
  string(REGEX REPLACE "\\.in$" "" file ${file})
  string(APPEND rows "    {\"${file}\", R\"orrery_file(${bytes})orrery_file\"},\n")
endforeach()
file(WRITE ${TO} "#include \"${FOLDER}/embedded_file.h\"

namespace orrery::${FOLDER} {
namespace {
constexpr EmbeddedFile files[] = {
${rows}};
}  // namespace
extern const std::span<const EmbeddedFile> ${NAME}_files;
const std::span<const EmbeddedFile> ${NAME}_files = files;
}  // namespace orrery::${FOLDER}
")
