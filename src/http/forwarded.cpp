#include "http/forwarded.h"

#include <algorithm>
#include <vector>

#include "http/characters.h"

namespace orrery::http {
namespace {

// The elements of all headers of a name, in order (RFC 9110 §5.6.1). Commas within quotes belong to
// their element.
std::vector<std::string_view> elements(const Headers& headers, std::string_view name,
                                       char separator = ',') {
  std::vector<std::string_view> all;
  for (const auto& header : headers) {
    if (!same_name(header.name, name)) continue;
    bool quoted = false;
    std::size_t from = 0;
    for (std::size_t i = 0; i <= header.value.size(); ++i) {
      const bool end = i == header.value.size();
      if (!end && header.value[i] == '"') quoted = !quoted;
      if (!end && (quoted || header.value[i] != separator)) continue;
      all.push_back(trimmed(header.value.substr(from, i - from)));
      from = i + 1;
    }
  }
  return all;
}

// `for=` of one element (RFC 7239 §4), without quotes; empty if it has none.
std::string_view parameter(std::string_view element, std::string_view name) {
  while (!element.empty()) {
    const std::size_t end = std::min(element.find(';'), element.size());
    const std::string_view pair = trimmed(element.substr(0, end));
    element.remove_prefix(std::min(end + 1, element.size()));
    const std::size_t equals = pair.find('=');
    if (equals == pair.npos || !same_name(pair.substr(0, equals), name)) continue;
    std::string_view value = pair.substr(equals + 1);
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
      value = value.substr(1, value.size() - 2);
    return value;
  }
  return {};
}

// Without brackets and port: "[2001:db8::1]:80", "192.0.2.7:80" (RFC 7239 §6).
std::string address_in(std::string_view node) {
  if (node.starts_with('[')) return std::string(node.substr(1, node.find(']') - 1));
  const bool has_port = std::ranges::count(node, ':') == 1;
  return std::string(has_port ? node.substr(0, node.find(':')) : node);
}

// The place of the nearest one that is no trusted proxy; the outermost if all are.
std::size_t client_among(const std::vector<std::string>& addresses,
                         const std::function<bool(const std::string&)>& is_trusted) {
  std::size_t i = addresses.size();
  while (i > 1 && is_trusted(addresses[i - 1])) --i;
  return i - 1;
}

}  // namespace

Forwarded forwarded(const Headers& headers,
                    const std::function<bool(const std::string&)>& is_trusted) {
  Forwarded result;
  std::vector<std::string> addresses;
  const auto standard = elements(headers, "Forwarded");
  for (const auto element : standard) addresses.push_back(address_in(parameter(element, "for")));
  if (!standard.empty()) {
    const std::size_t client = client_among(addresses, is_trusted);
    result.address = addresses[client];
    result.scheme = parameter(standard[client], "proto");
    result.host = parameter(standard[client], "host");
    return result;
  }
  for (const auto element : elements(headers, "X-Forwarded-For"))
    addresses.push_back(address_in(element));
  if (!addresses.empty()) result.address = addresses[client_among(addresses, is_trusted)];
  const auto nearest = [&](std::string_view name) {
    const auto all = elements(headers, name);
    return all.empty() ? std::string_view{} : all.back();
  };
  result.scheme = nearest("X-Forwarded-Proto");
  result.host = nearest("X-Forwarded-Host");
  return result;
}

}  // namespace orrery::http
