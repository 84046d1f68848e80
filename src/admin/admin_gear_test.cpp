#include "admin/admin_gear.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "orrery/testing.h"

namespace orrery::admin {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::StartsWith;

// A node that is what the story says, and its admin listener.
class AdminTest : public ::testing::Test {
 protected:
  ServerStatus node{.ready = true, .draining = false, .sessions = 3, .loops = 2};
  int drains = 0;

  // The one session of the node.
  const SessionInfo tea{.id = "0.17.3",
                        .gear = "chat",
                        .pool = "gear:chat",
                        .route = "/rooms/:room",
                        .target = "/rooms/tea",
                        .remote_address = "192.0.2.7",
                        .remote_port = 4711,
                        .subprotocol = "",
                        .names = {"ann"},
                        .groups = {"tea \"green\""},
                        .age = 5s,
                        .silent = 1s,
                        .messages_in = 1,
                        .messages_out = 2,
                        .bytes_in = 3,
                        .bytes_out = 4,
                        .queued_bytes = 5};
  SessionQuery asked{};
  std::vector<std::string> kicked{};
  std::weak_ptr<FrameTap> tap{};
  Asked told = Asked::done;

  NodeControl node_control() {
    return {.status = [this] { return node; },
            .metrics = [] { return std::string("orrery_ready 1\n"); },
            .drain =
                [this] {
                  ++drains;
                  node.ready = false;
                  node.draining = true;
                },
            .reload = [] { return Response::json("{\"applied\":[]}"); },
            .sessions =
                [this](const SessionQuery& query) {
                  asked = query;
                  return SessionList{{tea}, 7, true};
                },
            .kick =
                [this](std::string_view id, std::string_view asked_by) {
                  kicked.push_back(std::string(id) + " " + std::string(asked_by));
                  return id == tea.id ? told : Asked::no_such_session;
                },
            .tap =
                [this](std::string_view id, std::weak_ptr<FrameTap> with, std::string_view) {
                  if (id != tea.id) return Asked::no_such_session;
                  if (told == Asked::done) tap = std::move(with);
                  return told;
                }};
  }

  AdminGear gear_with(std::string token) {
    return AdminGear(node_control(), {std::move(token), {"north", "1.2.3"}});
  }

  static TestServer serving(AdminGear& gear) {
    return TestServer([&](Router& routes) { routes.mount(gear, "/"); });
  }

  AdminGear open = gear_with("");
  TestServer server = serving(open);

  static TestRequest from_here(HeaderList headers = {}) {
    return {.headers = std::move(headers), .address = "127.0.0.1"};
  }
  static TestRequest live() {
    TestRequest request = from_here();
    request.subprotocols = {"orrery.live"};
    return request;
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
            "\"version\":\"1.2.3\",\"problems\":[],\"nodes\":[{\"name\":\"north\",\"ready\":true,"
            "\"draining\":false,\"sessions\":3}]}\n");
}

TEST_F(AdminTest, TellsItsProblemsInSentences) {
  node.accepting_paused = true;
  node.pools = {{"gear:chat", 10, 10, 0, 1'000}};
  const std::string status = server.get("/api/status", from_here()).body;
  EXPECT_THAT(status, HasSubstr("{\"key\":\"accepting\",\"level\":\"error\",\"text\":\"Newcomers"));
  EXPECT_THAT(status, HasSubstr("\"text\":\"Pool gear:chat has no places left: 10 of 10.\"}"));
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
  for (const auto* path : {"/metrics", "/api/sessions", "/api/status"})
    EXPECT_EQ(server.get(path, from_afar()).status, 401) << path;
  for (const auto* path : {"/healthz", "/readyz"})  // probes have no token
    EXPECT_EQ(server.get(path, from_afar()).status, 200) << path;
  EXPECT_EQ(server.request("POST", "/api/drain", from_afar()).status, 401);
  EXPECT_EQ(server.get("/api/status", from_afar({{"Authorization", "Bearer "}})).status, 401);
  EXPECT_EQ(server.get("/api/status", from_here({{"X-Forwarded-For", "192.0.2.7"}})).status, 401);
  EXPECT_EQ(drains, 0);
  for (const auto* here : {"127.0.0.1", "127.3.2.1", "::1", "unix"})
    EXPECT_EQ(server.get("/api/status", {.address = here}).status, 200) << here;
}

TEST_F(AdminTest, WithATokenEverybodyMustShowIt) {
  AdminGear guarded = gear_with("open sesame");
  TestServer door = serving(guarded);
  for (const auto& request : {from_here(), from_afar()}) {
    TestRequest with = request;
    EXPECT_EQ(door.get("/api/status", with).status, 401);
    EXPECT_EQ(door.get("/readyz", with).status, 200);
    for (const auto* wrong : {"Bearer open", "Bearer open sesame!", "Bearer open sesamE", "Bearer",
                              "Basic open sesame", "Bearer open sesameopen sesame"}) {
      with.headers = {{"Authorization", wrong}};
      EXPECT_EQ(door.request("POST", "/api/drain", with).status, 401) << wrong;
    }
    with.headers = {{"Authorization", "Bearer open sesame"}};
    EXPECT_EQ(door.get("/api/status", with).status, 200);
  }
  EXPECT_THAT(door.get("/api/status", from_here()).headers,
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

TEST_F(AdminTest, ListsSessionsThatAreLookedFor) {
  const auto answer = server.get(
      "/api/sessions?gear=chat&pool=gear:chat&name=ann&group=tea%20%22green%22&text=192&limit=5",
      from_here());
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body,
            "{\"matching\":7,\"complete\":true,\"sessions\":[{\"id\":\"0.17.3\",\"gear\":\"chat\","
            "\"pool\":\"gear:chat\",\"route\":\"/rooms/:room\",\"target\":\"/rooms/tea\","
            "\"remote_address\":\"192.0.2.7\",\"remote_port\":4711,\"subprotocol\":\"\",\"names\":["
            "\"ann\"],"
            "\"groups\":[\"tea \\\"green\\\"\"],\"age_ms\":5000,\"silent_ms\":1000,"
            "\"messages_in\":1,\"messages_out\":2,\"bytes_in\":3,\"bytes_out\":4,"
            "\"queued_bytes\":5}]}\n");
  EXPECT_EQ(asked.gear + " " + asked.pool + " " + asked.name, "chat gear:chat ann");
  EXPECT_EQ(asked.group + " " + asked.text, "tea \"green\" 192");
  EXPECT_EQ(asked.limit, 5u);
  (void)server.get("/api/sessions?limit=1000000", from_here());
  EXPECT_EQ(asked.limit, 1000u);
  (void)server.get("/api/sessions?limit=many", from_here());
  EXPECT_EQ(asked.limit, 100u);
  EXPECT_EQ(server.get("/api/sessions", from_afar()).status, 401);
}

TEST_F(AdminTest, ClosesASessionByItsId) {
  EXPECT_EQ(server.request("POST", "/api/sessions/0.17.3/close", from_here()).status, 202);
  EXPECT_EQ(server.request("POST", "/api/sessions/0.17.4/close", from_here()).status, 404);
  EXPECT_EQ(server.request("POST", "/api/sessions/0.17.3/close", from_afar()).status, 401);
  EXPECT_THAT(kicked, ElementsAre("0.17.3 127.0.0.1", "0.17.4 127.0.0.1"));
  told = Asked::no_answer;
  EXPECT_EQ(server.request("POST", "/api/sessions/0.17.3/close", from_here()).status, 503);
}

TEST_F(AdminTest, ItsPageIsAnybodysAndAsksNobodyElse) {
  const auto answer = server.get("/", from_afar());
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.headers, Contains(Pair("Content-Type", HasSubstr("text/html"))));
  EXPECT_THAT(answer.headers,
              Contains(Pair("Content-Security-Policy", HasSubstr("default-src 'self'"))));
  EXPECT_THAT(answer.body, HasSubstr("dashboard.js"));
  EXPECT_THAT(server.get("/dashboard.css", from_afar()).headers,
              Contains(Pair("Content-Type", HasSubstr("text/css"))));
  EXPECT_THAT(server.get("/dashboard.js", from_afar()).headers,
              Contains(Pair("Content-Type", HasSubstr("text/javascript"))));
  EXPECT_EQ(server.get("/README.md", from_here()).status, 404);
}

TEST_F(AdminTest, TellsADashboardEverySecond) {
  auto dashboard = server.connect("/api/live", live());
  EXPECT_EQ(dashboard.subprotocol(), "orrery.live");
  const auto first = dashboard.next().value_or("");
  EXPECT_THAT(first, HasSubstr("{\"kind\":\"state\",\"status\":{\"ready\":true,"));
  EXPECT_THAT(first, HasSubstr("\"metrics\":\"orrery_ready 1\\n\"}"));
  EXPECT_TRUE(dashboard.hears_nothing());
  server.advance(1100ms);  // timers may be late by their resolution
  EXPECT_EQ(dashboard.next(), first);
  dashboard.says("what?");
  EXPECT_EQ(dashboard.closed()->code, 1008);
}

TEST_F(AdminTest, ShowsADashboardTheFramesOfOneSession) {
  auto dashboard = server.connect("/api/live", live());
  (void)dashboard.next();
  dashboard.says("tap 9.9.9");
  EXPECT_TRUE(
      dashboard.hears(R"({"kind":"untapped","id":"9.9.9","why":"no such session","skipped":0})"));
  dashboard.says("tap 0.17.3");
  EXPECT_TRUE(dashboard.hears(R"({"kind":"tapped","id":"0.17.3"})"));
  ASSERT_FALSE(tap.expired());
  tap.lock()->on_frame({TappedFrame::Direction::in, TappedFrame::Kind::text, 2, "hi", false, 4});
  server.advance(0s);
  EXPECT_THAT(dashboard.next().value_or(""),
              StartsWith(R"({"kind":"frame","id":"0.17.3","direction":"in","type":"text",)"
                         R"("bytes":2,"shown":"hi","cut":false,"skipped":4,"time_ms":)"));
  tap.lock()->on_frame(
      {.direction = TappedFrame::Direction::out, .kind = TappedFrame::Kind::end, .skipped = 3});
  server.advance(0s);
  EXPECT_TRUE(dashboard.hears(
      R"({"kind":"untapped","id":"0.17.3","why":"the session has ended","skipped":3})"));
  EXPECT_TRUE(tap.expired());
}

TEST_F(AdminTest, SaysWhyASessionCantBeTapped) {
  auto dashboard = server.connect("/api/live", live());
  (void)dashboard.next();
  const auto why = [&](Asked answered) {
    told = answered;
    dashboard.says("tap 0.17.3");
    return dashboard.next().value_or("");
  };
  EXPECT_THAT(why(Asked::too_many), HasSubstr("too many taps on its loop"));
  EXPECT_THAT(why(Asked::no_answer), HasSubstr("its loop does not answer"));
  EXPECT_THAT(why(Asked::no_such_session), HasSubstr("no such session"));
}

// It is told later, but it is told.
TEST_F(AdminTest, ADashboardThatReadsSlowlyHearsOfTheEndAllTheSame) {
  auto dashboard = server.connect("/api/live", live());
  (void)dashboard.next();
  dashboard.says("tap 0.17.3");
  (void)dashboard.next();
  for (int i = 0; i < 20'000; ++i)
    tap.lock()->on_frame({TappedFrame::Direction::in, TappedFrame::Kind::ping});
  tap.lock()->on_frame({.direction = TappedFrame::Direction::out, .kind = TappedFrame::Kind::end});
  server.advance(1100ms);
  std::string last;
  while (const auto heard = dashboard.next())
    if (heard->find("untapped") != heard->npos) last = *heard;
  EXPECT_EQ(last,
            R"({"kind":"untapped","id":"0.17.3","why":"the session has ended","skipped":10000})");
}

TEST_F(AdminTest, ATapEndsWhenItIsNotWanted) {
  auto dashboard = server.connect("/api/live", live());
  (void)dashboard.next();
  dashboard.says("tap 0.17.3");
  (void)dashboard.next();
  dashboard.says("untap");
  EXPECT_TRUE(dashboard.hears(R"({"kind":"untapped","id":"0.17.3","why":"asked","skipped":0})"));
  EXPECT_TRUE(tap.expired());
  dashboard.says("tap 0.17.3");
  EXPECT_FALSE(tap.expired());
  dashboard.vanishes();
  EXPECT_TRUE(tap.expired());
}

// It has no other place for it.
TEST_F(AdminTest, ADashboardShowsTheTokenAsASubprotocol) {
  AdminGear guarded = gear_with("s3cret");
  TestServer door = serving(guarded);
  const auto status_with = [&](std::vector<std::string> offered) {
    TestRequest with = from_afar();
    with.subprotocols = std::move(offered);
    return door.connect("/api/live", with).status();
  };
  EXPECT_EQ(status_with({"orrery.live"}), 401);
  EXPECT_EQ(status_with({"orrery.live", "orrery.token.733363726574"}), 101);
  EXPECT_EQ(status_with({"orrery.token.733363726574", "orrery.live"}), 101);
  EXPECT_EQ(status_with({"orrery.live", "orrery.token.73336372657400"}), 401);
  EXPECT_EQ(status_with({"orrery.live", "orrery.token.s3cret"}), 401);
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
