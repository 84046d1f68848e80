// Clients that read too slowly, or send too fast: what is dropped, who is told, who is closed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "server/wire_fixture.h"

namespace orrery {
namespace {

using server::frames_in;
using server::Story;
using server::text_frame;
using server::WireClient;
using server::WireServer;
using ::testing::ElementsAre;

constexpr std::size_t each = 20'000;

// "KEY TEXT" is answered by a long message that begins with the text; "." for no key.
struct Ticker {
  explicit Ticker(Story& of) : story(of) {}
  void on_message(Session& client, Message message) {
    const std::string said(message.text());
    const auto key = said.substr(0, said.find(' '));
    std::string text = said.substr(said.find(' ') + 1);
    text.resize(each, '.');
    client.send(text, {.key = key == "." ? std::string_view{} : std::string_view(key)});
    most = std::max(most, client.queued_bytes());
  }
  void on_dropped(Session&, Dropped what) {
    story.push_back(std::string(name_of(what.cause)) + " " + std::to_string(what.messages));
  }
  void on_close(Session&, CloseCause cause) {
    story.push_back("close " + std::string(name_of(cause.kind)));
    EXPECT_LE(most, 130'000U);
  }
  Story& story;
  std::size_t most = 0;
};

struct SlowClient : ::testing::Test {
  void open(Overflow policy, RouteLimits limits = {}) {
    limits.overflow = policy;
    limits.queued_bytes = 100'000;
    limits.idle = 0ms;
    server = std::make_unique<WireServer>(
        [&](Router& routes) { routes.websocket<Ticker>("/", std::ref(story)).limits(limits); });
    alice = std::make_unique<WireClient>(*server);
    alice->opens("/");
    alice->end.set_window(0);
  }
  void sends(const std::vector<std::string>& lines) {
    for (const auto& line : lines) alice->sends(text_frame(line));
  }
  /// The texts that arrive once the client reads again, without their length.
  std::string reads_again() {
    alice->end.set_window(1 << 20);
    std::string texts;
    std::string all = alice->hears_frames();
    for (std::size_t at = 0; at < all.size();) {
      const auto end = all.find('\n', at);
      std::string line = all.substr(at, end - at);
      line = line.substr(0, line.find('.'));
      if (line.starts_with("text ")) line = line.substr(5);
      texts += line + " ";
      at = end + 1;
    }
    return texts;
  }
  [[nodiscard]] std::uint64_t dropped(DropCause cause) const {
    return server->servers[0]->counters().dropped[static_cast<std::size_t>(cause)].count();
  }

  Story story;
  std::unique_ptr<WireServer> server;
  std::unique_ptr<WireClient> alice;
};

const std::vector<std::string> eight{". 1", ". 2", ". 3", ". 4", ". 5", ". 6", ". 7", ". 8"};

TEST_F(SlowClient, IsClosedByDefault) {
  open(Overflow::close);
  sends(eight);
  EXPECT_TRUE(reads_again().ends_with("close 1008 slow consumer "));
  EXPECT_GE(dropped(DropCause::outbox_full), 1U);
}

TEST_F(SlowClient, MayLoseTheNewest) {
  open(Overflow::drop_newest);
  sends(eight);
  EXPECT_EQ(reads_again(), "1 2 3 4 ");
  EXPECT_EQ(dropped(DropCause::outbox_full), 4U);
  EXPECT_THAT(story,
              ElementsAre("outbox_full 1", "outbox_full 1", "outbox_full 1", "outbox_full 1"));
}

TEST_F(SlowClient, MayLoseTheOldestThatWasNotBegun) {
  open(Overflow::drop_oldest);
  sends(eight);
  const auto heard = reads_again();
  EXPECT_TRUE(heard.starts_with("1 ")) << heard;  // begun, so it is finished
  EXPECT_TRUE(heard.ends_with(" 7 8 ")) << heard;
  EXPECT_EQ(dropped(DropCause::outbox_full) + static_cast<std::uint64_t>(heard.size() / 2), 8U);
  sends({". 9"});
  EXPECT_EQ(reads_again(), "9 ");
}

TEST_F(SlowClient, MayGetTheLatestOfEachKeyInTheOldPlace) {
  open(Overflow::latest_per_key);
  sends({". 1", ". 2"});  // the first one is begun
  sends({"a a1", "b b1"});
  for (int i = 2; i <= 50; ++i) sends({"a a" + std::to_string(i)});
  sends({"b b2"});
  EXPECT_EQ(reads_again(), "1 2 a50 b2 ");
  EXPECT_EQ(dropped(DropCause::replaced), 50U);
  EXPECT_EQ(story.front(), "replaced 1");
}

TEST_F(SlowClient, OfWhichTheKeysAreTooManyIsClosed) {
  open(Overflow::latest_per_key);
  sends(eight);
  EXPECT_TRUE(reads_again().ends_with("close 1008 slow consumer "));
  alice->sends(server::close_frame(1008));
  EXPECT_EQ(story.back(), "close slow_consumer");
}

TEST_F(SlowClient, GetsEverythingThatFitsUnderEveryPolicyHoweverSlowly) {
  for (const Overflow policy :
       {Overflow::close, Overflow::drop_newest, Overflow::drop_oldest, Overflow::latest_per_key}) {
    open(policy);
    sends({"a 1", "b 2", "c 3", "d 4"});
    std::string all;
    for (int i = 0; i < 1000 && all.size() < 4 * each; ++i) {
      alice->end.set_window(1000);
      server->advance(16ms);
      all += alice->hears();
    }
    EXPECT_EQ(std::ranges::count(frames_in(all), '\n'), 4) << static_cast<int>(policy);
    EXPECT_EQ(alice->state(), net::MemoryState::open);
    EXPECT_EQ(dropped(DropCause::outbox_full), 0U);
  }
}

TEST_F(SlowClient, ThatTakesNothingIsCutUnderEveryPolicy) {
  for (const Overflow policy :
       {Overflow::close, Overflow::drop_newest, Overflow::drop_oldest, Overflow::latest_per_key}) {
    story.clear();
    open(policy, {.write_timeout = 10s});
    sends({"a 1"});
    for (int i = 0; i < 9; ++i) {
      server->advance(1s);
      if (i % 3 == 0) sends({"a more"});  // what the server wants to send is no progress
    }
    EXPECT_EQ(server->sessions(), 1U) << static_cast<int>(policy);
    server->advance(2s);
    EXPECT_EQ(server->sessions(), 0U) << static_cast<int>(policy);
    EXPECT_EQ(story.back(), "close slow_consumer") << static_cast<int>(policy);
  }
}

TEST_F(SlowClient, IsToldWhatWaitsBeforeAClose) {
  open(Overflow::drop_oldest);
  sends({". 1", ". 2", ". 3", ". 4"});
  server->servers[0]->drain(0ms, 0ms);
  EXPECT_EQ(reads_again(), "1 2 3 4 close 1001 shutting down ");
}

// A backlog is begun in parts: each that left at once must bring the next.
TEST(AFastReader, HearsAllThatWasKeptBack) {
  for (const Overflow policy : {Overflow::drop_oldest, Overflow::latest_per_key}) {
    WireServer server([&](Router& routes) {
      routes
          .websocket("/",
                     [](Session& client, Message) {
                       for (int i = 0; i < 30; ++i) client.send(std::string(each, 'a'));
                     })
          .limits({.queued_bytes = 4 << 20, .overflow = policy});
    });
    auto alice = std::move(WireClient(server).opens("/"));
    alice.end.set_window(4 << 20);
    alice.sends(text_frame("more"));
    const std::string heard = alice.hears_frames();
    EXPECT_EQ(std::ranges::count(heard, '\n'), 30) << static_cast<int>(policy);
  }
}

TEST(AFastClient, HearsOfItThroughOnRateLimitedInsteadOfBeingClosed) {
  WireServer server([](Router& routes) {
    routes
        .websocket("/", Callbacks{.on_message = [](Session& c, Message m) { c.send(m); },
                                  .on_rate_limited =
                                      [](Session& client, Message message) {
                                        client.send("429 " + std::string(message.text()));
                                      }})
        .limits({.messages_per_second = 2});
  });
  auto alice = std::move(WireClient(server).opens("/"));
  for (const auto* text : {"1", "2", "3", "4"}) alice.sends(text_frame(text));
  EXPECT_EQ(alice.hears_frames(), "text 1\ntext 2\ntext 429 3\ntext 429 4\n");
  server.advance(1s);
  alice.sends(text_frame("5"));
  EXPECT_EQ(alice.hears_frames(), "text 5\n");
  const auto& dropped = server.servers[0]->counters().dropped;
  EXPECT_EQ(dropped[static_cast<std::size_t>(DropCause::rate_limited)].count(), 2U);
}

}  // namespace
}  // namespace orrery
