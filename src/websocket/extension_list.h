// The grammar of Sec-WebSocket-Extensions (RFC 6455 §9.1), one extension at a time.
//
// Owner   whoever has the header value; an Extension is views into it, but for values.
// Thread  none: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace orrery::websocket {

struct ExtensionParam {
  std::string_view name;
  std::optional<std::string> value;  // without quotes
};

struct Extension {
  bool well_formed = true;
  std::string_view name;
  std::vector<ExtensionParam> params;
};

/// The extensions of one header value in order, also those that are not well formed. Empty elements
/// are skipped (RFC 9110 §5.6.1). Linear in the length.
[[nodiscard]] std::vector<Extension> parse_extensions(std::string_view value);

/// Whether `text` is a token of RFC 9110 §5.6.2.
[[nodiscard]] bool is_token(std::string_view text);

}  // namespace orrery::websocket
