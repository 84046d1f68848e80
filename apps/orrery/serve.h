// `orrery serve`: runs the server, and its admin listener, until a signal or an operator drains it.
//
// Thread  the main thread, and the only one when it is called: see BlockedSignals.
#pragma once

#include <functional>
#include <iosfwd>

#include "cli/command_line.h"
#include "config/load.h"

namespace orrery::app {

std::string_view version();

/// Reads the configuration: when the server starts, and for each reload.
using ReadConfiguration = std::function<config::Loaded()>;

/// `listening URL`, `admin URL` and, at the end, `drained: N told, M cut` go to `out`, log lines to
/// `log_out`. SIGTERM drains as configured, SIGINT without delay and spread; a second signal ends
/// the process at once. SIGHUP reads the configuration again.
cli::Exit serve(const ReadConfiguration& read, std::ostream& out, std::ostream& log_out);

}  // namespace orrery::app
