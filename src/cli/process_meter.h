// What a process costs this machine, as the kernel says it.
//
// Thread  any.
// Limit   CPU time comes in steps of 10 ms (/proc/PID/stat): measure for seconds.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "cli/fine_clock.h"
#include "orrery/result.h"

namespace orrery::cli {

struct ProcessCost {
  Nanoseconds cpu{0};  // user and system time of all its threads
  std::uint64_t resident_bytes = 0;
};

/// The error says which process there is none of, or what may not be read.
[[nodiscard]] Result<ProcessCost> cost_of(pid_t pid);
/// CPU time of this process, finer than the above.
[[nodiscard]] Nanoseconds own_cpu();

}  // namespace orrery::cli
