#include "websocket/secure_random.h"

#include <openssl/rand.h>

#include <algorithm>
#include <limits>
#include <stdexcept>

namespace orrery::websocket {

void SecureRandom::fill(std::span<char> bytes) {
  while (!bytes.empty()) {
    const auto size = std::min<std::size_t>(bytes.size(), std::numeric_limits<int>::max());
    if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(size)) != 1)
      throw std::runtime_error("the system has no randomness to give");
    bytes = bytes.subspan(size);
  }
}

}  // namespace orrery::websocket
