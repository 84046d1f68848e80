// `orrery new-gear NAME [DIR]`: a project that builds against the installed package, tests
// itself and runs. Its files are those of src/cli/new_gear/, with the name filled in.
//
// Thread  one.
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command_line.h"
#include "orrery/result.h"

namespace orrery::cli {

struct ProjectFile {
  std::string name;
  std::string text;
};

/// The files of the gear `name`, or why it can't be called that. `version` of Orrery, "0.1.0": its
/// major and minor number are what the project asks for.
Result<std::vector<ProjectFile>> project_of(std::string_view name, std::string_view version);

/// Writes them into `folder`, which it makes; empty: ./NAME. What is there is never overwritten.
Exit write_new_gear(const std::string& name, const std::string& folder, std::string_view version,
                    std::ostream& out, std::ostream& errors);

}  // namespace orrery::cli
