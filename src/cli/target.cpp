#include "cli/target.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "http/url.h"

namespace orrery::cli {
namespace {

constexpr std::uint16_t plain_port = 80;
constexpr std::uint16_t tls_port = 443;

Error refused(std::string_view url, std::string_view why) {
  return Error{fmt::format(
      "\"{}\" is no URL of a WebSocket: {} (expected ws://HOST:PORT/PATH, wss://HOST/PATH or "
      "ws+unix:SOCKET:/PATH)",
      url, why)};
}

// In a request line a space or a control character would end the target.
bool fits_a_request(std::string_view resource) {
  return std::all_of(resource.begin(), resource.end(),
                     [](unsigned char c) { return c > ' ' && c != 0x7f; });
}

Result<Target> with_resource(Target target, std::string_view url, std::string_view resource) {
  if (resource.find('#') != resource.npos)
    return refused(url, "a fragment (#...) is never sent; leave it out, or write %23");
  target.resource = resource.starts_with('/') ? "" : "/";
  target.resource += resource;
  if (!fits_a_request(target.resource))
    return refused(url, "a space or a control character in it needs percent-encoding");
  return target;
}

// "/run/orrery.sock:/path", where the path may be left out.
Result<Target> parse_unix(std::string_view url, std::string_view rest) {
  if (rest.starts_with("///")) rest.remove_prefix(2);
  const auto colon = rest.find(':');
  Target target;
  target.unix_path = rest.substr(0, colon);
  if (!target.unix_path.starts_with('/')) return refused(url, "the socket's path starts with /");
  return with_resource(std::move(target), url, colon == rest.npos ? "" : rest.substr(colon + 1));
}

Result<Target> parse_network(std::string_view url, bool tls, std::string_view rest) {
  const auto end = std::min(rest.find_first_of("/?#"), rest.size());
  std::string_view authority = rest.substr(0, end);
  if (authority.find('@') != authority.npos)
    return refused(url, "a user before @ is not sent; say --header \"Authorization: ...\" instead");
  Target target;
  target.tls = tls;
  target.port = tls ? tls_port : plain_port;
  const auto bracket = authority.rfind(']');
  const auto colon = authority.rfind(':');
  if (colon != authority.npos && (bracket == authority.npos || colon > bracket)) {
    const std::string_view digits = authority.substr(colon + 1);
    const char* last = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), last, target.port);
    if (error != std::errc{} || stop != last || target.port == 0)
      return refused(url, "the port is not a number from 1 to 65535");
    authority = authority.substr(0, colon);
  }
  if (authority.empty()) return refused(url, "the host is missing");
  if (!http::is_host(authority)) return refused(url, "the host is not one");
  if (authority.starts_with('[')) authority = authority.substr(1, authority.size() - 2);
  target.host = authority;
  return with_resource(std::move(target), url, rest.substr(end));
}

}  // namespace

std::string Target::host_header() const {
  if (is_unix()) return "localhost";
  const bool six = host.find(':') != host.npos;
  const std::string name = six ? "[" + host + "]" : host;
  return port == (tls ? tls_port : plain_port) ? name : fmt::format("{}:{}", name, port);
}

std::string Target::place() const {
  if (is_unix()) return "unix:" + unix_path;
  const bool six = host.find(':') != host.npos;
  return fmt::format("{}{}{}:{}", six ? "[" : "", host, six ? "]" : "", port);
}

Result<Target> parse_target(std::string_view url) {
  for (const std::string_view scheme : {"ws+unix:", "unix:"})
    if (url.starts_with(scheme)) return parse_unix(url, url.substr(scheme.size()));
  for (const std::string_view scheme : {"ws://", "http://"})
    if (url.starts_with(scheme)) return parse_network(url, false, url.substr(scheme.size()));
  for (const std::string_view scheme : {"wss://", "https://"})
    if (url.starts_with(scheme)) return parse_network(url, true, url.substr(scheme.size()));
  return refused(url, "it must start with ws:// or wss://");
}

}  // namespace orrery::cli
