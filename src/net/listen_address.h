// A ListenAddress is where a listener listens: a TCP host and port, the path of a unix socket, or a
// descriptor that listens already.
//
// Owner   a plain value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "orrery/result.h"

namespace orrery::net {

struct ListenAddress {
  std::string host;        // numeric, "localhost" or "*" (IPv6 and IPv4); empty for unix
  std::uint16_t port = 0;  // 0: any free one
  std::string unix_path;   // empty for TCP
  int descriptor = -1;     // of a socket that listens; then nothing else is known

  [[nodiscard]] bool is_unix() const { return !unix_path.empty(); }
  [[nodiscard]] bool is_open() const { return descriptor >= 0; }
  /// As parse_listen_address() reads it: "127.0.0.1:7512", "[::1]:7512", "unix:/run/orrery.sock",
  /// "fd:3".
  [[nodiscard]] std::string text() const;
  friend bool operator==(const ListenAddress&, const ListenAddress&) = default;
};

Result<ListenAddress> parse_listen_address(std::string_view text);

}  // namespace orrery::net
