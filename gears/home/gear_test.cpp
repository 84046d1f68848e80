#include "gears/home/gear.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "orrery/testing.h"

namespace orrery::gears {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TestServer server_with(std::vector<HomeEntry> entries) {
  HomeGear home(std::move(entries));
  return TestServer([&](Router& routes) { routes.mount(home, "/"); });
}

TEST(Home, SaysWhatRunsHereAndLinksToIt) {
  auto server = server_with({{"Chat", "/chat", "Rooms in which people talk."},
                             {"Echo", "/echo", "Says back what it hears.", Door::socket}});
  const auto page = server.get("/");
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.body, HasSubstr(R"(<a href="/chat">Chat</a>)"));
  EXPECT_THAT(page.body, HasSubstr("Rooms in which people talk."));
  EXPECT_THAT(page.body, HasSubstr(R"(data-path="/echo")"));
  EXPECT_THAT(page.body, Not(HasSubstr(R"(<a href="/echo")")));  // a browser can't go there
}

TEST(Home, MayFetchNothingFromElsewhere) {
  auto server = server_with({});
  const auto page = server.get("/");
  EXPECT_THAT(page.headers, ::testing::Contains(::testing::Pair("Content-Security-Policy",
                                                                HasSubstr("default-src 'none'"))));
  EXPECT_THAT(page.body, HasSubstr("No gear is mounted"));
}

TEST(Home, WhatIsSaidOfAGearIsTextNotHtml) {
  auto server = server_with({{"<b>&\"", "/a\"b", "<script>"}});
  const auto page = server.get("/");
  EXPECT_THAT(page.body, HasSubstr("&lt;b&gt;&amp;&quot;"));
  EXPECT_THAT(page.body, HasSubstr(R"(href="/a&quot;b")"));
  EXPECT_THAT(page.body, HasSubstr("<p>&lt;script&gt;</p>"));
}

TEST(Home, LeavesOtherPathsToOthers) {
  auto server = server_with({});
  EXPECT_EQ(server.get("/elsewhere").status, 404);
}

}  // namespace
}  // namespace orrery::gears
