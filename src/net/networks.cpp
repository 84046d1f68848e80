#include "net/networks.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace orrery::net {

bool Networks::read(const std::string& text, Bits& bits, bool& is_ipv4) {
  bits = {};
  is_ipv4 = ::inet_pton(AF_INET, text.c_str(), bits.data() + 12) == 1;
  if (!is_ipv4) return ::inet_pton(AF_INET6, text.c_str(), bits.data()) == 1;
  bits[10] = bits[11] = 0xff;  // ::ffff:0:0/96
  return true;
}

Result<Networks> Networks::parse(const std::vector<std::string>& texts) {
  Networks networks;
  for (const std::string& text : texts) {
    if (text == "unix:") {
      networks.unix_sockets_ = true;
      continue;
    }
    const std::size_t slash = std::min(text.find('/'), text.size());
    Network network{};
    bool is_ipv4 = false;
    const bool readable = read(text.substr(0, slash), network.address, is_ipv4);
    const unsigned most = is_ipv4 ? 32 : 128;
    unsigned prefix = most;
    const char* const end = text.data() + text.size();
    bool whole = slash == text.size();
    if (!whole) {
      const auto number = std::from_chars(text.data() + slash + 1, end, prefix);
      whole = number.ec == std::errc{} && number.ptr == end;
    }
    if (!readable || !whole || prefix > most)
      return Error{"\"" + text + "\" is no network: write 10.0.0.0/8, fd00::/8 or one address"};
    network.prefix_bits = prefix + (is_ipv4 ? 96 : 0);
    networks.networks_.push_back(network);
  }
  return networks;
}

bool Networks::contain(const std::string& address) const {
  if (unix_sockets_ && address == "unix") return true;
  Bits bits;
  bool is_ipv4 = false;
  if (networks_.empty() || !read(address, bits, is_ipv4)) return false;
  return std::ranges::any_of(networks_, [&](const Network& network) {
    const std::size_t whole = network.prefix_bits / 8;
    const unsigned rest = network.prefix_bits % 8;
    if (!std::equal(bits.begin(), bits.begin() + static_cast<std::ptrdiff_t>(whole),
                    network.address.begin()))
      return false;
    return rest == 0 || ((bits[whole] ^ network.address[whole]) >> (8 - rest)) == 0;
  });
}

}  // namespace orrery::net
