// The commands that ask a running server: they find its admin listener through the configuration.
//
// Thread  one, which waits for the answer.
#pragma once

#include <iosfwd>
#include <string_view>

#include "cli/command_line.h"
#include "config/load.h"

namespace orrery::cli {

/// `orrery drain`: the drain has begun when it returns; it does not wait for its end.
Exit drain_server(const config::Loaded& loaded, std::ostream& out, std::ostream& errors);
/// `orrery reload`: says which changed keys act now, and which need a restart.
Exit reload_server(const config::Loaded& loaded, std::ostream& out, std::ostream& errors);
/// `orrery status`: one line per fact, or the JSON as it came.
Exit print_status(const config::Loaded& loaded, Form form, std::ostream& out, std::ostream& errors);
/// `orrery kick ID`: closes a session with 4002; an id that no session has is an error.
Exit kick_session(const config::Loaded& loaded, std::string_view id, std::ostream& out,
                  std::ostream& errors);

}  // namespace orrery::cli
