#include "admin/admin_gear.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "orrery/testing.h"

namespace orrery::admin {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Pair;

// A node that is what the story says, and its admin listener.
class AdminTest : public ::testing::Test {
 protected:
  ServerStatus node{.ready = true, .draining = false, .sessions = 3, .loops = 2};
  int drains = 0;

  AdminGear gear_with(std::string token) {
    return AdminGear({[this] { return node; }, [] { return std::string("orrery_ready 1\n"); },
                      [this] {
                        ++drains;
                        node.ready = false;
                        node.draining = true;
                      },
                      [] { return Response::json("{\"applied\":[]}"); }},
                     {std::move(token), "1.2.3"});
  }

  static TestServer serving(AdminGear& gear) {
    return TestServer([&](Router& routes) {
      routes.gear(gear.name(), "/", [&](Router& inner) { gear.routes(inner); });
    });
  }

  AdminGear open = gear_with("");
  TestServer server = serving(open);

  static TestRequest from_here(HeaderList headers = {}) {
    return {.headers = std::move(headers), .address = "127.0.0.1"};
  }
  static TestRequest from_afar(HeaderList headers = {}) {
    return {.headers = std::move(headers), .address = "192.0.2.7"};
  }
};

TEST_F(AdminTest, TellsPrometheusItsMetricsAndNobodyFromAfar) {
  const auto answer = server.get("/metrics", from_here());
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "orrery_ready 1\n");
  EXPECT_THAT(answer.headers, Contains(Pair("Content-Type", "text/plain; version=0.0.4")));
  EXPECT_EQ(server.get("/metrics", from_afar()).status, 401);
}

TEST_F(AdminTest, ReadsTheConfigurationAgainForThoseWhoMay) {
  EXPECT_EQ(server.request("POST", "/api/reload", from_here()).body, "{\"applied\":[]}");
  EXPECT_EQ(server.get("/api/reload", from_here()).status, 405);
  EXPECT_EQ(server.request("POST", "/api/reload", from_afar()).status, 401);
}

TEST_F(AdminTest, IsAlive) {
  const auto answer = server.get("/healthz", from_here());
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "ok\n");
}

TEST_F(AdminTest, IsReadyUntilItDrains) {
  EXPECT_EQ(server.get("/readyz", from_here()).status, 200);
  EXPECT_EQ(server.get("/readyz", from_here()).body, "ready\n");
  EXPECT_EQ(server.request("POST", "/api/drain", from_here()).status, 202);
  EXPECT_EQ(server.get("/readyz", from_here()).status, 503);
  EXPECT_EQ(server.get("/readyz", from_here()).body, "draining\n");
  EXPECT_EQ(server.get("/healthz", from_here()).status, 200);
}

TEST_F(AdminTest, IsNotReadyBeforeTheNodeHasStarted) {
  node.ready = false;
  EXPECT_EQ(server.get("/readyz", from_here()).status, 503);
  EXPECT_EQ(server.get("/readyz", from_here()).body, "starting\n");
}

TEST_F(AdminTest, TellsItsStatusAsJson) {
  const auto answer = server.get("/api/status", from_here());
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.headers, Contains(Pair("Content-Type", HasSubstr("application/json"))));
  EXPECT_EQ(answer.body,
            "{\"ready\":true,\"draining\":false,\"sessions\":3,\"loops\":2,"
            "\"version\":\"1.2.3\"}\n");
}

TEST_F(AdminTest, IsAskedToDrainByPostAlone) {
  EXPECT_EQ(server.get("/api/drain", from_here()).status, 405);
  EXPECT_EQ(drains, 0);
  const auto answer = server.request("POST", "/api/drain", from_here());
  EXPECT_EQ(answer.status, 202);
  EXPECT_THAT(answer.body, HasSubstr("\"draining\":true"));
  EXPECT_EQ(server.request("POST", "/api/drain", from_here()).status, 202);
  EXPECT_EQ(drains, 2);
}

TEST_F(AdminTest, WithoutATokenOnlyThisMachineMayAsk) {
  for (const auto* path : {"/healthz", "/readyz", "/api/status"})
    EXPECT_EQ(server.get(path, from_afar()).status, 401) << path;
  EXPECT_EQ(server.request("POST", "/api/drain", from_afar()).status, 401);
  EXPECT_EQ(server.get("/readyz", from_afar({{"Authorization", "Bearer "}})).status, 401);
  EXPECT_EQ(drains, 0);
  for (const auto* here : {"127.0.0.1", "127.3.2.1", "::1", "unix"})
    EXPECT_EQ(server.get("/readyz", {.address = here}).status, 200) << here;
}

TEST_F(AdminTest, WithATokenEverybodyMustShowIt) {
  AdminGear guarded = gear_with("open sesame");
  TestServer door = serving(guarded);
  for (const auto& request : {from_here(), from_afar()}) {
    TestRequest with = request;
    EXPECT_EQ(door.get("/readyz", with).status, 401);
    for (const auto* wrong : {"Bearer open", "Bearer open sesame!", "Bearer open sesamE", "Bearer",
                              "Basic open sesame", "Bearer open sesameopen sesame"}) {
      with.headers = {{"Authorization", wrong}};
      EXPECT_EQ(door.request("POST", "/api/drain", with).status, 401) << wrong;
    }
    with.headers = {{"Authorization", "Bearer open sesame"}};
    EXPECT_EQ(door.get("/readyz", with).status, 200);
  }
  EXPECT_THAT(door.get("/readyz", from_here()).headers,
              Contains(Pair("WWW-Authenticate", "Bearer")));
  EXPECT_EQ(drains, 0);
}

TEST_F(AdminTest, PagesOfOtherOriginsMayNotDrain) {
  const auto drained_by = [&](HeaderList headers) {
    return server.request("POST", "/api/drain", from_here(std::move(headers))).status;
  };
  EXPECT_EQ(drained_by({{"Host", "localhost:7513"}, {"Origin", "https://evil.example"}}), 403);
  EXPECT_EQ(drained_by({{"Host", "localhost:7513"}, {"Origin", "null"}}), 403);
  // A name that its owner has bent to 127.0.0.1.
  EXPECT_EQ(drained_by({{"Host", "evil.example:7513"}, {"Origin", "http://evil.example:7513"}}),
            403);
  EXPECT_EQ(drains, 0);
  EXPECT_EQ(drained_by({{"Host", "localhost:7513"}, {"Origin", "http://localhost:7513"}}), 202);
  EXPECT_EQ(drained_by({{"Host", "[::1]:7513"}, {"Origin", "http://[::1]:7513"}}), 202);
}

TEST(Secret, IsTheSameOnlyAsAWhole) {
  EXPECT_TRUE(same_secret("abc", "abc"));
  EXPECT_TRUE(same_secret("", ""));
  for (const auto* shown : {"", "a", "ab", "abd", "xbc", "abca", "abcabc"})
    EXPECT_FALSE(same_secret(shown, "abc")) << shown;
  EXPECT_FALSE(same_secret("abc", ""));
}

}  // namespace
}  // namespace orrery::admin
