// The commands that are about the configuration alone.
//
// Thread  one.
#pragma once

#include <iosfwd>

#include "cli/command_line.h"
#include "config/load.h"

namespace orrery::cli {

/// File, environment and --set together; a file that can't be read is an error among the others.
config::Loaded load_configuration(const CommandLine& line);

/// Prints one diagnostic per line: errors, and warnings marked as such.
void print_diagnostics(const config::Loaded& loaded, std::ostream& out);

Exit check_configuration(const config::Loaded& loaded, std::ostream& out, std::ostream& errors);
/// With what the key is in this configuration, even if that has mistakes.
Exit explain_key(const std::string& key, const config::Loaded& loaded, std::ostream& out,
                 std::ostream& errors);

/// What needs no more than to be printed: defaults, schema, version, help.
Exit print(std::string_view text, std::ostream& out);

}  // namespace orrery::cli
