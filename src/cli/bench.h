// `orrery bench`: opens sessions, loads the server with them, and reports.
//
// Thread  one, which waits; the load has threads of its own. It blocks SIGINT and SIGTERM, and
// takes
//         the first as: enough, report what there is.
#pragma once

#include <iosfwd>

#include "cli/bench_options.h"
#include "cli/command_line.h"

namespace orrery::cli {

Exit bench(const BenchOptions& options, std::ostream& out, std::ostream& errors, Watched watched);

}  // namespace orrery::cli
