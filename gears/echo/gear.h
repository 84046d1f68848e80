// EchoGear says back what it hears; in its groups, what one member says all others hear.
//
// Owner   whoever mounts it, until the server has ended.
// Thread  routes() before the server starts.
// Limit   the server's, unless configured otherwise.
#pragma once

#include <string_view>

#include "orrery/router.h"

namespace orrery::gears {

class EchoGear final : public Gear {
 public:
  [[nodiscard]] std::string_view name() const override { return "echo"; }
  void routes(Router& routes) override;
};

}  // namespace orrery::gears
