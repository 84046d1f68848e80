#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "orrery/testing.h"
#include "server/wire_fixture.h"

namespace orrery {
namespace {

using server::Story;
using server::text_frame;
using server::WireClient;
using server::WireServer;
using ::testing::ElementsAre;

std::string word_of(const NameAnswer& answer) {
  switch (answer.kind) {
    case NameAnswer::Kind::registered: return "registered";
    case NameAnswer::Kind::taken: return "taken";
    case NameAnswer::Kind::unavailable: return "unavailable";
  }
  return "?";
}

// "claim NAME", "release NAME", "to NAME": a message to whoever holds it, "find NAME".
struct Person {
  void on_message(Session& client, Message message) {
    const std::string text(message.text());
    const std::string name = text.substr(text.find(' ') + 1);
    if (text.starts_with("claim "))
      client.register_name(
          name, [](Session& session, const NameAnswer& answer) { session.send(word_of(answer)); });
    if (text.starts_with("release "))
      client.send(client.unregister_name(name) == NameReleased::released ? "released" : "not held");
    if (text.starts_with("to ")) {
      const auto posted = client.sender().send_to_name(name, "hello, " + name);
      client.send(posted == NamePosted::queued ? "queued" : "no such name");
    }
    if (text.starts_with("find ")) client.send(client.sender().find(name) ? "found" : "nobody");
  }
};

struct Notified : Person {
  void on_name_lost(Session& client, std::string_view name) {
    client.send("lost " + std::string(name));
  }
};

void declare(Router& routes) {
  routes.websocket<Person>("/");
  routes.websocket<Person>("/replaces").on_name_conflict(NameConflict::replace);
  routes.websocket<Notified>("/notified");
  routes.gear("other", "/other", [](Router& other) { other.websocket<Person>("/"); });
}

TEST(AName, BelongsToTheFirstWhoClaimsItUntilItIsReleased) {
  TestServer server(declare);
  auto alice = server.connect("/");
  auto bob = server.connect("/");
  alice.says("claim tea");
  bob.says("claim tea");
  EXPECT_TRUE(alice.hears("registered"));
  EXPECT_TRUE(bob.hears("taken"));
  alice.says("claim tea");
  EXPECT_TRUE(alice.hears("registered"));  // still
  bob.says("release tea");
  EXPECT_TRUE(bob.hears("not held"));
  alice.says("release tea");
  EXPECT_TRUE(alice.hears("released"));
  bob.says("claim tea");
  EXPECT_TRUE(bob.hears("registered"));
}

TEST(AName, IsFreeWhenItsHolderHasEndedHoweverItEnded) {
  TestServer server(declare);
  auto bob = server.connect("/");
  for (int way = 0; way < 3; ++way) {
    auto alice = server.connect("/");
    alice.says("claim tea");
    EXPECT_TRUE(alice.hears("registered"));
    if (way == 0) alice.closes();
    if (way == 1) alice.vanishes();
    if (way == 2) alice.sends_raw("nonsense");
    bob.says("find tea");
    EXPECT_TRUE(bob.hears("nobody")) << way;
    bob.says("claim tea");
    EXPECT_TRUE(bob.hears("registered")) << way;
    bob.says("release tea");
    EXPECT_TRUE(bob.hears("released")) << way;
  }
}

TEST(AName, ReachesItsHolder) {
  TestServer server(declare);
  auto alice = server.connect("/");
  auto bob = server.connect("/");
  alice.says("claim tea");
  EXPECT_TRUE(alice.hears("registered"));
  bob.says("to tea");
  EXPECT_TRUE(bob.hears("queued"));
  EXPECT_TRUE(alice.hears("hello, tea"));
  bob.says("to coffee");
  EXPECT_TRUE(bob.hears("no such name"));
}

TEST(AName, IsTakenOverWhereTheRouteSaysSoAndTheLoserIsTold) {
  TestServer server(declare);
  auto alice = server.connect("/");
  auto bob = server.connect("/notified");
  auto carol = server.connect("/replaces");
  alice.says("claim tea");
  EXPECT_TRUE(alice.hears("registered"));
  carol.says("claim tea");
  EXPECT_TRUE(carol.hears("registered"));
  ASSERT_TRUE(alice.closed());
  EXPECT_EQ(alice.closed()->code, 4000);
  EXPECT_EQ(alice.closed()->reason, "name taken over");
  bob.says("claim coffee");
  EXPECT_TRUE(bob.hears("registered"));
  carol.says("claim coffee");
  EXPECT_TRUE(bob.hears("lost coffee"));
  EXPECT_FALSE(bob.closed());
  EXPECT_TRUE(carol.hears("registered"));
}

TEST(AName, IsLostAtOnceEvenByOneWhoIsBusy) {
  TestServer server([](Router& routes) {
    routes.websocket("/busy", [](Session& client) -> Task<> {
      (void)co_await client.register_name("tea");
      co_await client.sleep_for(1h);
    });
    routes.websocket<Person>("/replaces").on_name_conflict(NameConflict::replace);
  });
  auto alice = server.connect("/busy");
  auto bob = server.connect("/replaces");
  bob.says("claim tea");
  EXPECT_TRUE(bob.hears("registered"));
  ASSERT_TRUE(alice.closed());
  EXPECT_EQ(alice.closed()->code, 4000);
}

// The loss waits until the coroutine has ended: what it is told then must still be true.
TEST(AName, ThatIsTakenBackBeforeItsLossWasToldIsHeld) {
  Story story;
  WireServer server([&](Router& routes) {
    const auto claims_twice = [&](Session& client, Message) -> Task<> {
      for (const auto* name : {"tea", "coffee", "tea"}) {
        story.push_back(word_of(co_await client.register_name(name)));
        co_await client.sleep_for(1s);
      }
    };
    const auto is_lost = [&](Session&, std::string_view name) {
      story.push_back("lost " + std::string(name));
    };
    routes.websocket("/busy", Callbacks{.on_message = claims_twice, .on_name_lost = is_lost})
        .on_name_conflict(NameConflict::replace);
    routes.websocket<Person>("/replaces").on_name_conflict(NameConflict::replace);
  });
  auto alice = std::move(WireClient(server).opens("/busy"));
  auto bob = std::move(WireClient(server).opens("/replaces"));
  alice.sends(text_frame("go"));
  bob.sends(text_frame("claim tea"));
  server.advance(1100ms);
  bob.sends(text_frame("claim coffee"));
  EXPECT_EQ(bob.hears_frames(), "text registered\ntext registered\n");
  server.advance(2s);
  EXPECT_THAT(story, ElementsAre("registered", "registered", "registered", "lost coffee"));
  EXPECT_EQ(bob.hears_frames(), "close 4000 name taken over\n");
  auto carol = std::move(WireClient(server).opens("/replaces"));
  carol.sends(text_frame("find tea"));
  EXPECT_EQ(carol.hears_frames(), "text found\n");
}

TEST(AName, IsKnownInItsPoolOnly) {
  TestServer server(declare);
  auto alice = server.connect("/");
  auto bob = server.connect("/other/");
  alice.says("claim tea");
  bob.says("claim tea");
  EXPECT_TRUE(alice.hears("registered"));
  EXPECT_TRUE(bob.hears("registered"));
}

TEST(AName, ThatWasClaimedByOneWhoHasEndedMeanwhileIsFree) {
  Story story;
  WireServer server([&](Router& routes) {
    routes.websocket("/ends", [&](Session& client, Message) {
      client.register_name("tea",
                           [&](Session&, const NameAnswer&) { story.emplace_back("never"); });
      client.close(4000);
    });
    routes.websocket<Person>("/");
  });
  auto alice = std::move(WireClient(server).opens("/ends"));
  alice.sends(text_frame("go"));
  alice.end.reset();
  auto bob = std::move(WireClient(server).opens("/"));
  bob.sends(text_frame("claim tea"));
  EXPECT_EQ(bob.hears_frames(), "text registered\n");
  EXPECT_THAT(story, ElementsAre());
}

TEST(AClaim, LetsOtherMessagesPassButForThatOfACoroutineThatAwaitsIt) {
  Story story;
  WireServer server([&](Router& routes) {
    routes.websocket("/", [&](Session& client) -> Task<> {
      const auto mine = co_await client.register_name("tea");
      story.push_back(word_of(mine));
      while (auto message = co_await client.receive()) story.emplace_back(message->text());
    });
  });
  WireClient alice(server);
  alice.sends(server::handshake("/") + text_frame("hello"));
  EXPECT_THAT(story, ElementsAre("registered", "hello"));
  WireClient bob(server);
  bob.sends(server::handshake("/"));
  EXPECT_EQ(story.back(), "taken");
}

TEST(AName, CrossesLoops) {
  WireServer server(declare, {}, 2);
  auto alice = std::move(WireClient(server, {}, 0).opens("/"));
  auto bob = std::move(WireClient(server, {}, 1).opens("/"));
  alice.sends(text_frame("claim tea"));
  bob.sends(text_frame("claim tea") + text_frame("to tea"));
  EXPECT_EQ(bob.hears_frames(), "text queued\ntext taken\n");
  EXPECT_EQ(alice.hears_frames(), "text registered\ntext hello, tea\n");
}

}  // namespace
}  // namespace orrery
