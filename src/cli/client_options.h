// What the commands that are a client share: whom to ask for what, and how.
//
// Owner   a plain value.
#pragma once

#include <string>
#include <vector>

#include "net/tls_context.h"

namespace CLI {
class App;
}

namespace orrery::cli {

struct ClientOptions {
  std::string url{};
  std::vector<std::string> headers{};       // "Name: value", besides ours
  std::vector<std::string> subprotocols{};  // offered in this order
  net::TlsVerify verify = net::TlsVerify::peer;
  std::string ca_file{};  // PEM with the roots to trust instead of the system's
};

/// URL, --header, --subprotocol, --insecure and --ca of a command. What can be said about a value
/// is said while the words are read.
void add_client_options(CLI::App& command, ClientOptions& options);

/// Why "Name: value" can't be sent as a header; empty if it can.
[[nodiscard]] std::string fault_in_header(const std::string& header);

}  // namespace orrery::cli
