// Networks is a set of address ranges: "10.0.0.0/8", "fd00::/8", "192.0.2.7"; "unix:" stands for
// the peers of all unix sockets.
//
// Owner   a plain value.
// Thread  any, once it is made.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "orrery/result.h"

namespace orrery::net {

class Networks {
 public:
  /// The error names the one that is no network.
  [[nodiscard]] static Result<Networks> parse(const std::vector<std::string>& texts);
  /// An IPv4 address also matches as ::ffff:a.b.c.d. What is no address matches nothing, but "unix"
  /// where "unix:" is named.
  [[nodiscard]] bool contain(const std::string& address) const;
  [[nodiscard]] bool empty() const { return networks_.empty() && !unix_sockets_; }

 private:
  using Bits = std::array<unsigned char, 16>;
  struct Network {
    Bits address;
    unsigned prefix_bits;
  };
  static bool read(const std::string& text, Bits& bits, bool& is_ipv4);

  std::vector<Network> networks_;
  bool unix_sockets_ = false;
};

}  // namespace orrery::net
