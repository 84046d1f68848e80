#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "orrery/testing.h"
#include "server/wire_fixture.h"

namespace orrery {
namespace {

using server::close_frame;
using server::frame;
using server::frames_in;
using server::Story;
using server::text_frame;
using server::WireClient;
using server::WireServer;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using websocket::Opcode;

void echo(Session& client, Message message) {
  client.send(message);
}

// An echo at "/" with these limits.
WireServer echo_within(const RouteLimits& limits) {
  return WireServer([&](Router& routes) { routes.websocket("/", echo).limits(limits); });
}

// Lets time pass until the client hears something; how long that took, a minute at most.
milliseconds time_until_heard(WireServer& server, WireClient& client, std::string& heard) {
  constexpr milliseconds step = 16ms;
  for (milliseconds passed{0}; passed <= 120s; passed += step) {
    heard = client.hears_frames();
    if (!heard.empty()) return passed;
    server.advance(step);
  }
  return milliseconds::max();
}

constexpr const char* idle_10 = "close 1000 idle timeout: no data or ping for 10 s\n";

TEST(IdleTimeout, PingsInGoodTimeAndClosesWhoStaysSilent) {
  auto server = echo_within({.idle = 60s});
  auto alice = std::move(WireClient(server).opens("/"));
  std::string heard;
  const auto until_ping = time_until_heard(server, alice, heard);
  EXPECT_EQ(heard, "ping \n");
  EXPECT_GE(until_ping, 30s);
  EXPECT_LE(until_ping, 55s);
  const auto until_close = until_ping + time_until_heard(server, alice, heard);
  EXPECT_EQ(heard, "close 1000 idle timeout: no data or ping for 60 s\n");
  EXPECT_GE(until_close, 60s);
  EXPECT_LE(until_close, 61s);
}

TEST(IdleTimeout, NeverCutsAClientThatAnswersPings) {
  TestServer server([](Router& routes) { routes.websocket("/", echo).limits({.idle = 10s}); });
  auto alice = server.connect("/");
  server.advance(10min);
  EXPECT_FALSE(alice.closed());
  EXPECT_GE(alice.pings_heard(), 60U);
  EXPECT_LE(alice.pings_heard(), 121U);
}

TEST(IdleTimeout, IsReArmedByAnyByteEvenOfAnUnfinishedFrame) {
  auto server = echo_within({.idle = 10s, .idle_policy = IdlePolicy::close});
  auto alice = std::move(WireClient(server).opens("/"));
  const auto bytes = text_frame("hello");
  for (const char byte : bytes.substr(0, 3)) {
    server.advance(9s);
    alice.sends({&byte, 1});
  }
  EXPECT_EQ(alice.hears(), "");
  std::string heard;
  const auto passed = time_until_heard(server, alice, heard);
  EXPECT_EQ(heard, idle_10);
  EXPECT_GE(passed, 10s);
  EXPECT_LE(passed, 11s);
}

TEST(IdleTimeout, IsPunctualInPassiveModeWithoutAPing) {
  auto server = echo_within({.idle = 10s, .idle_policy = IdlePolicy::close});
  auto alice = std::move(WireClient(server).opens("/"));
  server.advance(7777ms);
  alice.sends(text_frame("hello"));
  EXPECT_EQ(alice.hears_frames(), "text hello\n");
  std::string heard;
  const auto passed = time_until_heard(server, alice, heard);
  EXPECT_EQ(heard, idle_10);
  EXPECT_GE(passed, 10s);
  EXPECT_LE(passed, 11s);
}

TEST(IdleTimeout, IsReArmedBySendingOnlyIfTheRouteSaysSo) {
  struct Row {
    IdleReset reset;
    bool survives;
  };
  for (const Row& row :
       {Row{IdleReset::by_receiving, false}, Row{IdleReset::by_receiving_or_sending, true}}) {
    TestServer server([&](Router& routes) {
      routes
          .websocket("/silent", Callbacks{.on_open = [](Session& s) { s.join("news"); },
                                          .on_message = [](Session&, Message) {}})
          .limits({.idle = 10s, .idle_policy = IdlePolicy::close, .idle_reset = row.reset});
      routes.websocket("/speaks", [](Session& s, Message m) { s.publish("news", m); });
    });
    auto alice = server.connect("/silent");
    auto bob = server.connect("/speaks");
    for (int i = 0; i < 3; ++i) {
      server.advance(6s);
      bob.says("news");
    }
    EXPECT_EQ(!alice.closed(), row.survives);
  }
}

TEST(IdleTimeout, OfZeroNeverComes) {
  auto server = echo_within({.idle = 0ms});
  auto alice = std::move(WireClient(server).opens("/"));
  server.advance(1s);
  server.clock.advance(24h);
  server.settle();
  EXPECT_EQ(alice.hears(), "");
  alice.sends(text_frame("hello"));
  EXPECT_EQ(alice.hears_frames(), "text hello\n");
}

TEST(Heartbeat, ClosesWhoDoesNotAnswerBeforeTheNextBeat) {
  auto server = echo_within({.idle = 0ms, .heartbeat = 5s});
  auto alice = std::move(WireClient(server).opens("/"));
  std::string heard;
  EXPECT_NEAR(static_cast<double>(time_until_heard(server, alice, heard).count()), 5000, 50);
  EXPECT_EQ(heard, "ping \n");
  alice.sends(frame(Opcode::pong, ""));
  EXPECT_NEAR(static_cast<double>(time_until_heard(server, alice, heard).count()), 5000, 50);
  EXPECT_EQ(heard, "ping \n");
  alice.sends(text_frame("a message is no pong"));
  EXPECT_EQ(alice.hears_frames(), "text a message is no pong\n");
  EXPECT_NEAR(static_cast<double>(time_until_heard(server, alice, heard).count()), 5000, 50);
  EXPECT_EQ(heard, "close 1000 ping timeout\n");
}

TEST(MessageTimeout, CountsFromTheFirstByteToTheLast) {
  auto server = echo_within({.message_timeout = 3s});
  auto alice = std::move(WireClient(server).opens("/"));
  alice.sends(frame(Opcode::text, "in ", false));
  server.advance(2900ms);
  alice.sends(frame(Opcode::continuation, "time"));
  EXPECT_EQ(alice.hears_frames(), "text in time\n");
  server.advance(10s);  // between messages no time runs
  alice.sends(frame(Opcode::text, "too ", false));
  server.advance(2s);
  alice.sends(frame(Opcode::ping, ""));
  EXPECT_EQ(alice.hears_frames(), "pong \n");
  std::string heard;
  const auto passed = time_until_heard(server, alice, heard);
  EXPECT_EQ(heard, "close 1008 message timeout\n");
  EXPECT_GE(passed, 950ms);
  EXPECT_LE(passed, 2s);
}

TEST(MessageBytes, AreCountedOverAllFragments) {
  auto server = echo_within({.message_bytes = 10});
  auto alice = std::move(WireClient(server).opens("/"));
  alice.sends(text_frame("ten bytes!"));
  EXPECT_EQ(alice.hears_frames(), "text ten bytes!\n");
  alice.sends(frame(Opcode::text, "ten ", false) + frame(Opcode::continuation, "bytes, no"));
  EXPECT_EQ(alice.hears_frames(), "close 1009 message too big\n");
}

TEST(MessageRate, ClosesWhoSendsTooFast) {
  auto server = echo_within({.messages_per_second = 3});
  auto alice = std::move(WireClient(server).opens("/"));
  for (int second = 0; second < 3; ++second) {
    for (int i = 0; i < 3; ++i) alice.sends(text_frame("calm"));
    EXPECT_EQ(alice.hears_frames(), "text calm\ntext calm\ntext calm\n");
    server.advance(1s);
  }
  for (int i = 0; i < 4; ++i) alice.sends(text_frame("hurry"));
  EXPECT_EQ(alice.hears_frames(), "text hurry\ntext hurry\ntext hurry\nclose 1008 rate limited\n");
}

TEST(MessageRate, MayDropInsteadAndCounts) {
  auto server = echo_within({.messages_per_second = 2, .rate_policy = RatePolicy::drop});
  auto alice = std::move(WireClient(server).opens("/"));
  for (const auto* word : {"one", "two", "three", "four"}) alice.sends(text_frame(word));
  EXPECT_EQ(alice.hears_frames(), "text one\ntext two\n");
  const auto& dropped = server.servers[0]->counters().dropped;
  EXPECT_EQ(dropped[static_cast<std::size_t>(DropCause::rate_limited)].count(), 2U);
  server.advance(1s);
  alice.sends(text_frame("five"));
  EXPECT_EQ(alice.hears_frames(), "text five\n");
}

// Answers each message with as many bytes as it asks for.
void fill(Session& client, Message message) {
  client.send(std::string(std::stoul(std::string(message.text())), 'x'));
}

WireServer filling(RouteLimits limits) {
  return WireServer([&](Router& routes) { routes.websocket("/", fill).limits(limits); });
}

std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1))
    ++count;
  return count;
}

TEST(QueuedBytes, CloseWhoReadsTooSlowly) {
  auto server = filling({.queued_bytes = 100'000});
  auto alice = std::move(WireClient(server).opens("/"));
  alice.end.set_window(0);
  for (int i = 0; i < 3; ++i) alice.sends(text_frame("40000"));
  EXPECT_EQ(server.sessions(), 1U);
  alice.end.set_window(1 << 20);
  const auto heard = alice.hears_frames();
  EXPECT_EQ(count_of(heard, "text xx"), 2U);
  EXPECT_TRUE(heard.ends_with("close 1008 slow consumer\n"));
}

TEST(QueuedBytes, MayDropTheNewestInsteadAndCount) {
  auto server = filling({.queued_bytes = 100'000, .overflow = Overflow::drop_newest});
  auto alice = std::move(WireClient(server).opens("/"));
  alice.end.set_window(0);
  for (const auto* bytes : {"40000", "50000", "40000", "5000", "40000"})
    alice.sends(text_frame(bytes));
  const auto& dropped = server.servers[0]->counters().dropped;
  EXPECT_EQ(dropped[static_cast<std::size_t>(DropCause::outbox_full)].count(), 2U);
  alice.end.set_window(1 << 20);
  const auto heard = alice.hears();
  EXPECT_EQ(count_of(frames_in(heard), "text "), 3U);
  alice.sends(text_frame("3"));
  EXPECT_EQ(alice.hears_frames(), "text xxx\n");
}

TEST(QueuedBytes, LetOneMessageOfAnySizePassAnEmptyOutbox) {
  auto server = filling({.queued_bytes = 1000});
  auto alice = std::move(WireClient(server).opens("/"));
  alice.sends(text_frame("3000000"));
  EXPECT_EQ(alice.hears_frames().size(), 3'000'000U + 6);
  alice.sends(text_frame("1"));
  EXPECT_EQ(alice.hears_frames(), "text x\n");
}

TEST(QueuedBytes, AreToldToTheHandler) {
  std::vector<std::size_t> queued;
  WireServer server([&](Router& routes) {
    routes.websocket("/", [&](Session& client, Message) {
      queued.push_back(client.queued_bytes());
      client.send("12345678");
      queued.push_back(client.queued_bytes());
    });
  });
  auto alice = std::move(WireClient(server).opens("/"));
  alice.sends(text_frame("go"));
  alice.sends(text_frame("go"));
  EXPECT_THAT(queued, ElementsAre(0, 10, 0, 10));
}

TEST(WriteTimeout, EndsWhoTakesNothing) {
  auto server = filling({.idle = 0ms});
  auto alice = std::move(WireClient(server).opens("/"));
  alice.end.set_window(0);
  alice.sends(text_frame("40000"));
  server.advance(29s);
  EXPECT_EQ(server.sessions(), 1U);
  server.advance(2s);
  EXPECT_EQ(server.sessions(), 0U);
  EXPECT_EQ(alice.state(), net::MemoryState::reset);
  EXPECT_TRUE(server.log.has("cause=slow_consumer"));
}

TEST(WriteTimeout, RunsAlsoWhenTheOutboxRanFullWithinATurn) {
  auto server = filling({.idle = 0ms, .queued_bytes = 1000, .overflow = Overflow::drop_newest});
  auto alice = std::move(WireClient(server).opens("/"));
  server.advance(10s);  // no timer is left of the handshake
  alice.end.set_window(0);
  alice.sends(text_frame("900") + text_frame("900"));
  EXPECT_EQ(server.sessions(), 1U);
  server.advance(31s);
  EXPECT_EQ(server.sessions(), 0U);
  EXPECT_TRUE(server.log.has("cause=slow_consumer"));
}

TEST(WriteTimeout, LeavesInPeaceWhoTakesALittle) {
  auto server = filling({.idle = 0ms});
  auto alice = std::move(WireClient(server).opens("/"));
  alice.end.set_window(0);
  alice.sends(text_frame("40000"));
  for (std::size_t i = 1; i <= 4; ++i) {
    server.advance(25s);
    alice.end.set_window(i * 1000);
  }
  EXPECT_EQ(server.sessions(), 1U);
  alice.end.set_window(1 << 20);
  EXPECT_EQ(alice.hears_frames().size(), 40'000U + 6);
  server.advance(60s);
  EXPECT_EQ(server.sessions(), 1U);
}

TEST(APong, ThatCannotBeWrittenIsReplacedByANewerOne) {
  auto server = filling({.idle = 0ms});
  auto alice = std::move(WireClient(server).opens("/"));
  alice.end.set_window(0);
  alice.sends(text_frame("4"));
  for (const auto* payload : {"1", "2", "3"}) alice.sends(frame(Opcode::ping, payload));
  alice.end.set_window(1 << 20);
  EXPECT_EQ(alice.hears_frames(), "text xxxx\npong 3\n");
  alice.sends(frame(Opcode::ping, "4"));
  EXPECT_EQ(alice.hears_frames(), "pong 4\n");
}

// Stops reading when it is told "stop", and is told by a neighbour to go on.
struct Pausing {
  Session*& paused;
  void on_message(Session& client, Message message) {
    client.send(message);
    if (message.text() != "stop") return;
    client.pause_reading();
    paused = &client;
  }
};

struct PauseReading : ::testing::Test {
  Session* paused = nullptr;
  WireServer server{[this](Router& routes) {
    routes.websocket<Pausing>("/", std::ref(paused))
        .limits({.message_timeout = 10s, .idle = 10s, .idle_policy = IdlePolicy::close});
    routes.websocket("/resume", [this](Session&, Message) { paused->resume_reading(); });
    routes.websocket("/close", [this](Session&, Message) { paused->close(4000); });
    routes.websocket("/at_once",
                     Callbacks{.on_open = [this](Session& s) { s.pause_reading(), paused = &s; },
                               .on_message = echo});
  }};
  WireClient alice{server};
  void somebody_says_go_at(const char* target) {
    WireClient(server).opens(target).sends(text_frame("go"));
  }
};

TEST_F(PauseReading, HoldsMessagesBackUntilItGoesOn) {
  alice.opens("/");
  alice.sends(text_frame("one") + text_frame("stop") + text_frame("two"));
  alice.sends(text_frame("three"));
  EXPECT_EQ(alice.hears_frames(), "text one\ntext stop\n");
  somebody_says_go_at("/resume");
  EXPECT_EQ(alice.hears_frames(), "text two\ntext three\n");
}

TEST_F(PauseReading, InOnOpenHoldsBackWhatCameWithTheHandshake) {
  alice.sends(server::handshake("/at_once") + text_frame("early"));
  EXPECT_EQ(server::frames_behind_101(alice.hears()), "");
  somebody_says_go_at("/resume");
  EXPECT_EQ(alice.hears_frames(), "text early\n");
}

TEST_F(PauseReading, LetsTheDeadlinesStandStill) {
  alice.opens("/").sends(text_frame("stop") + frame(Opcode::text, "unfin", false));
  EXPECT_EQ(alice.hears_frames(), "text stop\n");
  server.advance(5min);
  EXPECT_EQ(alice.hears(), "");
  somebody_says_go_at("/resume");
  server.advance(9s);
  EXPECT_EQ(alice.hears(), "");
  alice.sends(frame(Opcode::continuation, "ished"));
  EXPECT_EQ(alice.hears_frames(), "text unfinished\n");
  server.advance(10500ms);
  EXPECT_EQ(alice.hears_frames(), idle_10);
}

TEST_F(PauseReading, DoesNotGiveAMessageAFreshDeadline) {
  alice.opens("/").sends(text_frame("stop"));
  somebody_says_go_at("/resume");
  alice.sends(frame(Opcode::text, "", false) + frame(Opcode::ping, ""));
  server.advance(8s);
  // Paused from outside, in the midst of a message.
  paused->pause_reading();
  server.advance(1min);
  paused->resume_reading();
  EXPECT_EQ(alice.hears_frames(), "text stop\npong \n");
  server.advance(3s);
  EXPECT_EQ(alice.hears_frames(), "close 1008 message timeout\n");
}

TEST_F(PauseReading, EndsWhenTheHandlerCloses) {
  alice.opens("/").sends(text_frame("stop") + text_frame("never heard"));
  somebody_says_go_at("/close");
  EXPECT_EQ(alice.hears_frames(), "text stop\nclose 4000 \n");
  alice.sends(close_frame(4000));
  EXPECT_EQ(alice.state(), net::MemoryState::finished);
}

TEST_F(PauseReading, StillNoticesABrokenConnection) {
  alice.opens("/").sends(text_frame("stop"));
  EXPECT_EQ(server.sessions(), 1U);
  alice.end.reset();
  server.settle();
  EXPECT_EQ(server.sessions(), 0U);
}

TEST(SetLimits, HoldForOneSessionFromTheNextMessageOn) {
  WireServer server([](Router& routes) {
    routes
        .websocket("/",
                   [](Session& client, Message message) {
                     if (message.text() == "sign in")
                       client.set_limits({.message_bytes = 100, .idle = 30s});
                     client.send(message);
                   })
        .limits({.message_bytes = 10, .idle = 10s, .idle_policy = IdlePolicy::close});
  });
  auto alice = std::move(WireClient(server).opens("/"));
  auto bob = std::move(WireClient(server).opens("/"));
  alice.sends(text_frame("sign in") + text_frame("more than ten bytes"));
  EXPECT_EQ(alice.hears_frames(), "text sign in\ntext more than ten bytes\n");
  server.advance(11s);
  EXPECT_EQ(bob.hears_frames(), idle_10);
  std::string heard;
  const auto passed = 11s + time_until_heard(server, alice, heard);
  EXPECT_EQ(heard, "close 1000 idle timeout: no data or ping for 30 s\n");
  EXPECT_GE(passed, 30s);
  EXPECT_LE(passed, 31s);
}

TEST(SetLimits, ToAShorterIdleTimeoutActsInTime) {
  WireServer server([](Router& routes) {
    routes.websocket("/", [](Session& client, Message) { client.set_limits({.idle = 2s}); })
        .limits({.idle_policy = IdlePolicy::close});
  });
  auto alice = std::move(WireClient(server).opens("/"));
  alice.sends(text_frame("go"));
  server.advance(2500ms);
  EXPECT_EQ(alice.hears_frames(), "close 1000 idle timeout: no data or ping for 2 s\n");
}

TEST(Fairness, LetsOthersSpeakAfterAThousandMessages) {
  Story story;
  WireServer server([&](Router& routes) {
    routes.websocket("/:who", [&](Session& client, Message) {
      story.emplace_back(client.request().param("who"));
    });
  });
  auto flood = std::move(WireClient(server).opens("/flood"));
  auto alice = std::move(WireClient(server).opens("/alice"));
  std::string many;
  for (int i = 0; i < 5000; ++i) many += text_frame("");
  ASSERT_EQ(flood.end.write(many), many.size());
  ASSERT_GT(alice.end.write(text_frame("")), 0U);
  server.settle();
  ASSERT_EQ(story.size(), 5001U);
  const auto when = std::find(story.begin(), story.end(), "alice") - story.begin();
  EXPECT_LE(when, 1000);
}

// The lingering drain after a flood must read too, or the close frame is lost to a reset.
TEST(Fairness, DoesNotKeepTheLastWordsFromBeingRead) {
  auto server = echo_within({.queued_bytes = 10'000'000});
  auto alice = std::move(WireClient(server).opens("/"));
  std::string many;
  for (int i = 0; i < 2500; ++i) many += text_frame("");
  alice.sends(many + close_frame(4000) + std::string(100'000, 'x'));
  EXPECT_TRUE(alice.hears_frames().ends_with("close 4000 \n"));
  EXPECT_EQ(alice.state(), net::MemoryState::finished);
  alice.end.finish_writing();
  server.settle();
  EXPECT_EQ(alice.state(), net::MemoryState::finished);
  EXPECT_TRUE(server.servers[0]->empty());
}

}  // namespace
}  // namespace orrery
