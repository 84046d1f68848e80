#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "orrery/testing.h"
#include "server/wire_fixture.h"

namespace orrery {
namespace {

using server::frame;
using server::handshake;
using server::Story;
using server::text_frame;
using server::WireClient;
using server::WireServer;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using websocket::Opcode;

Task<> echo(Session& client) {
  while (auto message = co_await client.receive()) client.send(*message);
}

TEST(ACoroutine, IsTheWholeConversation) {
  TestServer server([](Router& routes) { routes.websocket("/", echo); });
  auto alice = server.connect("/");
  alice.says("one");
  alice.says_binary("two");
  EXPECT_TRUE(alice.hears("one"));
  EXPECT_TRUE(alice.hears_binary("two"));
  alice.closes();
  EXPECT_EQ(server.sessions(), 0U);
}

TEST(ACoroutine, EndsTheSessionWhenItReturns) {
  TestServer server([](Router& routes) {
    routes.websocket("/", [](Session& client) -> Task<> {
      const auto name = co_await client.receive();
      client.send("hello, " + std::string(name ? name->text() : "nobody"));
    });
  });
  auto alice = server.connect("/");
  alice.says("alice");
  EXPECT_TRUE(alice.hears("hello, alice"));
  ASSERT_TRUE(alice.closed());
  EXPECT_EQ(alice.closed()->code, 1000);
}

TEST(ACoroutine, HearsWhatCameWithTheHandshake) {
  WireServer server([](Router& routes) { routes.websocket("/", echo); });
  for (const auto& pieces : websocket::every_cut(handshake("/") + text_frame("early"))) {
    WireClient alice(server);
    alice.sends_pieces(pieces);
    ASSERT_EQ(server::frames_behind_101(alice.hears()), "text early\n");
  }
}

// A callback that waits; others of its session wait for it.
struct Slow {
  Story& story;
  Task<> on_message(Session& client, Message message) {
    story.push_back("begin " + std::string(message.text()));
    co_await client.sleep_for(1s);
    story.push_back("end " + std::string(message.text()));
  }
  void on_tick(Session&) { story.emplace_back("tick"); }
  void on_server_message(Session&, ServerMessage message) {
    story.push_back("told " + std::string(message.text()));
  }
  void on_close(Session&, CloseCause) { story.emplace_back("close"); }
};

TEST(ACoroutine, LetsWhatComesMeanwhileWaitInOrder) {
  Story story;
  WireServer server([&](Router& routes) { routes.websocket<Slow>("/", std::ref(story)); });
  auto alice = std::move(WireClient(server).opens("/"));
  alice.sends(text_frame("one") + text_frame("two"));
  alice.sends(text_frame("three") + server::close_frame(1000));
  EXPECT_THAT(story, ElementsAre("begin one"));
  server.advance(1100ms);
  EXPECT_THAT(story, ElementsAre("begin one", "end one", "begin two"));
  server.advance(3s);
  EXPECT_THAT(story, ElementsAre("begin one", "end one", "begin two", "end two", "begin three",
                                 "end three", "close"));
  EXPECT_EQ(alice.hears_frames(), "close 1000 \n");
}

TEST(ACoroutine, ThatIsSuspendedKeepsTheClientFromSendingWithoutLosingAByte) {
  std::size_t heard = 0;
  WireServer server([&](Router& routes) {
    routes.websocket("/", [&heard](Session& client) -> Task<> {
      co_await client.sleep_for(1min);
      while (auto message = co_await client.receive()) heard += message->size();
    });
  });
  auto alice = std::move(WireClient(server, {.window_bytes = 64 * 1024}).opens("/"));
  std::string all;
  for (int i = 0; i < 3000; ++i) all += text_frame(std::string(1000, 'x'));
  std::string_view left(all);
  for (std::size_t sent = 1; sent > 0;) {
    sent = alice.end.write(left);
    left.remove_prefix(sent);
    server.settle();
  }
  EXPECT_LT(all.size() - left.size(), 1'000'000U);  // a window, and one read buffer
  server.advance(61s);
  alice.sends(left);
  EXPECT_EQ(heard, 3'000'000U);
}

TEST(ACoroutine, KeepsItsMessageWhileOthersOfTheLoopGetTheirs) {
  WireServer server([](Router& routes) {
    routes.websocket("/waits", [](Session& client) -> Task<> {
      while (auto message = co_await client.receive()) {
        co_await client.sleep_for(1s);
        client.send(*message);
      }
    });
    routes.websocket("/message", Callbacks{.on_message = [](Session& client, Message m) -> Task<> {
                       co_await client.sleep_for(1s);
                       client.send(m);
                     }});
  });
  for (const auto* path : {"/waits", "/message"}) {
    auto alice = std::move(WireClient(server).opens(path));
    auto bob = std::move(WireClient(server).opens(path));
    const std::string hers(5000, 'a'), his(5000, 'b');
    alice.sends(text_frame(hers) + text_frame("short"));
    bob.sends(text_frame(his) + text_frame("brief"));
    server.advance(3s);
    EXPECT_EQ(alice.hears_frames(), "text " + hers + "\ntext short\n") << path;
    EXPECT_EQ(bob.hears_frames(), "text " + his + "\ntext brief\n") << path;
  }
}

TEST(ACoroutine, MayTakeItsArgumentsByReference) {
  WireServer server([](Router& routes) {
    routes.websocket(
        "/",
        Callbacks{.on_message = [](Session& client, const Message& message) -> Task<> {
                    co_await client.sleep_for(1s);
                    client.send(message);
                  },
                  .on_server_message = [](Session& client, const ServerMessage& message) -> Task<> {
                    co_await client.sleep_for(1s);
                    client.send(std::string(message.group()) + ": " + std::string(message.text()));
                  },
                  .on_ping = [](Session& client, const std::string_view& what) -> Task<> {
                    co_await client.sleep_for(1s);
                    client.send(what);
                  }});
    routes.websocket(
        "/join", Callbacks{.on_open = [](Session& client) { client.join("tea"); },
                           .on_message = [](Session& client,
                                            Message message) { client.publish("tea", message); }});
  });
  auto alice = std::move(WireClient(server).opens("/"));
  alice.sends(text_frame("by reference") + frame(Opcode::ping, "ping"));
  server.advance(3s);
  EXPECT_EQ(alice.hears_frames(), "text by reference\npong ping\ntext ping\n");
}

TEST(ACoroutine, ThatThrowsCostsItsSessionAlone) {
  WireServer server([](Router& routes) {
    routes.websocket("/", [](Session& client) -> Task<> {
      while (auto message = co_await client.receive())
        if (message->text() == "throw") throw std::runtime_error("as told");
    });
    routes.websocket("/late", Callbacks{.on_message = [](Session& client, Message) -> Task<> {
                       co_await client.sleep_for(1s);
                       throw 42;
                     }});
  });
  for (const auto* path : {"/", "/late"}) {
    auto alice = std::move(WireClient(server).opens(path));
    auto bob = std::move(WireClient(server).opens(path));
    alice.sends(text_frame("throw"));
    server.advance(2s);
    EXPECT_EQ(alice.hears_frames(), "close 1011 internal error\n") << path;
    EXPECT_EQ(bob.hears_frames(), "") << path;
  }
  EXPECT_TRUE(server.log.has("as told"));
}

Task<int> twice(Session& client, int number) {
  co_await client.sleep_for(1s);
  if (number < 0) throw std::out_of_range("too small");
  co_return 2 * number;
}

Task<std::string> both(Session& client, int one, int other) {
  const int first = co_await twice(client, one);
  try {
    co_return std::to_string(first + co_await twice(client, other));
  } catch (const std::out_of_range& fault) {
    co_return fault.what();
  }
}

TEST(ACoroutine, AwaitsOthersAndTheirValuesAndExceptions) {
  TestServer server([](Router& routes) {
    routes.websocket("/", [](Session& client) -> Task<> {
      client.send(co_await both(client, 1, 2));
      client.send(co_await both(client, 1, -2));
      (void)co_await twice(client, -1);
    });
  });
  auto alice = server.connect("/");
  server.advance(10s);
  EXPECT_TRUE(alice.hears("6"));
  EXPECT_TRUE(alice.hears("too small"));
  ASSERT_TRUE(alice.closed());
  EXPECT_EQ(alice.closed()->code, 1011);
}

// Something to await that belongs to no session.
struct Foreign {
  [[nodiscard]] bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<>) const {}
  void await_resume() const {}
};

TEST(ACoroutine, ThatAwaitsWhatNobodyKnowsIsEndedWithASentenceInTheLog) {
  TestServer server([](Router& routes) {
    routes.websocket("/", [](Session&) -> Task<> { co_await Foreign{}; });
  });
  auto alice = server.connect("/");
  ASSERT_TRUE(alice.closed());
  EXPECT_EQ(alice.closed()->code, 1011);
  EXPECT_THAT(server.log(), Contains(HasSubstr("awaited what its session does not know")));
}

TEST(ACoroutine, ThatClosedItsSessionReceivesNothingMore) {
  Story story;
  TestServer server([&](Router& routes) {
    routes.websocket("/", [&story](Session& client) -> Task<> {
      client.close(4000, "enough");
      const auto message = co_await client.receive();
      story.emplace_back(message ? "message" : "nothing");
      (void)co_await client.receive();
      story.emplace_back("never");
    });
  });
  auto alice = server.connect("/");
  ASSERT_TRUE(alice.closed());
  EXPECT_EQ(alice.closed()->code, 4000);
  EXPECT_THAT(story, ElementsAre("nothing"));
}

TEST(Receive, LeavesServerMessagesToTheOtherCallbacks) {
  TestServer server([](Router& routes) {
    routes.websocket("/straight", [](Session& client) -> Task<> {
      client.join("news");
      while (auto message = co_await client.receive()) client.send(*message);
    });
    routes.websocket("/told", Callbacks{.on_open = [](Session& client) -> Task<> {
                                          client.join("news");
                                          while (auto m = co_await client.receive())
                                            client.send(*m);
                                        },
                                        .on_server_message =
                                            [](Session& client, ServerMessage message) {
                                              client.send("told " + std::string(message.text()));
                                            }});
    routes.websocket("/speaks", [](Session& s, Message m) { s.publish("news", m); });
  });
  auto alice = server.connect("/straight");
  auto bob = server.connect("/told");
  auto carol = server.connect("/speaks");
  carol.says("rain");
  alice.says("me");
  bob.says("me");
  EXPECT_TRUE(alice.hears("rain"));
  EXPECT_TRUE(alice.hears("me"));
  EXPECT_TRUE(bob.hears("told rain"));
  EXPECT_TRUE(bob.hears("me"));
}

TEST(Receive, LetsCallbacksWaitThatAreCoroutinesThemselves) {
  TestServer server([](Router& routes) {
    routes.websocket("/",
                     Callbacks{.on_open = [](Session& client) -> Task<> {
                                 client.join("news");
                                 (void)co_await client.receive();
                               },
                               .on_message = [](Session& client, Message m) { client.send(m); },
                               .on_server_message = [](Session& client, ServerMessage m) -> Task<> {
                                 co_await client.sleep_for(1s);
                                 client.send("told " + std::string(m.text()));
                               },
                               .on_ping = [](Session& client, std::string_view payload) -> Task<> {
                                 co_await client.sleep_for(1s);
                                 client.send("ping " + std::string(payload));
                               }});
    routes.websocket("/speaks", [](Session& s, Message m) { s.publish("news", m); });
  });
  auto alice = server.connect("/");
  auto bob = server.connect("/speaks");
  bob.says("rain");
  alice.pings("answered all the same");
  server.advance(5s);
  EXPECT_EQ(alice.pongs_heard(), 1U);
  EXPECT_TRUE(alice.hears_nothing());
  alice.says("go on");
  server.advance(2s);
  EXPECT_TRUE(alice.hears("told rain"));
  alice.pings("free");
  server.advance(2s);
  EXPECT_TRUE(alice.hears("ping free"));
}

TEST(Receive, HasACoroutineOfTheRateWaitItsTurnToo) {
  TestServer server([](Router& routes) {
    routes
        .websocket("/", Callbacks{.on_open = [](Session& client) -> Task<> {
                                    while (auto m = co_await client.receive()) client.send(*m);
                                  },
                                  .on_rate_limited = [](Session& client, Message m) -> Task<> {
                                    client.send("slowly: " + std::string(m.text()));
                                    co_return;
                                  }})
        .limits({.messages_per_second = 1});
  });
  auto alice = server.connect("/");
  alice.says("one");
  alice.says("two");
  server.advance(1100ms);
  alice.says("three");
  EXPECT_TRUE(alice.hears("one"));
  EXPECT_TRUE(alice.hears("three"));
  EXPECT_FALSE(alice.closed());
}

std::string line_of(const Event& event) {
  struct Lines {
    std::string operator()(const Message& m) const { return "message " + std::string(m.text()); }
    std::string operator()(const ServerMessage& m) const {
      return std::string(m.group()) + " says " + std::string(m.text());
    }
    std::string operator()(const Presence& p) const {
      return std::string(p.metadata) + (p.kind == Presence::Kind::joined ? " joined" : " left");
    }
    std::string operator()(Tick) const { return "tick"; }
    std::string operator()(NameLost lost) const { return "lost " + std::string(lost.name); }
    std::string operator()(Drain) const { return "drain"; }
    std::string operator()(Dropped what) const {
      return std::string(name_of(what.cause)) + " " + std::to_string(what.messages);
    }
  };
  return std::visit(Lines{}, event);
}

struct Watches {
  Story& story;
  Task<> on_open(Session& client) {
    client.join("tea");
    (void)client.track("tea");
    (void)co_await client.register_name("watcher");
    client.tick_every(10s);
    while (auto event = co_await client.next()) {
      const std::string line = line_of(*event);
      co_await client.sleep_for(1ms);  // what it views is still there
      EXPECT_EQ(line_of(*event), line);
      story.push_back(line);
    }
    story.emplace_back("nothing");
  }
  void on_close(Session&, CloseCause) { story.emplace_back("close"); }
};

struct Visitor {
  void on_open(Session& client) { client.join("tea", "bob"); }
  void on_message(Session& client, Message message) {
    if (message.text() == "claim")
      return client.register_name("watcher", [](Session&, const NameAnswer&) {});
    client.publish_to_others("tea", message);
  }
};

TEST(Next, YieldsWhateverComes) {
  Story story;
  WireServer server([&](Router& routes) {
    routes.websocket<Watches>("/", std::ref(story));
    routes.websocket<Visitor>("/visit").on_name_conflict(NameConflict::replace);
  });
  auto alice = std::move(WireClient(server).opens("/"));
  alice.sends(text_frame("hello"));
  server.advance(100ms);
  {
    auto bob = std::move(WireClient(server).opens("/visit"));
    bob.sends(text_frame("hi"));
    bob.sends(text_frame("claim"));
    server.advance(100ms);
  }
  server.advance(10s);
  server.servers[0]->drain(1min, 0ms);
  server.advance(100ms);
  EXPECT_THAT(story, ElementsAre("message hello", "bob joined", "tea says hi", "lost watcher",
                                 "bob left", "tick", "drain"));
  story.clear();
  alice.sends(server::close_frame(1000));
  EXPECT_THAT(story, ElementsAre("nothing", "close"));
}

TEST(Next, MayFollowReceiveAndFindsWhatHasWaited) {
  Story story;
  TestServer server([&](Router& routes) {
    routes.websocket(
        "/", Callbacks{.on_open = [&story](Session& client) -> Task<> {
                         client.join("news");
                         const auto first = co_await client.receive();
                         story.emplace_back(first->text());
                         story.push_back(line_of(*co_await client.next()));
                       },
                       .on_server_message = [](Session&, ServerMessage) -> Task<> { co_return; }});
    routes.websocket("/speaks", [](Session& s, Message m) { s.publish("news", m); });
  });
  auto alice = server.connect("/");
  auto bob = server.connect("/speaks");
  bob.says("rain");
  alice.says("hello");
  EXPECT_THAT(story, ElementsAre("hello", "news says rain"));
}

TEST(Drained, WaitsForASlowReader) {
  for (const Overflow policy :
       {Overflow::close, Overflow::drop_newest, Overflow::drop_oldest, Overflow::latest_per_key}) {
    Story story;
    WireServer server([&](Router& routes) {
      routes
          .websocket("/",
                     [&story](Session& client) -> Task<> {
                       co_await client.drained();  // nothing waits: at once
                       for (int i = 0; i < 10; ++i) client.send(std::string(50'000, 'x'));
                       co_await client.drained();
                       story.push_back("drained, " + std::to_string(client.queued_bytes()));
                       (void)co_await client.receive();
                     })
          .limits({.overflow = policy});
    });
    WireClient alice(server);
    alice.end.set_window(1000);
    alice.sends(handshake("/"));
    server.advance(10s);
    EXPECT_THAT(story, ElementsAre()) << static_cast<int>(policy);
    std::size_t heard = 0;
    for (int i = 0; i < 1000 && heard < 500'000; ++i) {
      heard += alice.hears().size();
      server.advance(20ms);
    }
    EXPECT_GT(heard, 500'000U) << static_cast<int>(policy);
    EXPECT_THAT(story, ElementsAre("drained, 0")) << static_cast<int>(policy);
  }
}

TEST(SleepFor, LetsTheTimePassAndNothingElse) {
  TestServer server([](Router& routes) {
    routes.websocket("/", [](Session& client) -> Task<> {
      for (const auto* word : {"ready", "steady", "go"}) {
        client.send(word);
        co_await client.sleep_for(1s);
      }
    });
  });
  auto alice = server.connect("/");
  EXPECT_TRUE(alice.hears("ready"));
  server.advance(900ms);
  EXPECT_TRUE(alice.hears_nothing());
  server.advance(200ms);
  EXPECT_TRUE(alice.hears("steady"));
  server.advance(2s);
  EXPECT_TRUE(alice.hears("go"));
  EXPECT_TRUE(alice.closed());
}

std::string exclaimed(const std::string& words) {
  if (words == "throw") throw std::runtime_error("thrown elsewhere");
  return words + "!";
}

TEST(OnWorkers, YieldsWhatTheFunctionReturnsOrThrows) {
  TestServer server([](Router& routes) {
    routes.websocket("/", [](Session& client) -> Task<> {
      int seen = 0;
      while (auto message = co_await client.receive()) {
        std::string words(message->text());
        try {
          client.send(co_await client.on_workers(&exclaimed, words));
        } catch (const std::runtime_error& thrown) {
          client.send(thrown.what());
        }
        co_await client.on_workers([&seen] { ++seen; });
      }
      EXPECT_EQ(seen, 2);
    });
  });
  auto alice = server.connect("/");
  alice.says("hello");
  alice.says("throw");
  EXPECT_TRUE(alice.hears("hello!"));
  EXPECT_TRUE(alice.hears("thrown elsewhere"));
}

TEST(TheRequest, IsWholeUntilOnOpenHasEndedItsSuspensionsIncluded) {
  TestServer server([](Router& routes) {
    routes.websocket("/", Callbacks{.on_open = [](Session& client) -> Task<> {
                                      co_await client.sleep_for(1s);
                                      client.send(*client.request().header("X-Word"));
                                    },
                                    .on_message =
                                        [](Session& client, Message) {
                                          const auto word = client.request().header("X-Word");
                                          client.send(word ? "still there" : "gone");
                                        }});
  });
  auto alice = server.connect("/", {.headers = {{"X-Word", "kept"}}});
  server.advance(2s);
  EXPECT_TRUE(alice.hears("kept"));
  alice.says("and now?");
  EXPECT_TRUE(alice.hears("gone"));
}

// One callback is a coroutine that takes a second; nothing looks at what is sent to the session.
struct Dreamer {
  std::optional<Address>& address;
  Task<> on_open(Session& client) {
    address = client.address();
    client.tick_every(10ms);
    co_await client.sleep_for(1s);
  }
  Task<> on_tick(Session& client) { co_await client.sleep_for(1s); }
  void on_message(Session&, Message) {}
};

TEST(Letters, ThatGoStraightToTheClientKeepTheirOrderWhateverIsBusy) {
  std::optional<Address> address;
  WireServer server([&](Router& routes) { routes.websocket<Dreamer>("/", std::ref(address)); });
  auto client = std::move(WireClient(server).opens("/"));
  server.advance(100ms);  // a tick waits by now
  EXPECT_EQ(address->send("one"), Posted::queued);
  server.advance(1s);
  EXPECT_EQ(address->send("two"), Posted::queued);
  server.settle();
  EXPECT_EQ(client.hears_frames(), "text one\ntext two\n");
}

TEST(Letters, ThatGoStraightToTheClientComeBeforeTheCloseBehindThem) {
  std::optional<Address> address;
  WireServer server([&](Router& routes) { routes.websocket<Dreamer>("/", std::ref(address)); });
  auto client = std::move(WireClient(server).opens("/"));
  server.advance(1s + 100ms);  // on_open has ended; a tick waits by now
  EXPECT_EQ(address->send("last words"), Posted::queued);
  EXPECT_EQ(address->close(4000, "bye"), Posted::queued);
  EXPECT_EQ(client.hears_frames(), "text last words\nclose 4000 bye\n");
}

// Whether they are the handler's is not known before its coroutine has come to next(), or not.
TEST(Letters, NeverReachTheClientOfAHandlerThatWasAboutToAskForThem) {
  std::optional<Address> address;
  WireServer server([&](Router& routes) {
    routes.websocket("/", [&address](Session& client) -> Task<> {
      address = client.address();
      co_await client.sleep_for(1s);
      while (co_await client.next()) continue;
    });
  });
  auto client = std::move(WireClient(server).opens("/"));
  EXPECT_EQ(address->send("between us"), Posted::queued);
  EXPECT_EQ(address->close(4000, "bye"), Posted::queued);
  EXPECT_EQ(client.hears_frames(), "close 4000 bye\n");
  client.sends(server::close_frame(4000));
  const auto& dropped = server.servers[0]->counters().dropped;
  EXPECT_EQ(dropped[static_cast<std::size_t>(DropCause::closed)].count(), 1U);
}

// Its coroutine listens for the client; another callback is one too, and has to wait for it.
struct Listening {
  Story& story;
  std::optional<Address>& address;
  Task<> on_open(Session& client) {
    address = client.address();
    client.tick_every(10ms);
    while (const auto message = co_await client.receive())
      story.push_back("client: " + std::string(message->text()));
  }
  Task<> on_tick(Session& client) {
    story.emplace_back("tick");
    co_await client.sleep_for(1ms);
  }
  void on_server_message(Session&, ServerMessage message) {
    story.push_back("told: " + std::string(message.text()));
  }
};

TEST(ACallback, ThatHasToWaitForACoroutineHoldsUpNoOther) {
  Story story;
  std::optional<Address> address;
  WireServer server([&](Router& routes) {
    routes.websocket<Listening>("/", std::ref(story), std::ref(address));
  });
  auto client = std::move(WireClient(server).opens("/"));
  server.advance(100ms);
  EXPECT_EQ(address->send("one"), Posted::queued);
  EXPECT_EQ(address->send("two"), Posted::queued);
  client.sends(text_frame("hello"));
  EXPECT_THAT(story, ElementsAre("told: one", "told: two", "client: hello"));
}

}  // namespace
}  // namespace orrery
