// The opening handshake (RFC 6455 §4): a request head in, what to answer out. Both sides.
//
// Thread  none: pure functions. Views point into the head.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/random.h"
#include "http/head.h"
#include "orrery/result.h"
#include "websocket/extensions.h"

namespace orrery::websocket {

/// A sound request; what a 101 needs.
struct Upgrade {
  std::string accept;                               // value of Sec-WebSocket-Accept
  std::vector<std::string_view> offered_protocols;  // in the client's order, without repetitions
  std::optional<Negotiated> compression;
};

/// The HTTP answer instead. Connection: close is for the connection to add, where it closes.
struct Refusal {
  int status = 400;
  std::string reason;  // a sentence for the body
  std::vector<std::pair<std::string, std::string>> headers;
};

/// Whether the request asks for this protocol: `Upgrade` lists websocket and `Connection` lists
/// upgrade, in any case.
[[nodiscard]] bool wants_upgrade(const http::RequestHead& head);

/// Every rule about the headers of an upgrade (RFC 6455 §4.2.1). `compression` absent: none is
/// negotiated.
[[nodiscard]] std::variant<Upgrade, Refusal> check_upgrade(
    const http::RequestHead& head, bool has_body,
    const std::optional<CompressionRules>& compression = std::nullopt);

/// The head of the 101 (RFC 6455 §4.2.2) without the empty line that ends it, so that others may
/// add to it. `protocol` is one that was offered, or empty.
[[nodiscard]] std::string acceptance(const Upgrade& upgrade, std::string_view protocol);

/// Sec-WebSocket-Accept for a sound Sec-WebSocket-Key (RFC 6455 §4.2.2).
[[nodiscard]] std::string accept_key(std::string_view key);

/// The client's side: a fresh Sec-WebSocket-Key.
[[nodiscard]] std::string make_key(Random& random);

/// What a client asked for, to hold the answer against.
struct Asked {
  std::string key;
  std::vector<std::string> protocols = {};
  std::optional<DeflateParams> compression = {};
};

/// What client and server now speak.
struct Agreed {
  std::string protocol;  // empty: none
  std::optional<DeflateParams> compression;
};

/// Every rule about the server's answer (RFC 6455 §4.1).
[[nodiscard]] Result<Agreed> check_response(const http::ResponseHead& head, const Asked& asked);

}  // namespace orrery::websocket
