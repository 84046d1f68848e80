// The opening handshake of a benchmark's client: always the same one.
//
// Thread  any.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "net/descriptors.h"
#include "orrery/result.h"

namespace orrery::benchmarks {

/// A blocking connection to this machine, without Nagle's delay.
[[nodiscard]] Result<net::Descriptor> connect_to(std::uint16_t port);

[[nodiscard]] std::string upgrade_request(std::string_view path);

enum class Upgraded : std::uint8_t { not_yet, yes, refused };

/// What the bytes that came so far mean. "yes" only for the right Sec-WebSocket-Accept, and nothing
/// behind the head.
[[nodiscard]] Upgraded upgraded(std::string_view answer);

}  // namespace orrery::benchmarks
