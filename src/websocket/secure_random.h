// SecureRandom: the operating system's seeded generator, through OpenSSL: for keys and masks.
//
// Thread  any.
#pragma once

#include "base/random.h"

namespace orrery::websocket {

class SecureRandom final : public Random {
 public:
  /// Throws std::runtime_error if the system has no randomness to give.
  void fill(std::span<char> bytes) override;
};

}  // namespace orrery::websocket
