// `orrery doctor` for the listeners of a configuration.
//
// Thread  one.
#pragma once

#include <iosfwd>

#include "cli/command_line.h"
#include "config/load.h"

namespace orrery::app {

/// A line per check, with what to do; Exit::failed if the server could not run here.
cli::Exit examine_machine(const config::Loaded& configuration, std::ostream& out,
                          std::ostream& errors);

}  // namespace orrery::app
