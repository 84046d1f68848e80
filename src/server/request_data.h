// RequestData: what a Request holds, in two parts: one stays as long as a session, the other goes
// after on_open.
//
// Owner   its Request.
// Thread  the connection's loop.
#pragma once

#include <any>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/head.h"
#include "http/router.h"
#include "http/url.h"
#include "net/networks.h"
#include "net/stream.h"
#include "orrery/http.h"

namespace orrery::server {

/// Headers, cookies, values and body: gone after on_open unless the route keeps them. The views of
/// `headers` point into `bytes`.
struct PassingData {
  std::string bytes;
  http::Headers headers;
  std::string body;
  std::vector<std::pair<std::string, std::any>> values;
};

/// Who asks, as a trusted proxy says it.
struct ForwardedClient {
  std::string address;
  bool secure;
};

struct RequestData {
  using Params = std::vector<http::PathParam>;  // names are the route table's

  std::string line;                                  // "GET /rooms/tea?x=1"
  std::unique_ptr<const Params> params;              // null if there are none: most often
  const net::Stream* stream = nullptr;               // who it came from; outlives the request
  std::unique_ptr<const ForwardedClient> forwarded;  // null: the stream's peer is the client
  std::unique_ptr<PassingData> passing;
  std::uint32_t method_bytes = 0;
  std::uint32_t path_bytes = 0;  // up to the query

  [[nodiscard]] std::string_view method() const {
    return std::string_view(line).substr(0, method_bytes);
  }
  [[nodiscard]] std::string_view target() const {
    return std::string_view(line).substr(method_bytes + 1u);
  }
};

/// Who is at the other end: the stream's peer, or, if that is a trusted proxy, whom it names.
struct ClientSeen {
  std::string address{};  // empty: the peer
  bool secure = false;
  std::string_view host{};
};
[[nodiscard]] ClientSeen client_of(const http::RequestHead& head, const net::Stream& stream,
                                   const net::Networks& trusted);

/// A copy of what `head` and `body` view.
[[nodiscard]] Request make_request(const http::RequestHead& head, const http::Target& target,
                                   std::string_view body, std::vector<http::PathParam> params,
                                   const net::Stream& stream, const ClientSeen& client);

}  // namespace orrery::server
