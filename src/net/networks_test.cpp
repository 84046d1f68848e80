#include "net/networks.h"

#include <gtest/gtest.h>

namespace orrery::net {
namespace {

bool contains(const std::string& network, const std::string& address) {
  const auto networks = Networks::parse({network});
  if (!networks) ADD_FAILURE() << networks.error();
  return networks && networks->contain(address);
}

TEST(Networks, ContainWhatSharesTheirPrefix) {
  EXPECT_TRUE(contains("10.0.0.0/8", "10.255.3.4"));
  EXPECT_FALSE(contains("10.0.0.0/8", "11.0.0.0"));
  EXPECT_TRUE(contains("192.0.2.128/25", "192.0.2.200"));
  EXPECT_FALSE(contains("192.0.2.128/25", "192.0.2.100"));
  EXPECT_TRUE(contains("0.0.0.0/0", "203.0.113.1"));
  EXPECT_FALSE(contains("0.0.0.0/0", "2001:db8::1"));
  EXPECT_TRUE(contains("fd00::/8", "fdab::1"));
  EXPECT_FALSE(contains("fd00::/8", "fe00::1"));
  EXPECT_TRUE(contains("192.0.2.7", "::ffff:192.0.2.7"));
  EXPECT_FALSE(contains("192.0.2.7", "192.0.2.8"));
  EXPECT_TRUE(contains("::/0", "::1"));
}

TEST(Networks, WhatIsNoAddressIsInNone) {
  EXPECT_FALSE(contains("::/0", "unix"));
  EXPECT_FALSE(contains("::/0", ""));
  EXPECT_FALSE(Networks{}.contain("127.0.0.1"));
}

TEST(Networks, ContainUnixSocketsIfTheyAreNamed) {
  EXPECT_TRUE(contains("unix:", "unix"));
  EXPECT_FALSE(contains("unix:", "127.0.0.1"));
  EXPECT_FALSE(contains("unix:", ""));
  EXPECT_FALSE(Networks::parse({"unix:"})->empty());
}

TEST(Networks, SayWhichTextIsNone) {
  for (const char* text : {"", "10.0.0.0/33", "10.0.0/8", "fd00::/129", "10.0.0.0/", "10.0.0.0/8x",
                           "/8", "host.example"}) {
    const auto networks = Networks::parse({"127.0.0.1", text});
    ASSERT_FALSE(networks.ok()) << text;
    EXPECT_NE(networks.error().find("\"" + std::string(text) + "\""), std::string::npos);
  }
}

}  // namespace
}  // namespace orrery::net
