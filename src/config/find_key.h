// Which key a path means: "server.tls.key", "pools.tenant:acme.workers".
//
// Thread  none: a pure function.
#pragma once

#include <string_view>

#include "config/key.h"

namespace orrery::config {

/// The key at a path, and the keys beside it, which must outlive it.
struct FoundKey {
  Keys keys;
  const Key* key = nullptr;  // none: there is no such key
};

/// Below a list of sections it is that of the first. An entry of a table that is not there is made.
[[nodiscard]] FoundKey find_key(Keys keys, std::string_view path);

}  // namespace orrery::config
