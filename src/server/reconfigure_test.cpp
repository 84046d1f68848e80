#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/wire_fixture.h"

namespace orrery {
namespace {

using server::answers_in;
using server::handshake;
using server::text_frame;
using server::WireClient;
using server::WireServer;
using testing::HasSubstr;

void echo_and_whoami(Router& routes) {
  routes.websocket("/", [](Session& client, Message message) { client.send(message); });
  routes.get("/whoami", [](const Request& request) {
    return Response::text(request.remote_address() + "\n");
  });
}

ServerOptions with_message_bytes(std::size_t bytes) {
  ServerOptions options;
  options.limits.message_bytes = bytes;
  return options;
}

TEST(AServerThatIsReconfigured, HoldsNewcomersToTheNewLimitsAndOpenSessionsToTheirOwn) {
  WireServer server(echo_and_whoami, with_message_bytes(100));
  auto before = std::move(WireClient(server).opens("/"));
  ASSERT_TRUE(server.engine.reconfigure(with_message_bytes(5)));
  server.settle();
  auto after = std::move(WireClient(server).opens("/"));
  before.sends(text_frame("longer than five"));
  after.sends(text_frame("longer than five"));
  EXPECT_EQ(before.hears_frames(), "text longer than five\n");
  EXPECT_THAT(after.hears_frames(), HasSubstr("close 1009"));
}

TEST(AServerThatIsReconfigured, TakesOriginsAndTrustedProxies) {
  WireServer server(echo_and_whoami);
  const char* const from = "Origin: https://friend.example\r\n";
  WireClient foreign(server);
  foreign.sends(handshake("/", from));
  EXPECT_TRUE(foreign.hears().starts_with("HTTP/1.1 403"));
  WireClient keeps_alive(server);
  keeps_alive.sends(server::request("GET /whoami", "X-Forwarded-For: 203.0.113.9\r\n"));
  EXPECT_EQ(answers_in(keeps_alive.hears()), "200 127.0.0.1\n\n");

  ServerOptions options;
  options.origins = {"https://friend.example"};
  options.trusted_proxies = {"127.0.0.0/8"};
  ASSERT_TRUE(server.engine.reconfigure(options));
  server.settle();
  WireClient friendly(server);
  friendly.sends(handshake("/", from));
  EXPECT_TRUE(friendly.hears().starts_with("HTTP/1.1 101"));
  keeps_alive.sends(server::request("GET /whoami", "X-Forwarded-For: 203.0.113.9\r\n"));
  EXPECT_EQ(answers_in(keeps_alive.hears()), "200 203.0.113.9\n\n") << "the next request";
}

TEST(AServerThatIsReconfigured, HoldsNewConnectionsToTheNewLimitsOfHttp) {
  WireServer server([](Router& routes) {
    routes.post("/",
                [](const Request& request) { return Response::text(std::string(request.body())); });
  });
  WireClient before(server);
  before.sends(server::request("POST /", "", "abcd"));
  EXPECT_EQ(answers_in(before.hears()), "200 abcd\n");
  ServerOptions options;
  options.http_limits.body_bytes = 3;
  options.http_limits.handshake_timeout = 1s;
  ASSERT_TRUE(server.engine.reconfigure(options));
  server.settle();
  WireClient after(server), silent(server);
  after.sends(server::request("POST /", "", "abcd"));
  EXPECT_THAT(after.hears(), HasSubstr("413"));
  silent.sends("GET ");
  server.advance(2s);
  EXPECT_THAT(silent.hears(), HasSubstr("408"));
}

TEST(AServerThatIsReconfigured, ChangesItsPools) {
  ServerOptions options;
  options.pools = {{"gear:main", {.sessions = 1}}, {"tenant:acme", {.gears = {"main"}}}};
  WireServer server(
      [](Router& routes) {
        routes.websocket("/", [](Session& client, Message message) { client.send(message); })
            .pool([](const Request& request) {
              return std::string(request.query("pool").value_or(""));
            });
      },
      options);
  auto tenant = std::move(WireClient(server).opens("/?pool=tenant:acme"));
  auto first = std::move(WireClient(server).opens("/"));
  WireClient refused(server);
  refused.sends(handshake("/"));
  EXPECT_TRUE(refused.hears().starts_with("HTTP/1.1 503"));

  options.pools = {{"tenant:new", {.gears = {"main"}}}};
  ASSERT_TRUE(server.engine.reconfigure(options));
  EXPECT_EQ(tenant.hears_frames(), "close 1013 pool closed\n") << "it is configured no more";
  for (const char* pool : {"/", "/?pool=tenant:new"}) {
    WireClient welcome(server);
    welcome.sends(handshake(pool));
    EXPECT_TRUE(welcome.hears().starts_with("HTTP/1.1 101")) << pool;
  }
}

TEST(ALoopThatIsAsked, HasTurnedOnceItTurns) {
  WireServer server(echo_and_whoami);
  EXPECT_TRUE(server.engine.loops_turned()) << "nobody asked before";
  EXPECT_FALSE(server.engine.loops_turned());
  EXPECT_FALSE(server.engine.loops_turned());
  server.settle();
  EXPECT_TRUE(server.engine.loops_turned());
  EXPECT_FALSE(server.engine.loops_turned());
}

TEST(AServerThatIsReconfigured, ChangesNothingIfSomethingIsWrong) {
  WireServer server(echo_and_whoami, with_message_bytes(100));
  ServerOptions wrong = with_message_bytes(5);
  wrong.origins = {"not an origin"};
  const auto refused = server.engine.reconfigure(wrong);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error(), HasSubstr("not an origin"));
  auto client = std::move(WireClient(server).opens("/"));
  client.sends(text_frame("longer than five"));
  EXPECT_EQ(client.hears_frames(), "text longer than five\n");
}

}  // namespace
}  // namespace orrery
