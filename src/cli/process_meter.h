// What a process costs this machine, as the kernel says it.
//
// Thread  any.
// Limit   CPU time is that of the threads there are: one that ended takes its own along, and one
//         that computes is up to a tick of the scheduler (1 to 10 ms) behind. Where the kernel has
//         no schedstat, all of it comes in steps of 10 ms: measure for seconds.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "cli/fine_clock.h"
#include "orrery/result.h"

namespace orrery::cli {

struct ProcessCost {
  Nanoseconds cpu{0};  // user and system time of all its threads
  std::uint64_t resident_bytes = 0;
};

/// The error says which process there is none of, or what may not be read. `proc`: where the kernel
/// says it (proc(5)).
[[nodiscard]] Result<ProcessCost> cost_of(pid_t pid, const std::string& proc = "/proc");
/// CPU time of this process, its ended threads included, and exact.
[[nodiscard]] Nanoseconds own_cpu();

}  // namespace orrery::cli
