#include "cli/client_options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>

#include "cli/target.h"
#include "http/head.h"
#include "websocket/extension_list.h"

namespace orrery::cli {
namespace {

// The handshake's own: a second one would contradict it.
constexpr std::array<std::string_view, 6> ours = {"Upgrade",
                                                  "Connection",
                                                  "Sec-WebSocket-Key",
                                                  "Sec-WebSocket-Version",
                                                  "Sec-WebSocket-Protocol",
                                                  "Sec-WebSocket-Extensions"};

std::string fault_in_url(const std::string& url) {
  const auto target = parse_target(url);
  return target ? "" : target.error();
}

std::string fault_in_subprotocol(const std::string& name) {
  if (websocket::is_token(name)) return {};
  return fmt::format("\"{}\" is no name of a subprotocol: it has letters, digits, . - _ only",
                     name);
}

}  // namespace

std::string fault_in_header(const std::string& header) {
  const auto colon = header.find(':');
  if (colon == header.npos || !websocket::is_token(header.substr(0, colon)))
    return fmt::format("\"{}\" is no header: write --header \"Name: value\"", header);
  if (std::any_of(header.begin(), header.end(),
                  [](unsigned char c) { return (c < ' ' && c != '\t') || c == 0x7f; }))
    return "a header has no control characters; write it on one line";
  const auto name = header.substr(0, colon);
  if (http::same_name(name, ours[4])) return "say --subprotocol NAME instead of that header";
  if (std::any_of(ours.begin(), ours.end(),
                  [&](std::string_view each) { return http::same_name(name, each); }))
    return fmt::format("{} belongs to the handshake itself; leave it out", name);
  return {};
}

void add_client_options(CLI::App& command, ClientOptions& options) {
  command.add_option("URL", options.url)->required()->check(fault_in_url);
  command.add_option("--header", options.headers)->allow_extra_args(false)->check(fault_in_header);
  command.add_option("--subprotocol", options.subprotocols)
      ->allow_extra_args(false)
      ->check(fault_in_subprotocol);
  command.add_flag_callback("--insecure", [&] { options.verify = net::TlsVerify::nothing; });
  command.add_option("--ca", options.ca_file)->take_last();
}

}  // namespace orrery::cli
