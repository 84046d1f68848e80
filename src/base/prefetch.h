// prefetch() asks the CPU for memory that is touched soon, so that nobody waits for it then.
//
// Thread  any.
// Limit   a hint: nothing is read, so the memory need not be there any more; null is no memory.
#pragma once

#include <cstddef>
#include <cstdint>

namespace orrery {

inline constexpr std::size_t cache_line_bytes = 64;

/// Every cache line that has some of these bytes.
inline void prefetch(const void* first, std::size_t bytes) {
  const auto start = reinterpret_cast<std::uintptr_t>(first);
  for (auto line = start - start % cache_line_bytes; line < start + bytes; line += cache_line_bytes)
    __builtin_prefetch(reinterpret_cast<const void*>(line));
}

}  // namespace orrery
