// What a proxy in front of us says about the client: Forwarded (RFC 7239) or the X-Forwarded
// headers.
//
// Owner   the result views the head.
// Thread  any.
// Limit   the head's.
// Why     anybody can write these headers: whom to believe is decided by the caller, address by
//         address, from the nearest proxy outwards.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "http/head.h"

namespace orrery::http {

/// Empty where nothing was said.
struct Forwarded {
  std::string address{};  // "192.0.2.7", "2001:db8::1"
  std::string_view scheme{};
  std::string_view host{};
};

/// Of a request that came from a proxy that is trusted: the client is the nearest address that is
/// no trusted proxy itself. Forwarded counts where both are there.
[[nodiscard]] Forwarded forwarded(const Headers& headers,
                                  const std::function<bool(const std::string&)>& is_trusted);

}  // namespace orrery::http
