// What is told when listeners let newcomers wait in the kernel: a line when the first one does, one
// when the last one goes on, and a count between.
//
// Thread  the loop's.
#pragma once

#include "server/loop_server.h"

namespace orrery::server {

/// `error` is what accept(2) said; 0: there is no room on `on`.
void accepting_pauses(LoopServer& on, int error);
void accepting_goes_on(LoopServer& on);

}  // namespace orrery::server
