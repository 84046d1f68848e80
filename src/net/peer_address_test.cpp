#include "net/peer_address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <cstring>

namespace orrery::net {
namespace {

TEST(PeerAddress, IsWrittenAsPeopleWriteIt) {
  const auto peer_of = [](const char* text) {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(7512);
    EXPECT_EQ(::inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
    sockaddr_storage storage{};
    std::memcpy(&storage, &v6, sizeof v6);
    return PeerAddress::from(storage).peer();
  };
  EXPECT_EQ(peer_of("2001:db8::1").address, "2001:db8::1");
  EXPECT_EQ(peer_of("2001:db8::1").port, 7512);
  EXPECT_EQ(peer_of("::ffff:192.0.2.7").address, "192.0.2.7");
}

}  // namespace
}  // namespace orrery::net
