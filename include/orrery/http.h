// HTTP as gears see it: the Request that came, and the Response that goes back.
//
// Owner   a Request belongs to the server: for the time of the exchange; of a WebSocket route for
// the
//         session's life (see Session::request() for what stays). A Response is a plain value.
// Thread  a Request: its connection's loop.
// Limit   HttpLimits: head_bytes, header_count, body_bytes.
#pragma once

#include <any>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orrery {

namespace server {
class RequestData;
}

/// What a client asks: an opening handshake or a plain request.
class Request {
 public:
  explicit Request(std::unique_ptr<server::RequestData> data);
  Request(Request&&) noexcept;
  Request& operator=(Request&&) noexcept;
  ~Request();

  /// "GET"
  [[nodiscard]] std::string_view method() const;
  /// The path as sent, without the query: "/rooms/green%20tea"
  [[nodiscard]] std::string_view path() const;
  /// The value of `:name` or `*name` in the route's path, percent-decoded; empty if there is none.
  [[nodiscard]] std::string_view param(std::string_view name) const;
  /// The first value of a query parameter, percent-decoded; nothing if it is absent.
  [[nodiscard]] std::optional<std::string> query(std::string_view name) const;
  /// The query as sent, without the question mark.
  [[nodiscard]] std::string_view query_string() const;

  /// The first header of that name, in any case of letters; nothing if it is absent.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;
  [[nodiscard]] std::optional<std::string> cookie(std::string_view name) const;
  /// The Host header: "example.com:7512".
  [[nodiscard]] std::string_view host() const;
  /// The token of "Authorization: Bearer ..." (RFC 6750 §2.1), or empty.
  [[nodiscard]] std::string_view bearer_token() const;
  /// The body of a plain request; upgrades have none.
  [[nodiscard]] std::string_view body() const;

  /// "192.0.2.7", "2001:db8::1" or "unix".
  [[nodiscard]] std::string remote_address() const;
  [[nodiscard]] std::uint16_t remote_port() const;
  /// Whether it came over TLS.
  [[nodiscard]] bool secure() const;

  /// What a plug left here under that name; nullptr if there is none of that type.
  template <typename T>
  [[nodiscard]] const T* value(std::string_view name) const {
    return std::any_cast<T>(find_value(name));
  }
  /// For plugs: leaves a value for the handler behind them.
  void set_value(std::string_view name, std::any value);

  /// For the server: drops all that need not stay as long as a session.
  void drop_head();

 private:
  [[nodiscard]] const std::any* find_value(std::string_view name) const;

  std::unique_ptr<server::RequestData> data_;
};

using HeaderList = std::vector<std::pair<std::string, std::string>>;

/// Attributes of a cookie (RFC 6265 §4.1). The defaults are the safe ones.
struct CookieOptions {
  std::string path = "/";
  long max_age_seconds = -1;  // negative: until the browser closes
  bool http_only = true;
  bool secure = false;
  std::string same_site = "Lax";
};

struct Response {
  int status = 200;
  HeaderList headers{};
  std::string body{};

  /// Adds a header. Names and values with CR, LF or NUL are not sent, and logged.
  Response&& with(std::string name, std::string value) && {
    headers.emplace_back(std::move(name), std::move(value));
    return std::move(*this);
  }
  Response&& with_cookie(std::string_view name, std::string_view value,
                         const CookieOptions& options = {}) &&;
  Response&& with_status(int code) && {
    status = code;
    return std::move(*this);
  }

  /// text/plain, UTF-8.
  static Response text(std::string body, int status = 200);
  /// text/html, UTF-8.
  static Response html(std::string body, int status = 200);
  /// application/json; `body` is JSON already.
  static Response json(std::string body, int status = 200);
  /// 302 unless told otherwise.
  static Response redirect(std::string location, int status = 302);
};

/// The value of a Set-Cookie header.
[[nodiscard]] std::string set_cookie(std::string_view name, std::string_view value,
                                     const CookieOptions& options = {});

}  // namespace orrery
