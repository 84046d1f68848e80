// `orrery drain`: tells the server that runs to say goodbye, and waits for its end if that is
// asked.
//
// Thread  one, which waits.
// Limit   --timeout; without it drain.deadline and five seconds.
#pragma once

#include <iosfwd>

#include "cli/command_line.h"
#include "config/load.h"

namespace orrery::cli {

/// Without --wait the drain has begun when it returns. With it, no process answers any more at the
/// admin listener, or a new one does; Exit::failed if that took too long. While somebody watches,
/// `errors` shows how many sessions are left.
Exit drain_server(const config::Loaded& loaded, const DrainWish& wish, Watched watched,
                  std::ostream& out, std::ostream& errors);

}  // namespace orrery::cli
