#include "gears/echo/gear.h"

#include <gtest/gtest.h>

#include <string>

#include "orrery/testing.h"

namespace orrery::gears {
namespace {

EchoGear echo;

TestServer server_at(std::string_view mount) {
  return TestServer([mount](Router& routes) {
    routes.gear(echo.name(), mount, [](Router& inner) { echo.routes(inner); });
  });
}

TEST(Echo, EveryMessageComesBackAsItCame) {
  auto server = server_at("/echo");
  auto alice = server.connect("/echo");
  const std::string bytes("\0\xff\x80 any", 7);
  alice.says("αβγ");
  alice.says_binary(bytes);
  alice.says("");
  EXPECT_TRUE(alice.hears("αβγ"));
  EXPECT_TRUE(alice.hears_binary(bytes));
  EXPECT_TRUE(alice.hears(""));
  EXPECT_TRUE(alice.hears_nothing());
}

TEST(Echo, MayBeMountedAnywhereTheRootIncluded) {
  auto root = server_at("/");
  EXPECT_EQ(root.connect("/").status(), 101);
  EXPECT_EQ(root.connect("/groups/tea").status(), 101);
  auto deep = server_at("/a/b/");
  EXPECT_EQ(deep.connect("/a/b").status(), 101);
  EXPECT_EQ(deep.connect("/a/b/groups/tea").status(), 101);
  EXPECT_EQ(deep.connect("/echo").status(), 404);
}

TEST(Echo, ABrowserThatWantsAPageIsToldWhatThisIs) {
  auto server = server_at("/echo");
  const auto answer = server.get("/echo");
  EXPECT_EQ(answer.status, 426);
}

TEST(EchoGroups, WhatOneMemberSendsAllOthersHear) {
  auto server = server_at("/echo");
  auto alice = server.connect("/echo/groups/tea");
  auto bob = server.connect("/echo/groups/tea");
  auto carol = server.connect("/echo/groups/tea");
  alice.says("hello");
  alice.says_binary("\x01\x02");
  for (auto* other : {&bob, &carol}) {
    EXPECT_TRUE(other->hears("hello"));
    EXPECT_TRUE(other->hears_binary("\x01\x02"));
    EXPECT_TRUE(other->hears_nothing());
  }
  EXPECT_TRUE(alice.hears_nothing());
}

TEST(EchoGroups, DoNotHearEachOther) {
  auto server = server_at("/echo");
  auto alice = server.connect("/echo/groups/tea");
  auto bob = server.connect("/echo/groups/coffee");
  auto carol = server.connect("/echo");
  alice.says("hello");
  EXPECT_TRUE(bob.hears_nothing());
  EXPECT_TRUE(carol.hears_nothing());
}

TEST(EchoGroups, WhoLeftHearsNothingAndDisturbsNobody) {
  auto server = server_at("/echo");
  auto alice = server.connect("/echo/groups/tea");
  auto bob = server.connect("/echo/groups/tea");
  auto carol = server.connect("/echo/groups/tea");
  bob.closes();
  alice.says("hello");
  EXPECT_TRUE(bob.hears_nothing());
  EXPECT_TRUE(carol.hears("hello"));
  EXPECT_EQ(server.sessions(), 2U);
}

}  // namespace
}  // namespace orrery::gears
