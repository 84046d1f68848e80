#include "http/url.h"

#include <boost/url/authority_view.hpp>
#include <boost/url/encode.hpp>
#include <boost/url/pct_string_view.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>

#include "http/characters.h"
#include "http/head.h"

namespace orrery::http {
namespace {

namespace urls = boost::urls;

urls::string_view to_boost(std::string_view text) {
  return {text.data(), text.size()};
}

enum class Plus { plain, space };

// Appends the decoded text; false if an escape in it is broken.
bool append_decoded(std::string& out, std::string_view encoded, Plus plus) {
  const auto checked = urls::make_pct_string_view(to_boost(encoded));
  if (!checked) return false;
  urls::encoding_opts options;
  options.space_as_plus = plus == Plus::space;
  checked->decode(options, urls::string_token::append_to(out));
  return true;
}

bool is_encoded_slash(std::string_view text) {
  return text.size() >= 3 && text[0] == '%' && text[1] == '2' && lower(text[2]) == 'f';
}

// The length of "http://" or "https://" in front of the text, or 0.
std::size_t scheme_bytes(std::string_view text) {
  for (const std::string_view scheme : {"http://", "https://"})
    if (same_name(text.substr(0, scheme.size()), scheme)) return scheme.size();
  return 0;
}

constexpr CharacterSet plain_host_characters(
    "-.0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

// "example.org:8080", as nearly all clients write it: letters, digits, '-', '.', and a port.
bool is_plain_host(std::string_view value) {
  const auto colon = std::min(value.find(':'), value.size());
  const auto name = value.substr(0, colon);
  const auto port = value.substr(std::min(colon + 1, value.size()));
  return !name.empty() && port.size() <= 5 && std::all_of(name.begin(), name.end(), [](char c) {
    return plain_host_characters.has(c);
  }) && std::all_of(port.begin(), port.end(), is_digit);
}

}  // namespace

std::optional<std::string> decode_path(std::string_view encoded) {
  if (encoded.find('%') == encoded.npos) return std::string(encoded);
  std::string out;
  out.reserve(encoded.size());
  std::size_t start = 0;
  for (std::size_t at = 0; at < encoded.size(); ++at) {
    if (!is_encoded_slash(encoded.substr(at))) continue;
    if (!append_decoded(out, encoded.substr(start, at - start), Plus::plain)) return std::nullopt;
    out += "%2F";
    start = at + 3;
    at += 2;
  }
  if (!append_decoded(out, encoded.substr(start), Plus::plain)) return std::nullopt;
  return out;
}

std::optional<std::string> percent_decode(std::string_view encoded) {
  std::string out;
  if (!append_decoded(out, encoded, Plus::plain)) return std::nullopt;
  return out;
}

std::string percent_encode(std::string_view plain) {
  return urls::encode(to_boost(plain), urls::unreserved_chars);
}

std::optional<Target> split_target(std::string_view target) {
  Target result;
  if (const auto scheme = scheme_bytes(target); scheme > 0) {  // RFC 9112 §3.2.2
    target.remove_prefix(scheme);
    result.authority = target.substr(0, target.find_first_of("/?"));
    if (result.authority.empty() || !is_host(result.authority)) return std::nullopt;
    target.remove_prefix(result.authority.size());
  } else if (target != "*" && !target.starts_with('/')) {
    return std::nullopt;
  }
  const auto mark = target.find('?');
  result.raw_path = target.substr(0, mark);
  if (mark != std::string_view::npos) result.query = target.substr(mark + 1);
  if (result.raw_path.empty()) result.raw_path = "/";  // RFC 9110 §4.2.3
  const auto path = decode_path(result.raw_path);
  if (!path || path->find('\0') != std::string::npos) return std::nullopt;
  return result;
}

std::optional<std::string> query_param(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const auto pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    const auto equals = std::min(pair.find('='), pair.size());
    if (pair.empty()) continue;
    std::string decoded;
    if (!append_decoded(decoded, pair.substr(0, equals), Plus::space) || decoded != name) continue;
    std::string value;
    const auto encoded = pair.substr(std::min(equals + 1, pair.size()));
    if (!append_decoded(value, encoded, Plus::space)) return std::nullopt;
    return value;
  }
  return std::nullopt;
}

std::vector<Cookie> parse_cookies(std::string_view header_value) {
  std::vector<Cookie> cookies;
  while (!header_value.empty()) {
    const auto pair = next_element(header_value, ';');  // RFC 6265 §4.2.1
    const auto equals = pair.find('=');
    if (equals == std::string_view::npos || equals == 0) continue;
    auto value = trimmed(pair.substr(equals + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
      value = value.substr(1, value.size() - 2);
    cookies.emplace_back(trimmed(pair.substr(0, equals)), value);
  }
  return cookies;
}

std::optional<std::string_view> find_cookie(std::string_view header_value, std::string_view name) {
  for (const auto& [cookie, value] : parse_cookies(header_value))
    if (cookie == name) return value;
  return std::nullopt;
}

bool is_host(std::string_view value) {
  if (is_plain_host(value)) return true;
  const auto authority = urls::parse_authority(to_boost(value));
  return authority && !authority->has_userinfo();
}

}  // namespace orrery::http
