#include "net/peer_address.h"

#include <arpa/inet.h>
#include <fmt/compile.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

namespace orrery::net {

PeerAddress PeerAddress::from(const sockaddr_storage& address) {
  PeerAddress result;
  if (address.ss_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &address, sizeof v4);
    std::memcpy(result.bytes.data(), &v4.sin_addr, sizeof v4.sin_addr);
    result.port = ntohs(v4.sin_port);
    result.family = Family::ipv4;
  } else if (address.ss_family == AF_INET6) {
    sockaddr_in6 v6;
    std::memcpy(&v6, &address, sizeof v6);
    result.port = ntohs(v6.sin6_port);
    const bool mapped = IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr);
    result.family = mapped ? Family::ipv4 : Family::ipv6;
    const unsigned char* first = v6.sin6_addr.s6_addr;
    std::copy(first + (mapped ? 12 : 0), first + 16, result.bytes.begin());
  }
  return result;
}

Peer PeerAddress::peer() const {
  if (family == Family::unix_socket) return {.address = "unix"};
  char text[INET6_ADDRSTRLEN] = {};
  if (family == Family::ipv4) {  // every session that ends is told of with this: inet_ntop is slow
    const char* end =
        fmt::format_to(text, FMT_COMPILE("{}.{}.{}.{}"), bytes[0], bytes[1], bytes[2], bytes[3]);
    return {.address = {static_cast<const char*>(text), end}, .port = port};
  }
  ::inet_ntop(AF_INET6, bytes.data(), text, sizeof text);
  return {.address = text, .port = port};
}

}  // namespace orrery::net
