#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "orrery/testing.h"
#include "server/wire_fixture.h"

namespace orrery {
namespace {

using server::Story;
using server::text_frame;
using server::WireClient;
using server::WireServer;

// Enters a room under a name, sees who is there, and hears who comes and goes.
struct Guest {
  void on_open(Session& client) {
    const std::string room(client.request().param("room"));
    const std::string name(client.request().query("name").value_or("?"));
    std::string there;
    for (const Member& member : client.track(room)) there += member.metadata + " ";
    client.join(room, name);
    client.send("here: " + there);
  }
  void on_message(Session& client, Message message) {
    if (message.text() == "leave") client.leave(client.request().param("room"));
  }
  void on_presence(Session& client, Presence who) {
    const bool joined = who.kind == Presence::Kind::joined;
    client.send(std::string(who.metadata) + (joined ? " joined " : " left ") +
                std::string(who.group));
  }
};

TEST(Presence, IsASnapshotAndThenEachComingAndGoingOnce) {
  TestServer server([](Router& routes) { routes.websocket<Guest>("/:room"); });
  auto alice = server.connect("/tea?name=alice");
  EXPECT_TRUE(alice.hears("here: "));
  auto bob = server.connect("/tea?name=bob");
  EXPECT_TRUE(bob.hears("here: alice "));
  EXPECT_TRUE(alice.hears("bob joined tea"));
  auto carol = server.connect("/coffee?name=carol");
  bob.says("leave");
  EXPECT_TRUE(alice.hears("bob left tea"));
  bob.closes();
  EXPECT_TRUE(alice.hears_nothing());
  {
    auto dave = server.connect("/tea?name=dave");
    EXPECT_TRUE(alice.hears("dave joined tea"));
  }
  EXPECT_TRUE(alice.hears("dave left tea"));
  EXPECT_TRUE(alice.hears_nothing());
  EXPECT_TRUE(carol.hears("here: "));
  EXPECT_TRUE(carol.hears_nothing());
}

TEST(Presence, CrossesLoops) {
  WireServer server([](Router& routes) { routes.websocket<Guest>("/:room"); }, {}, 2);
  auto alice = std::move(WireClient(server, {}, 0).opens("/tea?name=alice"));
  auto bob = std::move(WireClient(server, {}, 1).opens("/tea?name=bob"));
  bob.end.reset();
  EXPECT_EQ(alice.hears_frames(), "text bob joined tea\ntext bob left tea\n");
}

// "since EPOCH OFFSET" joins and tells what was missed; anything else is published.
struct Reader {
  void on_message(Session& client, Message message) {
    const std::string text(message.text());
    if (!text.starts_with("since ")) return client.publish("news", message);
    std::size_t end = 0;
    const Position since{std::stoull(text.substr(6), &end), std::stoull(text.substr(6 + end))};
    const Recovery recovery = client.join("news", since);
    client.send(recovery.kind == Recovery::Kind::gap ? "gap" : "complete");
    position = recovery.now;
    for (const auto& missed : recovery.missed) say(client, missed.position, missed.payload);
  }
  void on_server_message(Session& client, ServerMessage message) {
    position = message.position();
    say(client, message.position(), message.text());
  }
  static void say(Session& client, Position at, std::string_view text) {
    client.send(std::to_string(at.offset) + " " + std::string(text));
  }
  Position& position;
};

struct Histories : ::testing::Test {
  Position position{};
  TestServer server{[this](Router& routes) {
    routes.websocket<Reader>("/", std::ref(position));
    routes.websocket("/keeps", [](Session& client, Message) {
      client.sender().keep_history("news", {.messages = 3});
    });
  }};
  TestClient alice = server.connect("/");
  void keep() { server.connect("/keeps").says("go"); }
  [[nodiscard]] std::string since(std::uint64_t offset) const {
    return "since " + std::to_string(position.epoch) + " " + std::to_string(offset);
  }
};

TEST_F(Histories, GiveBackWhatWasMissedAndThenGoOn) {
  keep();
  alice.says("since 0 0");
  EXPECT_TRUE(alice.hears("complete"));
  for (const auto* text : {"a", "b", "c"}) alice.says(text);
  for (const auto* line : {"1 a", "2 b", "3 c"}) EXPECT_TRUE(alice.hears(line));
  auto bob = server.connect("/");
  bob.says(since(1));
  for (const auto* line : {"complete", "2 b", "3 c"}) EXPECT_TRUE(bob.hears(line));
  alice.says("d");
  EXPECT_TRUE(bob.hears("4 d"));
  auto carol = server.connect("/");
  carol.says(since(0));
  EXPECT_TRUE(carol.hears("gap"));
  EXPECT_TRUE(carol.hears_nothing());
  alice.says("e");
  EXPECT_TRUE(carol.hears("5 e"));
}

// Alice is busy while somebody speaks, begins a history, and speaks again.
TEST(AHistory, LeaveWhatTheyDoNotHoldToComeByItself) {
  TestServer server([](Router& routes) {
    routes.websocket("/", Callbacks{.on_open = [](Session& client) { client.join("news"); },
                                    .on_message = [](Session& client, Message) -> Task<> {
                                      co_await client.sleep_for(1s);
                                      const Recovery past = client.join("news", Position{});
                                      for (const auto& missed : past.missed)
                                        client.send("missed " + missed.payload);
                                    },
                                    .on_server_message =
                                        [](Session& client, ServerMessage message) {
                                          client.send("heard " + std::string(message.text()));
                                        }});
    routes.websocket("/speaker", [](Session& client, Message) {
      client.publish("news", "a");
      client.sender().keep_history("news", {.messages = 3});
      client.publish("news", "b");
    });
  });
  auto alice = server.connect("/");
  alice.says("be busy");
  server.connect("/speaker").says("speak");
  server.advance(2s);
  EXPECT_TRUE(alice.hears("missed b"));
  EXPECT_TRUE(alice.hears("heard a"));
  EXPECT_TRUE(alice.hears_nothing());
}

TEST_F(Histories, AreGapsForStrangersFromAnotherEpochAndWhereNoneIsKept) {
  alice.says("since 0 0");
  EXPECT_TRUE(alice.hears("gap"));
  keep();
  alice.says("a");
  EXPECT_TRUE(alice.hears("1 a"));
  auto bob = server.connect("/");
  bob.says("since 12345 1");
  EXPECT_TRUE(bob.hears("gap"));
}

}  // namespace
}  // namespace orrery
