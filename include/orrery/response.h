// A Response is what a plain HTTP handler, a plug or a refused admission answers.
//
// Owner   whoever returns it.
// Thread  none: a plain value.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace orrery {

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
