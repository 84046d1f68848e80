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

/// Its text lies behind it in the same block of memory, which each idle session keeps.
class RequestData {
 public:
  using Params = std::vector<http::PathParam>;  // names are the route table's

  /// Of the target it keeps path and query, not the authority of an absolute form.
  static std::unique_ptr<RequestData> make(std::string_view method, const http::Target& target);
  static void operator delete(void* block) { ::operator delete(block); }

  std::unique_ptr<const Params> params;              // null if there are none: most often
  const net::Stream* stream = nullptr;               // who it came from; outlives the request
  std::unique_ptr<const ForwardedClient> forwarded;  // null: the stream's peer is the client
  std::unique_ptr<PassingData> passing;

  [[nodiscard]] std::string_view method() const { return line().substr(0, line().find(' ')); }
  /// "/rooms/tea?x=1"
  [[nodiscard]] std::string_view target() const { return line().substr(method().size() + 1); }

 private:
  struct Behind {  // so many bytes more in the block
    std::size_t bytes;
  };

  explicit RequestData(std::size_t line_bytes) : line_bytes_(line_bytes) {}
  static void* operator new(std::size_t own_bytes, Behind line) {
    return ::operator new(own_bytes + line.bytes);
  }
  static void operator delete(void* block, Behind) { ::operator delete(block); }

  /// "GET /rooms/tea?x=1"
  [[nodiscard]] std::string_view line() const {
    return {reinterpret_cast<const char*>(this + 1), line_bytes_};
  }

  const std::size_t line_bytes_;
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
