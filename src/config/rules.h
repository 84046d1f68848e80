// What keys must be together. Each rule is one line of check_rules().
//
// Thread  none: a pure function.
#pragma once

#include "config/reader.h"

namespace orrery::config {

void check_rules(const Tree& tree, Report& report);

}  // namespace orrery::config
