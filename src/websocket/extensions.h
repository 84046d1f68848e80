// Negotiation of permessage-deflate (RFC 6455 §9.1, RFC 7692 §7.1).
//
// Thread  none: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/head.h"
#include "orrery/result.h"
#include "websocket/deflate.h"

namespace orrery::websocket {

/// What this server is ready to agree on.
struct CompressionRules {
  CompressionMode mode = CompressionMode::shared;
  int server_max_window_bits = 15;  // 9 to 15
  int client_max_window_bits = 15;  // 9 to 15
};

struct Negotiated {
  DeflateParams params;
  std::string response_value;  // of Sec-WebSocket-Extensions
};

/// The first acceptable offer among the Sec-WebSocket-Extensions of a request. An offer with a bad,
/// repeated or unknown parameter is passed over, and never fails the handshake.
[[nodiscard]] std::optional<Negotiated> negotiate(const http::Headers& headers,
                                                  const CompressionRules& rules = {});
/// The same for one header value.
[[nodiscard]] std::optional<Negotiated> negotiate(std::string_view offers,
                                                  const CompressionRules& rules = {});

/// The client's side: the offer as a header value. It always says that the client can obey
/// client_max_window_bits.
[[nodiscard]] std::string offer_value(const DeflateParams& params = {});
/// What the server chose: nothing for no header, an error for an answer to what was not offered.
[[nodiscard]] Result<std::optional<DeflateParams>> read_answer(const http::Headers& headers,
                                                               const DeflateParams& offered);

}  // namespace orrery::websocket
