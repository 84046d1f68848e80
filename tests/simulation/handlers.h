// The handlers of the simulated server, one of each kind, and its routes.
//
// Owner   the server; each handler belongs to its session.
// Thread  one.
#pragma once

#include "book.h"

namespace orrery::simulation {

/// Two routes per kind: "/plain?n=1", and "/slow/plain?n=1", whose admission is a coroutine that
/// waits for `waits` jobs on workers. With `how`: reject, throw, break or dismiss, the admission,
/// or the handler's constructor, does that; fail: the last job throws. `pool` picks one by number.
void declare_routes(Router& routes, Book& book);

/// How long an admission may wait.
inline constexpr milliseconds admission_patience{400};

}  // namespace orrery::simulation
