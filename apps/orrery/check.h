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

/// What is wrong though each key is accepted: certificates, two listeners at one place, an
/// io_uring that this machine forbids.
std::vector<std::string> faults_beyond(const config::Tree& tree);

/// What is accepted, but should not stay so: secrets that can be guessed, or read by others.
std::vector<config::Diagnostic> warnings_beyond(const config::Loaded& loaded);

cli::Exit check_configuration(const config::Loaded& loaded, std::ostream& out,
                              std::ostream& errors);

}  // namespace orrery::app
