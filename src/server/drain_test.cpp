#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <string>
#include <vector>

#include "orrery/testing.h"
#include "server/wire_fixture.h"

namespace orrery {
namespace {

using server::handshake;
using server::Story;
using server::text_frame;
using server::WireClient;
using server::WireServer;
using ::testing::ElementsAre;
using ::testing::StartsWith;

struct Told {
  Story& story;
  void on_message(Session& client, Message message) { client.send(message); }
  void on_drain(Session& client) {
    story.emplace_back("drain");
    client.send("the server goes");
  }
  void on_close(Session&, CloseCause cause) {
    story.push_back("close " + std::string(name_of(cause.kind)));
  }
};

struct Draining : ::testing::Test {
  Story story;
  WireServer server{[this](Router& routes) {
    routes.websocket<Told>("/", std::ref(story)).limits({.idle = 0ms});
    routes.get("/page", [](const Request&) { return Response::text("page"); });
  }};
  std::vector<WireClient> open(std::size_t count) {
    std::vector<WireClient> clients;
    for (std::size_t i = 0; i < count; ++i)
      clients.push_back(std::move(WireClient(server).opens("/")));
    return clients;
  }
};

TEST_F(Draining, TellsEachSessionAtAMomentOfItsOwnWithAHintOfItsOwn) {
  auto clients = open(200);
  server.servers[0]->drain(10s, 20s);
  std::vector<std::size_t> told_in_second(11, 0);
  std::set<std::string> hints;
  for (std::size_t second = 0; second <= 10; ++second) {
    for (auto& client : clients) {
      const auto heard = client.hears_frames();
      const auto at = heard.find("close 1001 shutting down; reconnect in ");
      if (at == std::string::npos) continue;
      ++told_in_second[second];
      hints.insert(heard.substr(at));
      client.sends(server::close_frame(1001));
    }
    server.advance(1s);
  }
  for (std::size_t second = 1; second <= 10; ++second) {
    EXPECT_GT(told_in_second[second], 5U) << second;
    EXPECT_LT(told_in_second[second], 45U) << second;
  }
  EXPECT_GT(hints.size(), 180U);
  EXPECT_EQ(server.servers[0]->told(), 200U);
  EXPECT_EQ(server.sessions(), 0U);
  EXPECT_EQ(std::ranges::count(story, "drain"), 200);
  EXPECT_EQ(std::ranges::count(story, "close drain"), 200);
}

TEST_F(Draining, LetsSessionsTalkUntilTheirTurn) {
  auto clients = open(1);
  server.servers[0]->drain(1min, 0ms);
  EXPECT_EQ(clients[0].hears_frames(), "text the server goes\n");
  clients[0].sends(text_frame("still here"));
  EXPECT_EQ(clients[0].hears_frames(), "text still here\n");
  std::string heard;
  for (int second = 0; second < 61 && heard.empty(); ++second) {
    server.advance(1s);
    heard = clients[0].hears_frames();
  }
  EXPECT_EQ(heard, "close 1001 shutting down\n");
}

TEST_F(Draining, RefusesNewcomersAndEndsPlainConnections) {
  server.servers[0]->drain(1min, 1min);
  WireClient late(server);
  late.sends(handshake("/"));
  const auto answer = late.hears();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 "));
  EXPECT_NE(answer.find("Retry-After: "), std::string::npos);
  WireClient reader(server);
  reader.sends(server::request("GET /page"));
  EXPECT_NE(reader.hears().find("Connection: close"), std::string::npos);
  server.advance(5s);
  EXPECT_TRUE(server.servers[0]->empty());
}

TEST_F(Draining, ASecondTimeOnlyHastensTheEnd) {
  auto clients = open(20);
  server.servers[0]->drain(5s, 0ms);
  server.servers[0]->drain(1h, 0ms);
  EXPECT_EQ(server.servers[0]->told(), 20U);
  server.advance(1s);
  server.servers[0]->drain(0ms, 0ms);
  server.settle();
  for (auto& client : clients)
    EXPECT_TRUE(client.hears_frames().ends_with("close 1001 shutting down\n"));
  EXPECT_EQ(std::ranges::count(story, "drain"), 20);
  EXPECT_EQ(server.servers[0]->told(), 20U);
}

TEST_F(Draining, CountsNobodyWhoWasAboutToGo) {
  auto clients = open(2);
  clients[0].sends("nonsense");
  clients[1].end.reset();
  server.settle();
  server.servers[0]->drain(0ms, 0ms);
  EXPECT_EQ(server.servers[0]->told(), 0U);
}

TEST_F(Draining, CutsWhoNeverAnswersAndTheyHearOnCloseAllTheSame) {
  auto clients = open(3);
  server.servers[0]->drain(1min, 0ms);
  server.settle();
  EXPECT_EQ(server.servers[0]->cut_off(), 3U);
  EXPECT_TRUE(server.servers[0]->empty());
  EXPECT_EQ(std::ranges::count(story, "close shutdown_deadline"), 3);
  EXPECT_EQ(clients[0].state(), net::MemoryState::reset);
}

TEST_F(Draining, SaysGoodbyeOnCloseToAnUnansweredClose) {
  auto clients = open(1);
  server.servers[0]->drain(0ms, 0ms);
  server.advance(6s);  // close_timeout
  EXPECT_THAT(story, ElementsAre("drain", "close drain"));
}

// A goodbye that takes time.
TEST(ADrainHook, ThatIsACoroutineHasTimeUntilTheSessionsTurn) {
  TestServer server([](Router& routes) {
    routes.websocket("/", Callbacks{.on_message = [](Session&, Message) {},
                                    .on_drain = [](Session& client) -> Task<> {
                                      client.send("goodbye");
                                      co_await client.sleep_for(0ms);
                                      client.send("and again");
                                      client.close(1001, "gone");
                                    }});
  });
  auto alice = server.connect("/");
  server.stop();
  EXPECT_TRUE(alice.hears("goodbye"));
  server.advance(100ms);
  ASSERT_TRUE(alice.closed());
  EXPECT_EQ(alice.closed()->code, 1001);
}

TEST(AServerThatDrains, EndsWhenAllAreGoneAndReports) {
  ServerOptions options;
  options.threads = 2;
  options.log = [](LogLevel, std::string_view) {};
  Server server(std::move(options));
  server.websocket("/", [](Session& client, Message message) { client.send(message); });
  server.listen("127.0.0.1:0");
  ASSERT_TRUE(server.start());
  EXPECT_TRUE(server.status().ready);
  server.drain({.delay = 0s, .spread = 10s, .reconnect_spread = 10s, .deadline = 30s});
  EXPECT_FALSE(server.status().ready);
  EXPECT_TRUE(server.status().draining);
  const DrainReport report = server.join();  // nobody is there: at once
  EXPECT_EQ(report.told, 0U);
  EXPECT_EQ(report.cut, 0U);
}

}  // namespace
}  // namespace orrery
