#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "orrery/testing.h"

namespace orrery {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

// What happened in the handlers, in order.
using Story = std::shared_ptr<std::vector<std::string>>;

struct Told {
  Story story;
  void on_open(Session&) { story->push_back("open"); }
  void on_message(Session& client, Message message) {
    story->push_back("heard " + std::string(message.text()));
    if (message.text() == "throw") throw std::runtime_error("as told");
    if (message.text() == "close") return client.close(4001, "bye");
    if (message.text() == "flood") return client.send(std::string(200'000, 'x'));
    client.send(message);
  }
  void on_ping(Session&, std::string_view payload) {
    story->push_back("ping " + std::string(payload));
  }
  void on_close(Session&, CloseCause cause) {
    story->push_back("close " + std::string(name_of(cause.kind)) + " " +
                     std::to_string(cause.code));
  }
};

struct Tests : ::testing::Test {
  Story story = std::make_shared<std::vector<std::string>>();
  TestServer server{[this](Router& routes) {
    routes.websocket<Told>("/told", story).limits({.idle = 10s, .queued_bytes = 500'000});
    routes.websocket("/quiet", [](Session&, Message) {}).limits({.idle = 0ms});
    routes.websocket("/packed", [](Session& client, Message message) { client.send(message); })
        .limits({.compression = Compression::dedicated, .compression_threshold_bytes = 0});
    routes.websocket("/choosy", [](Session&, Message) {})
        .subprotocols({"v2", "v1"}, SubprotocolRule::required);
    routes.get("/who", [](const Request& request) {
      return Response::text(std::string(request.remote_address()));
    });
    routes.post("/size", [](const Request& request) {
      return Response::text(std::to_string(request.body().size()), 201);
    });
  }};
};

using ATestClient = Tests;

TEST_F(ATestClient, SpeaksAndHears) {
  auto alice = server.connect("/told");
  EXPECT_EQ(alice.status(), 101);
  EXPECT_EQ(server.sessions(), 1U);
  alice.says("hello");
  alice.says_binary("bytes");
  EXPECT_FALSE(alice.hears("another thing"));
  EXPECT_FALSE(alice.hears_binary("hello"));
  EXPECT_TRUE(alice.hears("hello"));
  EXPECT_FALSE(alice.hears_nothing());
  EXPECT_EQ(alice.next(), "bytes");
  EXPECT_EQ(alice.next(), std::nullopt);
  EXPECT_TRUE(alice.hears_nothing());
}

TEST_F(ATestClient, SendsMessagesOfAnySize) {
  auto alice = server.connect("/told");
  const std::string large(400'000, 'x');  // more than fits into the connection at once
  alice.says(large);
  EXPECT_TRUE(alice.hears(large));
}

TEST_F(ATestClient, ClosesAsTheProtocolSays) {
  auto alice = server.connect("/told");
  alice.closes(4002, "enough");
  ASSERT_TRUE(alice.closed());
  EXPECT_EQ(alice.closed()->code, 4002);
  EXPECT_THAT(*story, ElementsAre("open", "close client 4002"));
  EXPECT_EQ(server.sessions(), 0U);
}

TEST_F(ATestClient, IsToldHowTheServerClosed) {
  auto alice = server.connect("/told");
  alice.says("close");
  ASSERT_TRUE(alice.closed());
  EXPECT_EQ(alice.closed()->code, 4001);
  EXPECT_EQ(alice.closed()->reason, "bye");
  EXPECT_THAT(*story, ElementsAre("open", "heard close", "close server 4001"));
}

TEST_F(ATestClient, SeesAHandlerThatThrowsAs1011) {
  auto alice = server.connect("/told");
  auto bob = server.connect("/told");
  alice.says("throw");
  ASSERT_TRUE(alice.closed());
  EXPECT_EQ(alice.closed()->code, 1011);
  bob.says("still here");
  EXPECT_TRUE(bob.hears("still here"));
}

TEST_F(ATestClient, MayVanish) {
  auto alice = server.connect("/told");
  alice.vanishes();
  alice.vanishes();
  ASSERT_TRUE(alice.closed());
  EXPECT_EQ(alice.closed()->code, 1006);
  EXPECT_EQ(server.sessions(), 0U);
  EXPECT_THAT(*story, ElementsAre("open", HasSubstr("close transport")));
}

TEST_F(ATestClient, VanishesWhenItIsDestroyed) {
  { auto alice = server.connect("/told"); }
  EXPECT_EQ(server.sessions(), 0U);
}

TEST_F(ATestClient, PingsAndIsPinged) {
  auto alice = server.connect("/told");
  alice.pings("are you there");
  EXPECT_EQ(alice.pongs_heard(), 1U);
  EXPECT_THAT(*story, Contains("ping are you there"));
  server.advance(60s);
  EXPECT_GE(alice.pings_heard(), 5U);
  EXPECT_FALSE(alice.closed());
}

TEST_F(ATestClient, ThatStopsReadingIsCutInTime) {
  auto alice = server.connect("/told");
  auto bob = server.connect("/told");
  alice.stops_reading();
  server.advance(16s);
  EXPECT_EQ(server.sessions(), 1U);
  EXPECT_THAT(*story, Contains(HasSubstr("close idle_timeout")));
  bob.says("still here");
  EXPECT_TRUE(bob.hears("still here"));
}

TEST_F(ATestClient, ThatStopsReadingFillsItsOutbox) {
  auto alice = server.connect("/told");
  alice.stops_reading();
  alice.says("flood");
  alice.says("flood");
  EXPECT_TRUE(alice.hears_nothing());
  EXPECT_EQ(server.sessions(), 1U);
  alice.says("flood");  // 600,000 bytes are more than queued_bytes
  EXPECT_FALSE(alice.closed());
  alice.reads_again();
  EXPECT_EQ(alice.next().value_or("").size(), 200'000U);
  EXPECT_EQ(alice.next().value_or("").size(), 200'000U);
  EXPECT_TRUE(alice.hears_nothing());
  ASSERT_TRUE(alice.closed());
  EXPECT_EQ(alice.closed()->code, 1008);
  EXPECT_THAT(*story, Contains(HasSubstr("close slow_consumer")));
}

TEST_F(ATestClient, ReadsWhatItMissed) {
  auto alice = server.connect("/told");
  alice.stops_reading();
  alice.says("hello");
  EXPECT_TRUE(alice.hears_nothing());
  alice.reads_again();
  EXPECT_TRUE(alice.hears("hello"));
}

TEST_F(ATestClient, MaySendWhatIsNoFrame) {
  auto alice = server.connect("/told");
  alice.sends_raw("GET / HTTP/1.1\r\n\r\n");  // 'G' has reserved bits set
  ASSERT_TRUE(alice.closed());
  EXPECT_EQ(alice.closed()->code, 1002);
}

TEST_F(ATestClient, MaySendHalfAFrameAndThenTheRest) {
  auto alice = server.connect("/told");
  alice.sends_raw(std::string("\x81\x82\0\0\0\0h", 7));
  EXPECT_TRUE(alice.hears_nothing());
  alice.sends_raw("i");
  EXPECT_TRUE(alice.hears("hi"));
}

TEST_F(ATestClient, IsRefusedInTheWordsOfHttp) {
  EXPECT_EQ(server.connect("/nowhere").status(), 404);
  EXPECT_EQ(server.connect("/told", {.headers = {{"Sec-WebSocket-Version", "12"}}}).status(), 426);
  auto refused = server.connect("/told", {.headers = {{"Origin", "https://evil.example"}}});
  EXPECT_EQ(refused.status(), 403);
  EXPECT_THAT(refused.answer().headers, Contains(Pair("Connection", "close")));
  EXPECT_THROW(refused.says("hello"), std::logic_error);
  EXPECT_EQ(refused.closed(), std::nullopt);
}

TEST_F(ATestClient, OffersSubprotocols) {
  auto alice = server.connect("/choosy", {.subprotocols = {"v1", "v2"}});
  EXPECT_EQ(alice.subprotocol(), "v2");
  EXPECT_EQ(server.connect("/choosy", {.subprotocols = {"v3"}}).status(), 400);
}

TEST_F(ATestClient, OffersCompression) {
  auto alice = server.connect("/packed", {.compression = true});
  EXPECT_THAT(alice.answer().headers,
              Contains(Pair("Sec-WebSocket-Extensions", HasSubstr("permessage-deflate"))));
  for (int i = 0; i < 3; ++i) {
    alice.says(std::string(1000, 'x'));
    EXPECT_TRUE(alice.hears(std::string(1000, 'x')));
  }
}

TEST_F(ATestClient, ThatIsMisusedSaysSo) {
  auto alice = server.connect("/told");
  alice.closes();
  EXPECT_THROW(alice.says("hello"), std::logic_error);
  EXPECT_THROW(alice.closes(), std::logic_error);
  EXPECT_THROW(alice.sends_raw("x"), std::logic_error);
}

TEST_F(ATestClient, AsksPlainRequestsFromAnywhere) {
  EXPECT_EQ(server.get("/who").body, "192.0.2.1");
  EXPECT_EQ(server.get("/who", {.address = "2001:db8::7"}).body, "2001:db8::7");
  const auto answer = server.request("POST", "/size", {.body = "12345"});
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(answer.body, "5");
  const auto head = server.request("HEAD", "/who");
  EXPECT_EQ(head.status, 200);
  EXPECT_THAT(head.headers, Contains(Pair("Content-Length", "9")));
  EXPECT_EQ(head.body, "");
}

TEST_F(ATestClient, MayOutliveItsServer) {
  std::optional<TestServer> short_lived;
  short_lived.emplace([](Router& routes) { routes.websocket("/", [](Session&, Message) {}); });
  auto alice = short_lived->connect("/");
  short_lived.reset();
  ASSERT_TRUE(alice.closed());
  EXPECT_EQ(alice.closed()->code, 1006);
  EXPECT_THROW(alice.says("hello"), std::logic_error);
}

using ATestServer = Tests;

TEST_F(ATestServer, TellsAllSessionsWhenItStops) {
  auto alice = server.connect("/told");
  auto bob = server.connect("/quiet");
  server.stop();
  EXPECT_EQ(alice.closed()->code, 1001);
  EXPECT_EQ(bob.closed()->code, 1001);
  EXPECT_EQ(server.sessions(), 0U);
}

TEST_F(ATestServer, LogsOneLinePerSession) {
  auto alice = server.connect("/told");
  alice.says("hello");
  alice.closes(4002, "enough");
  EXPECT_THAT(server.log(),
              Contains(AllOf(HasSubstr("info session closed"), HasSubstr("cause=client"),
                             HasSubstr("code=4002"), HasSubstr("messages_in=1"))));
}

TEST_F(ATestServer, LetsTimePassOnlyWhenItIsTold) {
  auto alice = server.connect("/quiet");
  server.advance(24h);
  EXPECT_FALSE(alice.closed());
  EXPECT_EQ(alice.pings_heard(), 0U);
}

TEST(TestServerOptions, GiveTheLogToTheTestToo) {
  std::vector<std::string> lines;
  ServerOptions options;
  options.log = [&](LogLevel, std::string_view line) { lines.emplace_back(line); };
  TestServer server([](Router& routes) { routes.websocket("/", [](Session&, Message) {}); },
                    options);
  server.connect("/").closes();
  EXPECT_THAT(lines, Contains(HasSubstr("session closed")));
}

TEST(TestServerOptions, ThatContradictEachOtherAreAnException) {
  const auto twice = [](Router& routes) {
    routes.get("/a/:x", [](const Request&) { return Response::text("1"); });
    routes.get("/a/:y", [](const Request&) { return Response::text("2"); });
  };
  EXPECT_THROW(TestServer server(twice), std::logic_error);
}

struct NeverAtRest {
  static void on_message(Session& client, Message) { client.ping(); }
  static void on_pong(Session& client, std::string_view) { client.ping(); }
};

TEST(ATestServersHandlers, ThatAnswerThemselvesForEverAreFound) {
  TestServer server([](Router& routes) { routes.websocket<NeverAtRest>("/"); });
  auto alice = server.connect("/");
  EXPECT_THROW(alice.says("go"), std::logic_error);
}

}  // namespace
}  // namespace orrery
