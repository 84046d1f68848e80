// A ProxyHeader is what a proxy says before the client's first byte: whom it speaks for. It is the
// PROXY protocol of HAProxy, version 1 (a line) and version 2 (a block); its sections are cited.
//
// Owner   plain values.
// Thread  none: a pure function.
// Limit   `proxy_header_bytes`, its type-length-values included; a longer one is a fault.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <variant>

#include "net/peer_address.h"

namespace orrery::net {

inline constexpr std::size_t proxy_header_bytes = 4096;

struct ProxyHeader {
  std::size_t bytes = 0;                // how long it is: the client's bytes lie behind it
  std::optional<PeerAddress> client{};  // none: the connection is the proxy's own, or from unknown
};

/// So far it is one; more must come.
struct ProxyHeaderBegun {};

struct ProxyHeaderFault {
  std::string_view reason;
};

using ProxyHeaderRead = std::variant<ProxyHeaderBegun, ProxyHeader, ProxyHeaderFault>;

/// Reads the header at the front of all that came so far. Asked again with more, it never takes
/// back what it said.
[[nodiscard]] ProxyHeaderRead read_proxy_header(std::string_view bytes);

}  // namespace orrery::net
