// A PeerAddress is who is at the other end, in the 20 bytes that a million streams can afford.
//
// Owner   a plain value.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>

#include "net/stream.h"

namespace orrery::net {

struct PeerAddress {
  enum class Family : std::uint8_t { unix_socket, ipv4, ipv6 };

  std::array<unsigned char, 16> bytes{};  // network order; IPv4 uses the first four
  std::uint16_t port = 0;
  Family family = Family::unix_socket;

  /// An IPv4 address that is mapped into IPv6 becomes IPv4 again.
  static PeerAddress from(const sockaddr_storage& address);
  [[nodiscard]] Peer peer() const;
};

}  // namespace orrery::net
