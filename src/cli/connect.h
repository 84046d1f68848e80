// `orrery connect`: lines in, frames out, at a terminal or between pipes.
//
// Thread  one. It blocks SIGINT, SIGTERM and SIGHUP, and takes the first as: say goodbye.
#pragma once

#include <iosfwd>

#include "cli/command_line.h"
#include "cli/connect_options.h"

namespace orrery::cli {

/// `input`: a descriptor. If it is a terminal, it is one that somebody types at, and `out` and
/// `errors` are assumed to be on it, too.
Exit connect(const ConnectOptions& options, int input, std::ostream& out, std::ostream& errors);

}  // namespace orrery::cli
