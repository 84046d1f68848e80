// One question to the admin listener of a server that runs, over a blocking socket.
//
// Thread  one, which waits.
// Limit   `patience` for connecting and for each wait; an answer of at most 1 MB.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "config/tree.h"
#include "orrery/result.h"

namespace orrery::cli {

struct AdminAnswer {
  int status = 0;
  std::string body{};
};

struct AdminQuestion {
  std::string_view method = "GET";
  std::string_view path = "/api/status";
  std::chrono::milliseconds patience{10'000};
};

/// The answer, or why there is none: nobody listens there, it takes too long, it makes no sense.
Result<AdminAnswer> ask_admin(const config::Admin& admin, const AdminQuestion& question);

/// Whether connecting is refused there: the process has ended.
[[nodiscard]] bool nobody_listens(const config::Admin& admin);

}  // namespace orrery::cli
