#include "orrery/http.h"

#include <fmt/format.h>

namespace orrery {

Response&& Response::with_cookie(std::string_view name, std::string_view value,
                                 const CookieOptions& options) && {
  return std::move(*this).with("Set-Cookie", set_cookie(name, value, options));
}

Response Response::text(std::string body, int status) {
  return {status, {{"Content-Type", "text/plain; charset=utf-8"}}, std::move(body)};
}

Response Response::html(std::string body, int status) {
  return {status, {{"Content-Type", "text/html; charset=utf-8"}}, std::move(body)};
}

Response Response::json(std::string body, int status) {
  return {status, {{"Content-Type", "application/json"}}, std::move(body)};
}

Response Response::redirect(std::string location, int status) {
  return {status, {{"Location", std::move(location)}}, {}};
}

std::string set_cookie(std::string_view name, std::string_view value,
                       const CookieOptions& options) {
  std::string cookie = fmt::format("{}={}; Path={}", name, value, options.path);
  if (options.max_age_seconds >= 0) cookie += fmt::format("; Max-Age={}", options.max_age_seconds);
  if (options.http_only) cookie += "; HttpOnly";
  if (options.secure) cookie += "; Secure";
  if (!options.same_site.empty()) cookie += "; SameSite=" + options.same_site;
  return cookie;
}

}  // namespace orrery
