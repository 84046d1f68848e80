// The head of a request or response: views into bytes that somebody else keeps.
//
// Owner   whoever parsed it owns the bytes; a Head is valid as long as they are.
// Thread  none: plain values.
// Limit   HeadLimits, enforced by the parser.
#pragma once

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

#include "http/characters.h"

namespace orrery::http {

struct Header {
  std::string_view name;   // as sent; compare with same_name()
  std::string_view value;  // without surrounding white space
};

/// Header names are compared without regard to ASCII case (RFC 9110 §5.1).
[[nodiscard]] inline bool same_name(std::string_view a, std::string_view b) {
  const auto same = [](char x, char y) { return lower(x) == lower(y); };
  return a.size() == b.size() && (a == b || std::equal(a.begin(), a.end(), b.begin(), same));
}

class Headers {
 public:
  void add(std::string_view name, std::string_view value) {
    constexpr std::size_t usual_count = 16;
    if (all_.empty()) all_.reserve(usual_count);
    all_.push_back({name, value});
  }
  void clear() { all_.clear(); }

  /// The first value with this name, or nothing.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
  [[nodiscard]] std::size_t count(std::string_view name) const;
  /// Whether any header of this name lists `token` (comma separated, any case; RFC 9110 §5.6.1).
  [[nodiscard]] bool has_token(std::string_view name, std::string_view token) const;

  [[nodiscard]] auto begin() const { return all_.begin(); }
  [[nodiscard]] auto end() const { return all_.end(); }
  [[nodiscard]] std::size_t size() const { return all_.size(); }

 private:
  std::vector<Header> all_;
};

struct RequestHead {
  std::string_view method;  // "GET"
  std::string_view target;  // "/rooms/tea?x=1", as sent
  int minor_version = 1;    // HTTP/1.<minor>
  Headers headers;
};

struct ResponseHead {
  int status = 0;
  std::string_view reason;
  int minor_version = 1;
  Headers headers;
};

}  // namespace orrery::http
