// What one node asks another one about a name, as bytes for Bus::request().
//
// Owner   nobody: values.
// Thread  none.
// Why     what arrives is hostile until it is checked: a length never reaches beyond the bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "orrery/address.h"
#include "registry/name_store.h"
#include "registry/pool_key.h"

namespace orrery::registry {

/// Answered: what became of it there.
struct SendToName {
  PoolKey key;
  MessageType type = MessageType::text;
  std::string payload{};
  friend bool operator==(const SendToName&, const SendToName&) = default;
};
/// Answered: `queued` if the holder was told that it lost the name, and the record is being
/// removed; `no_such_name` if it was not held under that claim.
struct YieldName {
  PoolKey key;
  ClaimId claim;
  friend bool operator==(const YieldName&, const YieldName&) = default;
};
using Request = std::variant<SendToName, YieldName>;

[[nodiscard]] std::string encode(const Request& request);
[[nodiscard]] std::optional<Request> decode_request(std::string_view bytes);

[[nodiscard]] std::string encode(NamePosted answer);
/// Unavailable for what is no answer.
[[nodiscard]] NamePosted decode_answer(std::string_view bytes);

}  // namespace orrery::registry
