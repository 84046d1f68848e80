// A Target is what the URL of a WebSocket says: where the server is, and what it is asked for.
//
// Owner   a plain value.
// Thread  none: a pure function.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "orrery/result.h"

namespace orrery::cli {

struct Target {
  bool tls = false;
  std::string host;  // without brackets; empty for unix
  std::uint16_t port = 0;
  std::string unix_path;  // empty for TCP
  std::string resource;   // path and query, as they are sent (RFC 6455 §3)

  [[nodiscard]] bool is_unix() const { return !unix_path.empty(); }
  /// What the Host header says: the port only where it is not the scheme's own.
  [[nodiscard]] std::string host_header() const;
  /// For people: "127.0.0.1:7512", "unix:/run/orrery.sock".
  [[nodiscard]] std::string place() const;
};

/// "ws://host:port/path?query", wss, also http and https as `orrery serve` prints them, and
/// "ws+unix:/run/orrery.sock:/path". The error says what is accepted.
[[nodiscard]] Result<Target> parse_target(std::string_view url);

}  // namespace orrery::cli
