// `orrery routes`: what is served where, as the configuration mounts it.
//
// Thread  one.
#pragma once

#include <iosfwd>

#include "cli/command_line.h"
#include "config/load.h"
#include "orrery/orrery.h"

namespace orrery::app {

/// A line per route: gear, host, method, path, pool, limits.
void print_routes(const Router& routes, const ServerOptions& options, std::ostream& out);

/// The same for the gears of a configuration.
cli::Exit print_routes(const config::Loaded& configuration, std::ostream& out,
                       std::ostream& errors);

}  // namespace orrery::app
