// A Rate is how many messages of one client were heard in the second that runs, and how many were
// lost because there were more.
//
// Owner   the session's Record.
// Thread  one.
// Why     a second begins with the first message that comes after the one before: that one is
//         always heard, so whoever hears can count with the server.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/clock.h"

namespace orrery::simulation {

struct Rate {
  Time began{};
  std::uint32_t in_second = 0;
  std::uint64_t heard = 0;
  std::uint64_t lost = 0;  // as on_dropped has told

  void hear(Time now) {
    if (second_is_over(now)) {
      began = now;
      in_second = 0;
    }
    ++in_second;
    ++heard;
  }
  [[nodiscard]] bool second_is_over(Time now) const {
    return now - began >= std::chrono::seconds(1);
  }
};

}  // namespace orrery::simulation
