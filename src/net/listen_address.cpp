#include "net/listen_address.h"

#include <fmt/format.h>

#include <charconv>

namespace orrery::net {
namespace {

constexpr std::string_view unix_prefix = "unix:";
constexpr std::string_view descriptor_prefix = "fd:";

Error refused(std::string_view text, std::string_view why) {
  return Error{
      fmt::format("\"{}\" is not an address to listen on: {} "
                  "(expected \"HOST:PORT\", \"[IPV6]:PORT\", \"unix:PATH\" or \"fd:NUMBER\")",
                  text, why)};
}

Result<ListenAddress> parse_descriptor(std::string_view text) {
  const auto digits = text.substr(descriptor_prefix.size());
  ListenAddress address;
  const char* const last = digits.data() + digits.size();
  const auto [end, error] = std::from_chars(digits.data(), last, address.descriptor);
  if (error != std::errc{} || end != last || address.descriptor < 0)
    return refused(text, "the descriptor is not a number");
  return address;
}

}  // namespace

std::string ListenAddress::text() const {
  if (is_open()) return fmt::format("{}{}", descriptor_prefix, descriptor);
  if (is_unix()) return fmt::format("{}{}", unix_prefix, unix_path);
  const bool brackets = host.find(':') != std::string::npos;
  return brackets ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

Result<ListenAddress> parse_listen_address(std::string_view text) {
  if (text.starts_with(unix_prefix)) {
    const auto path = text.substr(unix_prefix.size());
    if (path.empty()) return refused(text, "the path is missing");
    return ListenAddress{.unix_path = std::string(path)};
  }
  if (text.starts_with(descriptor_prefix)) return parse_descriptor(text);
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return refused(text, "the port is missing");
  auto host = text.substr(0, colon);
  const auto digits = text.substr(colon + 1);

  ListenAddress address;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), address.port);
  if (error != std::errc{} || end != digits.data() + digits.size())
    return refused(text, "the port is not a number from 0 to 65535");

  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return refused(text, "an IPv6 address stands in brackets");
  }
  if (host.empty()) return refused(text, "the host is missing; * means all addresses");
  address.host = host;
  return address;
}

}  // namespace orrery::net
