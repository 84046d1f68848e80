// A Ring is one io_uring of the kernel, closed when it goes; or the reason why there is none.
//
// Owner   whoever holds it.
// Thread  one at a time; the kernel may insist on one for ever (IORING_SETUP_SINGLE_ISSUER).
#pragma once

#include <liburing.h>

#include <memory>

#include "orrery/result.h"

namespace orrery::net {

struct CloseRing {
  void operator()(io_uring* ring) const;
};
using Ring = std::unique_ptr<io_uring, CloseRing>;

/// `flags` are IORING_SETUP_...
Result<Ring> open_ring(unsigned submissions, unsigned completions, unsigned flags);

/// Whether a filter of system calls stands over this process: it may kill who asks for a ring.
[[nodiscard]] bool system_calls_are_filtered();

/// "io_uring is not to be had here: ...": the errno in words, and what may be the cause.
[[nodiscard]] Error no_ring(int error);

}  // namespace orrery::net
