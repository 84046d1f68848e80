// `orrery config check`: all that serve would refuse to start with, as far as it can be seen
// without opening a listener.
//
// Thread  one.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "cli/command_line.h"
#include "config/load.h"

namespace orrery::app {

/// What is wrong though each key is accepted: certificates, two listeners at one place.
std::vector<std::string> faults_beyond(const config::Tree& tree);

cli::Exit check_configuration(const config::Loaded& loaded, std::ostream& out,
                              std::ostream& errors);

}  // namespace orrery::app
