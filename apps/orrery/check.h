// `orrery config check`: all that serve would refuse to start with, as far as it can be seen
// without opening a listener.
//
// Thread  one.
#pragma once

#include "config/load.h"
#include "observe/log.h"

namespace orrery::app {

/// The same with what only a look beyond the keys finds: clashing places, routes that can't be,
/// certificates, an io_uring that this machine forbids; and warnings of secrets.
config::Loaded looked_through(config::Loaded loaded);

/// Warnings, and keys that do not act.
void log_remarks(const config::Loaded& configuration, observe::Log& log);

}  // namespace orrery::app
