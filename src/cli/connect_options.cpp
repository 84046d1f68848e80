#include "cli/connect_options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "config/units.h"

namespace orrery::cli {
namespace {

constexpr std::string_view help = R"(usage: orrery connect URL [OPTION]...

Talks to a WebSocket: each line that is typed is a message, each message that comes is a line.

  URL                 ws://HOST:PORT/PATH, wss://HOST/PATH or ws+unix:SOCKET:/PATH
  --header "N: V"     sends this header too: --header "Authorization: Bearer TOKEN"; repeatable
  --subprotocol NAME  offers this subprotocol; repeatable, the favourite first
  --binary            sends binary messages instead of text
  --no-compression    does not offer permessage-deflate, which is used where the server agrees
  --wait TIME         when the input is no terminal: how long answers are waited for after its end
                      (default 1s)
  --insecure          takes any certificate (wss)
  --ca FILE           trusts the certificates in this PEM file instead of the system's (wss)

At a terminal: arrows move and recall lines; a line that begins with / is a command:
  /ping [TEXT]   /pong [TEXT]   /close [CODE [REASON]]   /hex BYTES   /help   //text sends "/text"
Ctrl-D closes with 1000; Ctrl-C ends at once.

Messages go to stdout (binary ones as their size and hex digits), everything else to stderr.
Exit status: 0 it was closed by us, or by the server with 1000; 1 refused, lost, or closed with
another code; 2 misuse.
Example: orrery connect ws://127.0.0.1:7512/chat/rooms/tea --header "Cookie: session=abc"
)";

std::string fault_in_wait(const std::string& text) {
  const auto number = config::number_with_unit(text, config::duration_units);
  if (text == "0" || (number && *number <= 86'400'000)) return {};
  return fmt::format("\"{}\" is no time: give one such as 500ms, 10s or 2m, or 0", text);
}

}  // namespace

void add_connect_options(CLI::App& command, ConnectOptions& options) {
  add_client_options(command, options.client);
  command.add_flag_callback("--binary", [&options] { options.opcode = websocket::Opcode::binary; });
  command.add_flag_callback("--no-compression", [&options] { options.compression = false; });
  const auto read_wait = [&options](const std::string& text) {
    if (auto fault = fault_in_wait(text); !fault.empty())
      throw CLI::ValidationError("--wait", std::move(fault));
    options.wait = std::chrono::milliseconds(
        config::number_with_unit(text, config::duration_units).value_or(0));
  };
  command.add_option_function<std::string>("--wait", read_wait)->take_last();
}

std::string_view connect_help() {
  return help;
}

}  // namespace orrery::cli
