// What reading HTTP can yield besides the message itself, and the limits it keeps.
//
// Thread  none: plain values.
// Limit   HeadLimits; beyond them a Fault with the status that says so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

namespace orrery::http {

struct HeadLimits {
  std::size_t head_bytes = 16 * 1024;    // request line and headers together; beyond it 431
  std::size_t header_count = 100;        // beyond it 431
  std::uint64_t body_bytes = 1'000'000;  // decoded; beyond it 413
};

/// The whole input was consumed and the message is not complete yet.
struct NeedMore {};

/// The head is complete: head() is valid until reset().
struct HeadArrived {};

/// The peer broke a rule. The connection can't be read any further.
struct Fault {
  int status = 400;         // what a server answers
  const char* reason = "";  // a phrase for the log and the answer's body
};

using MaybeFault = std::optional<Fault>;

}  // namespace orrery::http
