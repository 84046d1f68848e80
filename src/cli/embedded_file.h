// An EmbeddedFile is a file of the source tree that is built into the program: see orrery_embed()
// in cmake/folders.cmake.
//
// Owner   nobody: it lies in the program's constant data.
#pragma once

#include <span>
#include <string_view>

namespace orrery::cli {

struct EmbeddedFile {
  std::string_view name;
  std::string_view text;
};

}  // namespace orrery::cli
