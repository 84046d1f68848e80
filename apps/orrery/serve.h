// `orrery serve`: runs the server until a signal ends it.
//
// Thread  the main thread, and the only one when it is called: signals are blocked in all threads
// that
//         it starts, and waited for here.
#pragma once

#include <iosfwd>

#include "cli/command_line.h"
#include "config/load.h"

namespace orrery::app {

std::string_view version();

/// `listening URL` lines go to `out`, log lines to `log_out`.
cli::Exit serve(const config::Loaded& configuration, std::ostream& out, std::ostream& log_out);

}  // namespace orrery::app
