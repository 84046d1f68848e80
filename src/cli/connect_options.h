// What `orrery connect` is asked to do.
//
// Owner   a plain value.
#pragma once

#include <chrono>
#include <string_view>

#include "cli/client_options.h"
#include "websocket/opcode.h"

namespace orrery::cli {

struct ConnectOptions {
  ClientOptions client{};
  websocket::Opcode opcode = websocket::Opcode::text;  // of what is typed
  std::chrono::milliseconds wait{1000};                // for answers, after the end of a pipe
  bool compression = true;                             // permessage-deflate is offered
};

void add_connect_options(CLI::App& command, ConnectOptions& options);
/// What `orrery connect --help` prints.
[[nodiscard]] std::string_view connect_help();

}  // namespace orrery::cli
