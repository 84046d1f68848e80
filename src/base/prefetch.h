// prefetch() asks the CPU for memory that is touched soon, so that nobody waits for it then.
//
// Thread  any.
// Limit   a hint: nothing is read, so the memory need not be there any more.
#pragma once

#include <cstddef>

namespace orrery {

inline constexpr std::size_t cache_line_bytes = 64;

/// Every cache line of so many bytes.
inline void prefetch(const void* first, std::size_t bytes) {
  const auto* const start = static_cast<const char*>(first);
  for (std::size_t at = 0; at < bytes; at += cache_line_bytes) __builtin_prefetch(start + at);
}

}  // namespace orrery
