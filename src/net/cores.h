// How many cores this process may use: the default number of loops.
//
// Thread  any.
#pragma once

#include <cstddef>

namespace orrery::net {

/// At least 1; respects taskset and cpusets.
std::size_t usable_cores();

}  // namespace orrery::net
