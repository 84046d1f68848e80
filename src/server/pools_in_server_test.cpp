#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "orrery/testing.h"
#include "server/wire_fixture.h"

namespace orrery {
namespace {

using server::handshake;
using server::text_frame;
using server::WireClient;
using server::WireServer;
using ::testing::Contains;
using ::testing::Pair;

void echo(Session& client, Message message) {
  client.send(message);
}

ServerOptions with_pools(std::map<std::string, PoolLimits> pools) {
  ServerOptions options;
  options.pools = std::move(pools);
  return options;
}

TEST(APool, TakesExactlyAsManySessionsAsItsLimitSays) {
  TestServer server([](Router& routes) { routes.websocket("/", echo); },
                    with_pools({{"gear:main", {.sessions = 3}}}));
  std::vector<TestClient> clients;
  for (int i = 0; i < 3; ++i) clients.push_back(server.connect("/"));
  const auto refused = server.connect("/");
  EXPECT_EQ(refused.status(), 503);
  EXPECT_THAT(refused.answer().headers, Contains(Pair("Retry-After", testing::_)));
  clients[1].closes();
  auto next = server.connect("/");
  EXPECT_EQ(next.status(), 101);
  EXPECT_EQ(server.connect("/").status(), 503);
  EXPECT_EQ(server.sessions(), 3U);
}

TEST(APool, IsChosenByTheRequestAndUnknownOnesAreNotFound) {
  const auto by_query = [](const Request& request) {
    const auto tenant = request.query("tenant");
    return tenant ? "tenant:" + std::string(*tenant) : std::string();
  };
  TestServer server(
      [&](Router& routes) {
        routes.websocket("/", [](Session& s, Message) { s.send(s.pool()); }).pool(by_query);
      },
      with_pools({{"tenant:acme", {.sessions = 1, .gears = {"main"}}},
                  {"tenant:private", {.gears = {"another"}}}}));
  auto alice = server.connect("/?tenant=acme");
  alice.says("where am I?");
  EXPECT_TRUE(alice.hears("tenant:acme"));
  EXPECT_EQ(server.connect("/?tenant=acme").status(), 503);
  EXPECT_EQ(server.connect("/?tenant=unknown").status(), 404);
  EXPECT_EQ(server.connect("/?tenant=private").status(), 404);
  auto bob = server.connect("/");
  bob.says("where am I?");
  EXPECT_TRUE(bob.hears("gear:main"));
}

struct Broken {
  Broken() { throw std::runtime_error("no handler today"); }
  void on_message(Session&, Message) {}
};

TEST(APool, WhoseChoiceThrowsCostsOneHandshake) {
  TestServer server([](Router& routes) {
    routes.websocket("/", echo).pool([](const Request& request) {
      if (request.query("tenant")) throw std::out_of_range("no such tenant");
      return std::string();
    });
  });
  EXPECT_EQ(server.connect("/?tenant=unknown").status(), 500);
  EXPECT_EQ(server.connect("/").status(), 101);
}

// Every way not to get a session, again and again: with one place, it is free each time.
TEST(APool, HasEveryPlaceFreeAfterTenThousandRefusedMalformedOrPlainRequests) {
  ServerOptions options = with_pools({{"gear:main", {.sessions = 1}}});
  WireServer server(
      [](Router& routes) {
        routes.plug([](Exchange& exchange) -> std::optional<Response> {
          if (exchange.request.query("plug") == "throws") throw std::runtime_error("as told");
          if (exchange.request.query("plug") == "halts") return Response::text("no", 403);
          return std::nullopt;
        });
        routes.websocket("/", echo);
        routes.get("/page", [](const Request&) { return Response::text("page"); });
        routes.websocket("/rejects", echo).admit([](const Handshake&) -> Admission<> {
          return reject(401, "no");
        });
        routes.websocket("/throws", echo).admit([](const Handshake&) -> Admission<> {
          throw std::runtime_error("as told");
        });
        routes.websocket("/speaks", echo).admit([](const Handshake&) -> Admission<> {
          return accept().speaking("v9");
        });
        routes.websocket("/strict", echo).subprotocols({"v1"}, SubprotocolRule::required);
        routes.websocket<Broken>("/broken");
        routes.websocket("/short", echo).admit([](const Handshake&) -> Admission<> {
          return accept_then_close(4001, "no");
        });
      },
      std::move(options));
  const std::string plain = "Sec-WebSocket-Key: short\r\n";
  const std::vector<std::string> requests{
      handshake("/nowhere"),
      handshake("/rejects"),
      handshake("/throws"),
      handshake("/speaks"),
      handshake("/strict"),
      handshake("/broken"),
      handshake("/?plug=throws"),
      handshake("/?plug=halts"),
      handshake("/", "Origin: https://evil.example\r\n"),
      handshake("/", plain),
      handshake("/short") + server::close_frame(4001),
      server::request("GET /page"),
      server::request("GET /"),
      server::request("POST /", "Upgrade: websocket\r\nConnection: Upgrade\r\n"),
      "GET / HTTP/1.1\r\nbroken\r\n\r\n",
      handshake("/").substr(0, 60),
      handshake("/") + "nonsense",
  };
  for (int i = 0; i < 10'000; ++i) {
    WireClient eve(server);
    eve.sends(requests[static_cast<std::size_t>(i) % requests.size()]);
    (void)eve.end.read();
    if (i % 3 == 0) eve.end.reset();
    if (i % 500 == 0) {
      server.settle();
      WireClient alice(server);
      alice.sends(handshake("/") + text_frame("hello"));
      ASSERT_EQ(server::frames_behind_101(alice.hears()), "text hello\n") << i;
      alice.end.reset();
      server.settle();
    }
  }
  server.advance(10s);
  EXPECT_EQ(server.sessions(), 0U);
  EXPECT_TRUE(server.servers[0]->empty());
  auto alice = std::move(WireClient(server).opens("/"));
  EXPECT_EQ(server.sessions(), 1U);
}

TEST(APool, ThatIsClosedSendsItsSessionsAwayAndIsNotFound) {
  WireServer server([](Router& routes) { routes.websocket("/", echo); }, {}, 2);
  auto alice = std::move(WireClient(server, {}, 0).opens("/"));
  auto bob = std::move(WireClient(server, {}, 1).opens("/"));
  server.engine.close_pool("gear:main");
  EXPECT_EQ(alice.hears_frames(), "close 1013 pool closed\n");
  EXPECT_EQ(bob.hears_frames(), "close 1013 pool closed\n");
  WireClient late(server);
  late.sends(handshake("/"));
  EXPECT_TRUE(late.hears().starts_with("HTTP/1.1 404"));
}

TEST(APool, MayBeMadeSmallerAndLargerWhileItServes) {
  WireServer server([](Router& routes) { routes.websocket("/", echo); },
                    with_pools({{"gear:main", {.sessions = 3}}}));
  std::vector<WireClient> clients;
  for (int i = 0; i < 3; ++i) clients.push_back(std::move(WireClient(server).opens("/")));
  server.engine.set_pool("gear:main", {.sessions = 1});
  EXPECT_EQ(server.sessions(), 3U);  // nobody is closed
  WireClient refused(server);
  refused.sends(handshake("/"));
  EXPECT_TRUE(refused.hears().starts_with("HTTP/1.1 503"));
  server.engine.set_pool("gear:main", {.sessions = 4});
  WireClient next(server);
  next.sends(handshake("/"));
  EXPECT_TRUE(next.hears().starts_with("HTTP/1.1 101"));
}

TEST(APool, WithoutMemoryLeftClosesWhoWantsMoreAndHasItAllBackInTheEnd) {
  WireServer server(
      [](Router& routes) {
        routes
            .websocket("/",
                       [](Session& client, Message message) {
                         client.send(std::string(std::stoul(std::string(message.text())), 'x'));
                       })
            .limits({.queued_bytes = 10 << 20});
      },
      with_pools({{"gear:main", {.memory_bytes = 1 << 20}}}));
  auto alice = std::move(WireClient(server).opens("/"));
  alice.end.set_window(0);
  alice.sends(text_frame("500000"));
  EXPECT_EQ(server.sessions(), 1U);
  auto bob = std::move(WireClient(server).opens("/"));
  bob.end.set_window(0);
  bob.sends(text_frame("900000"));
  bob.end.set_window(2 << 20);
  EXPECT_TRUE(bob.hears_frames().ends_with("close 1013 out of memory\n"));
  bob.end.reset();
  alice.end.set_window(2 << 20);
  EXPECT_EQ(alice.hears_frames().size(), 500'000U + 6);
  auto carol = std::move(WireClient(server).opens("/"));
  carol.sends(text_frame("900000"));
  EXPECT_EQ(carol.hears_frames().size(), 900'000U + 6);
}

// Ten slow readers of 300 KB each would be more than the pool has.
TEST(APool, IsChargedOnceForWhatIsPublishedToMany) {
  WireServer server(
      [](Router& routes) {
        routes.websocket("/", Callbacks{.on_open = [](Session& client) { client.join("all"); },
                                        .on_message = [](Session&, Message) {}});
        routes
            .websocket("/last", Callbacks{.on_open = [](Session& client) { client.join("all"); },
                                          .on_message = [](Session&, Message) {}})
            .limits({.overflow = Overflow::drop_oldest});
      },
      with_pools({{"gear:main", {.memory_bytes = 1 << 20}}}));
  const auto& ledger = *server.servers[0]->node().pools.find_any("gear:main")->ledger();
  std::vector<WireClient> slow;
  for (int i = 0; i < 10; ++i) slow.emplace_back(server).opens(i % 2 == 0 ? "/" : "/last");
  for (auto& client : slow) client.end.set_window(0);
  const std::string payload(300'000, 'x');
  EXPECT_EQ(server.engine.sender("gear:main").publish("all", payload), 10u);
  server.settle();
  EXPECT_EQ(server.sessions(), 10u);
  EXPECT_GT(ledger.lent_bytes(), 600'000u) << "a frame for some, the payload for the others";
  EXPECT_LT(ledger.lent_bytes(), 700'000u);
  for (auto& client : slow) client.end.set_window(1 << 20);
  for (auto& client : slow) EXPECT_EQ(client.hears_frames().size(), payload.size() + 6);
  EXPECT_LT(ledger.lent_bytes(), 64'000u);
  server.advance(2s);
  EXPECT_EQ(ledger.lent_bytes(), 0u) << "an idle loop keeps nothing back";
}

// In shares of 16 MiB, each of which finds the frame that the first one has made.
TEST(APool, IsChargedOnceForWhatIsHandedOutOverManyTurns) {
  ServerOptions options = with_pools({{"gear:main", {.memory_bytes = 4 << 20}}});
  options.limits.queued_bytes = 4 << 20;
  WireServer server(
      [](Router& routes) {
        routes.websocket("/", Callbacks{.on_open = [](Session& client) { client.join("all"); },
                                        .on_message = [](Session&, Message) {}});
      },
      std::move(options));
  std::vector<WireClient> slow;
  for (int i = 0; i < 40; ++i) slow.emplace_back(server).opens("/");
  for (auto& client : slow) client.end.set_window(0);
  server.engine.sender("gear:main").publish("all", std::string(1 << 20, 'x'));
  server.settle();
  EXPECT_EQ(server.sessions(), 40u);
  EXPECT_LT(server.servers[0]->node().pools.find_any("gear:main")->ledger()->lent_bytes(),
            2u << 20);
}

TEST(APool, ThatCannotPayForAPublishedMessageLosesThoseWhoAreSlow) {
  WireServer server(
      [](Router& routes) {
        routes.websocket("/", Callbacks{.on_open = [](Session& client) { client.join("all"); },
                                        .on_message = [](Session&, Message) {}});
      },
      with_pools({{"gear:main", {.memory_bytes = 200'000}}}));
  auto slow = std::move(WireClient(server).opens("/"));
  auto quick = std::move(WireClient(server).opens("/"));
  slow.end.set_window(0);
  server.engine.sender("gear:main").publish("all", std::string(250'000, 'x'));
  EXPECT_EQ(quick.hears_frames().size(), 250'000u + 6);
  slow.end.set_window(1 << 20);
  EXPECT_TRUE(slow.hears_frames().ends_with("close 1013 out of memory\n"));
}

TEST(AnAddress, MayHaveSoManySessionsAndNoMore) {
  TestServer server(
      [](Router& routes) { routes.websocket("/", echo).limits({.sessions_per_ip = 2}); });
  auto alice = server.connect("/");
  auto bob = server.connect("/");
  EXPECT_EQ(server.connect("/").status(), 503);
  EXPECT_EQ(server.connect("/", {.address = "192.0.2.2"}).status(), 101);
  alice.closes();
  EXPECT_EQ(server.connect("/").status(), 101);
}

}  // namespace
}  // namespace orrery
