// The handlers of the simulated server, one of each kind, and its routes.
//
// Owner   the server; each handler belongs to its session.
// Thread  one.
#pragma once

#include "book.h"

namespace orrery::simulation {

/// One route per kind: "/plain?n=1". With `how`: reject, throw, break or dismiss, the admission, or
/// the handler's constructor, does that.
void declare_routes(Router& routes, Book& book);

}  // namespace orrery::simulation
