// OriginPolicy: whose pages may open a session (RFC 6455 §10.2, RFC 6454). Browsers send the origin
// of the page; other clients send none, and pass.
//
// Owner   the route; a value.
// Thread  any: it never changes.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "orrery/result.h"

namespace orrery::websocket {

/// Scheme, host and port in the form in which they are compared.
struct Origin {
  std::string scheme;  // lower case
  std::string host;    // lower case; IPv6 in brackets
  std::uint16_t port = 0;
  friend bool operator==(const Origin&, const Origin&) = default;
};

/// `scheme://host[:port]` and nothing else; the default ports of http and https are filled in.
[[nodiscard]] std::optional<Origin> parse_origin(std::string_view text);

class OriginPolicy {
 public:
  /// Same origin only.
  OriginPolicy() = default;

  /// Entries: `same-origin`, an origin, `https://*.host` for everything below a host (not the host
  /// itself), or `allow-any-origin`. No entry at all allows no page.
  static Result<OriginPolicy> parse(std::span<const std::string> entries);

  /// Whether a request passes. `tls` and `host` (the Host header) say what the request's own origin
  /// is.
  [[nodiscard]] bool allows(std::optional<std::string_view> origin, bool tls,
                            std::string_view host) const;

 private:
  bool anyone_ = false;
  bool same_origin_ = true;
  std::vector<Origin> exact_;
  std::vector<Origin> below_;  // host with its leading dot
};

}  // namespace orrery::websocket
