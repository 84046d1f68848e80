#include "websocket/origin.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace orrery::websocket {
namespace {

constexpr std::string_view wildcard = "*.";

bool is_host_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-' || c == '.' || c == '_';
}

bool is_address_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == ':' || c == '.';
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

std::uint16_t default_port(std::string_view scheme) {
  if (scheme == "https" || scheme == "wss") return 443;
  if (scheme == "http" || scheme == "ws") return 80;
  return 0;
}

// A registered name or an IPv6 address in brackets. Internationalised names come as ASCII.
bool is_host(std::string_view host) {
  if (host.starts_with('['))
    return host.size() > 2 && host.ends_with(']') &&
           std::all_of(host.begin() + 1, host.end() - 1, is_address_character);
  return !host.empty() && !host.starts_with('.') &&
         std::all_of(host.begin(), host.end(), is_host_character);
}

// host[:port]
std::optional<Origin> origin_at(std::string scheme, std::string_view authority) {
  const std::size_t bracket = authority.find(']');
  const std::size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  Origin origin{std::move(scheme), lower_case(authority.substr(0, colon)), 0};
  origin.port = default_port(origin.scheme);
  if (!is_host(origin.host)) return std::nullopt;
  if (colon == std::string_view::npos) return origin;

  const std::string_view digits = authority.substr(colon + 1);
  const char* const end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, origin.port);
  if (error != std::errc() || stop != end || origin.port == 0) return std::nullopt;
  return origin;
}

// `https` and `host:443` of `https://host:443`.
std::optional<std::pair<std::string, std::string_view>> split(std::string_view text) {
  const std::size_t mark = text.find("://");
  if (mark == std::string_view::npos || mark == 0) return std::nullopt;
  std::string scheme = lower_case(text.substr(0, mark));
  const bool sound = std::all_of(scheme.begin(), scheme.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
  });
  if (!sound) return std::nullopt;
  return std::pair{std::move(scheme), text.substr(mark + 3)};
}

}  // namespace

std::optional<Origin> parse_origin(std::string_view text) {
  auto parts = split(text);
  if (!parts) return std::nullopt;
  return origin_at(std::move(parts->first), parts->second);
}

Result<OriginPolicy> OriginPolicy::parse(std::span<const std::string> entries) {
  OriginPolicy policy;
  policy.same_origin_ = false;
  for (const auto& entry : entries) {
    if (entry == "same-origin") {
      policy.same_origin_ = true;
      continue;
    }
    if (entry == "allow-any-origin") {
      policy.anyone_ = true;
      continue;
    }
    auto parts = split(entry);
    const bool below = parts && parts->second.starts_with(wildcard);
    if (below) parts->second.remove_prefix(wildcard.size());
    auto origin =
        parts ? origin_at(std::move(parts->first), parts->second) : std::optional<Origin>();
    if (!origin || (below && origin->host.starts_with('[')))
      return Error{"'" + entry + "' is not an origin: write https://host, https://*.host, " +
                   "same-origin or allow-any-origin"};
    if (below) origin->host.insert(origin->host.begin(), '.');
    (below ? policy.below_ : policy.exact_).push_back(std::move(*origin));
  }
  return policy;
}

bool OriginPolicy::allows(std::optional<std::string_view> origin, bool tls,
                          std::string_view host) const {
  if (!origin || anyone_) return true;
  const auto page = parse_origin(*origin);
  if (!page) return false;  // "null", file:// and whatever else is nobody's
  if (same_origin_ && page == origin_at(tls ? "https" : "http", host)) return true;
  if (std::find(exact_.begin(), exact_.end(), *page) != exact_.end()) return true;
  return std::any_of(below_.begin(), below_.end(), [&](const Origin& top) {
    return page->scheme == top.scheme && page->port == top.port && page->host.ends_with(top.host);
  });
}

}  // namespace orrery::websocket
