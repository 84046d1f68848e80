#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "orrery/testing.h"
#include "server/wire_fixture.h"

namespace orrery {
namespace {

using server::close_frame;
using server::frame;
using server::handshake;
using server::Story;
using server::text_frame;
using server::WireClient;
using server::WireServer;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using websocket::Opcode;

std::string line_of(const CloseCause& cause) {
  std::string line = "close " + std::string(name_of(cause.kind)) + " " + std::to_string(cause.code);
  if (!cause.reason.empty()) line += " " + std::string(cause.reason);
  if (cause.error != 0) line += " errno " + std::to_string(cause.error);
  return line;
}

// Does what the client says, and writes everything down.
struct Told {
  Story& story;

  ~Told() { story.emplace_back("gone"); }
  void on_open(Session& client) {
    story.emplace_back("open");
    if (client.request().query("throw") == "open") throw std::runtime_error("as told");
  }
  void on_message(Session& client, Message message) {
    story.push_back("heard " + std::string(message.text()));
    if (message.text() == "close") return client.close();
    if (message.text() == "close 4001") return client.close(4001, "bye");
    if (message.text() == "throw") throw std::runtime_error("as told");
    if (message.text() == "throw 42") throw 42;
    client.send(message);
  }
  void on_ping(Session&, std::string_view payload) {
    story.push_back("ping " + std::string(payload));
    if (payload == "throw") throw std::runtime_error("as told");
  }
  void on_pong(Session&, std::string_view payload) {
    story.push_back("pong " + std::string(payload));
    if (payload == "throw") throw std::runtime_error("as told");
  }
  void on_close(Session& client, CloseCause cause) {
    story.push_back(line_of(cause));
    client.send("too late");
    client.close(4009, "too late");
    if (client.request().query("throw") == "close") throw std::runtime_error("as told");
  }
};

void routes_for(Router& routes, Story& story) {
  const auto expiring = [](const Handshake&) -> Admission<> {
    return accept().until(ManualClock().calendar() + 30s);
  };
  routes.websocket<Told>("/plain", std::ref(story));
  routes.websocket<Told>("/silent", std::ref(story))
      .limits({.idle = 10s, .idle_policy = IdlePolicy::close});
  routes.websocket<Told>("/beat", std::ref(story)).limits({.idle = 0ms, .heartbeat = 5s});
  routes.websocket<Told>("/small", std::ref(story)).limits({.message_bytes = 10});
  routes.websocket<Told>("/calm", std::ref(story)).limits({.messages_per_second = 1});
  routes.websocket<Told>("/narrow", std::ref(story)).limits({.queued_bytes = 100'000});
  routes.websocket<Told>("/while", std::ref(story)).admit(expiring);
}

// §5.2: opcode 3 means nothing yet.
std::string unknown_frame() {
  return frame(static_cast<Opcode>(3), "");
}

// One way for a session to end.
struct Ending {
  const char* name;
  const char* target;
  std::function<void(TestServer&, TestClient&)> happens;
  std::string told;  // on_close's cause
  int client_sees;   // the code
};

const std::vector<Ending>& endings() {
  using S = TestServer;
  using C = TestClient;
  static const std::vector<Ending> all = {
      {"the client closes", "/plain", [](S&, C& c) { c.closes(4002, "enough"); },
       "close client 4002 enough", 4002},
      {"the client closes without a code", "/plain", [](S&, C& c) { c.closes(0); },
       "close client_without_code 0", 1005},
      {"the server closes", "/plain", [](S&, C& c) { c.says("close 4001"); },
       "close server 4001 bye", 4001},
      {"the server closes without a code", "/plain", [](S&, C& c) { c.says("close"); },
       "close server 0", 1005},
      {"the client vanishes", "/plain", [](S&, C& c) { c.vanishes(); }, "close transport 0", 1006},
      {"the client stays silent", "/silent", [](S& s, C&) { s.advance(11s); },
       "close idle_timeout 1000 idle timeout: no data or ping for 10 s", 1000},
      {"the client does not answer a ping", "/beat",
       [](S& s, C& c) {
         c.stops_reading();
         s.advance(11s);
         c.reads_again();
       },
       "close ping_timeout 1000 ping timeout", 1000},
      {"a frame is malformed", "/plain", [](S&, C& c) { c.sends_raw(unknown_frame()); },
       "close protocol_error 1002 unknown opcode", 1002},
      {"a text is no UTF-8", "/plain", [](S&, C& c) { c.says("\xff"); },
       "close bad_text 1007 text is not UTF-8", 1007},
      {"a message is too big", "/small", [](S&, C& c) { c.says("eleven byte"); },
       "close too_big 1009 message too big", 1009},
      {"messages come too fast", "/calm",
       [](S&, C& c) {
         c.says("one");
         c.says("two");
       },
       "close rate_limited 1008 rate limited", 1008},
      {"the client reads too slowly", "/narrow",
       [](S&, C& c) {
         c.stops_reading();
         c.says(std::string(90'000, 'x'));
         c.says(std::string(90'000, 'y'));
         c.reads_again();
       },
       "close slow_consumer 1008 slow consumer", 1008},
      {"a message never ends", "/plain",
       [](S& s, C& c) {
         c.sends_raw(text_frame("hello").substr(0, 9));
         s.advance(31s);
       },
       "close message_timeout 1008 message timeout", 1008},
      {"on_open throws", "/plain?throw=open", [](S&, C&) {},
       "close handler_error 1011 internal error", 1011},
      {"on_message throws", "/plain", [](S&, C& c) { c.says("throw"); },
       "close handler_error 1011 internal error", 1011},
      {"on_message throws what is no exception", "/plain", [](S&, C& c) { c.says("throw 42"); },
       "close handler_error 1011 internal error", 1011},
      {"on_ping throws", "/plain", [](S&, C& c) { c.pings("throw"); },
       "close handler_error 1011 internal error", 1011},
      {"on_pong throws", "/plain", [](S&, C& c) { c.sends_raw(frame(Opcode::pong, "throw")); },
       "close handler_error 1011 internal error", 1011},
      {"on_close throws", "/plain?throw=close", [](S&, C& c) { c.closes(4002, "enough"); },
       "close client 4002 enough", 4002},
      {"the server stops", "/plain", [](S& s, C&) { s.stop(); }, "close drain 1001 shutting down",
       1001},
      {"the admission expires", "/while", [](S& s, C&) { s.advance(31s); },
       "close expired 4003 token expired", 4003},
  };
  return all;
}

TEST(ASession, TellsItsHandlerOnceWhyItEnded) {
  for (const Ending& ending : endings()) {
    SCOPED_TRACE(ending.name);
    Story story;
    TestServer server([&](Router& routes) { routes_for(routes, story); });
    auto alice = server.connect(ending.target);
    ASSERT_EQ(alice.status(), 101);
    ending.happens(server, alice);
    server.advance(10s);
    EXPECT_EQ(server.sessions(), 0U);
    ASSERT_GE(story.size(), 3U);
    EXPECT_EQ(story.front(), "open");
    EXPECT_EQ(std::count_if(story.begin(), story.end(),
                            [](const auto& line) { return line.starts_with("close"); }),
              1);
    EXPECT_EQ(story[story.size() - 2], ending.told);
    EXPECT_EQ(story.back(), "gone");
    ASSERT_TRUE(alice.closed());
    EXPECT_EQ(alice.closed()->code, ending.client_sees);
    EXPECT_THAT(server.log(),
                Contains(AllOf(HasSubstr("session closed"), HasSubstr("route=/"))).Times(1));
  }
}

TEST(ASession, TellsItsHandlerOnceWhenTheServerIsDestroyed) {
  Story story;
  {
    TestServer server([&](Router& routes) { routes_for(routes, story); });
    auto alice = server.connect("/plain");
    auto bob = server.connect("/plain");
    bob.stops_reading();
    server.stop();  // bob's handshake can't end: he is cut off, but the cause stays
  }
  EXPECT_THAT(story, ElementsAre("open", "open", "close drain 1001 shutting down", "gone",
                                 "close drain 1001 shutting down", "gone"));
  story.clear();
  {
    WireServer server([&](Router& routes) { routes_for(routes, story); });
    WireClient(server).opens("/plain").end.finish_writing();
    auto alice = std::move(WireClient(server).opens("/plain"));
    server.servers[0]->cut_off();
    server.settle();
    EXPECT_EQ(alice.state(), net::MemoryState::reset);
  }
  EXPECT_THAT(story, Contains("close shutdown_deadline 0").Times(1));
}

TEST(ASession, IsToldWhichErrorBrokeItsConnection) {
  Story story;
  WireServer server([&](Router& routes) { routes_for(routes, story); });
  auto alice = std::move(WireClient(server).opens("/plain"));
  alice.end.reset();
  server.settle();
  EXPECT_THAT(story,
              ElementsAre("open", "close transport 0 errno " + std::to_string(ECONNRESET), "gone"));
}

TEST(ASession, ThatIsClosedAtOnceHasNoHandler) {
  TestServer server([](Router& routes) {
    routes.websocket("/", [](Session& client, Message message) { client.send(message); })
        .admit([](const Handshake&) { return Admission<>(accept_then_close(4000, "sign in")); });
  });
  auto alice = server.connect("/");
  EXPECT_EQ(alice.status(), 101);
  ASSERT_TRUE(alice.closed());
  EXPECT_EQ(alice.closed()->code, 4000);
  EXPECT_EQ(alice.closed()->reason, "sign in");
  EXPECT_EQ(server.sessions(), 0U);
}

// The answers of an echoing session to a conversation, and its story, however the bytes arrive.
TEST(ASession, DoesTheSameHoweverTheBytesAreCut) {
  const std::string bytes = handshake("/plain") + text_frame("hello") +
                            frame(Opcode::text, "frag", false) + frame(Opcode::ping, "?") +
                            frame(Opcode::continuation, "ment") + close_frame(4002, "enough");
  for (const auto& pieces : websocket::every_cut(bytes)) {
    Story story;
    WireServer server([&](Router& routes) { routes_for(routes, story); });
    WireClient alice(server);
    alice.sends_pieces(pieces);
    ASSERT_EQ(server::frames_behind_101(alice.hears()),
              "text hello\npong ?\ntext fragment\nclose 4002 \n");
    ASSERT_THAT(story, ElementsAre("open", "heard hello", "ping ?", "heard fragment",
                                   "close client 4002 enough", "gone"));
    ASSERT_EQ(alice.state(), net::MemoryState::finished);
  }
}

TEST(ASession, DoesTheSameWhenTheStreamTellsOneByteAtATime) {
  Story story;
  WireServer server([&](Router& routes) { routes_for(routes, story); });
  WireClient alice(server, {.window_bytes = 1, .chunk_bytes = 1});
  std::string heard;
  for (const char byte : handshake("/plain") + text_frame("hello") + close_frame(4002)) {
    while (alice.end.write({&byte, 1}) == 0) heard += alice.hears();
    heard += alice.hears();
  }
  EXPECT_EQ(server::frames_behind_101(heard + alice.hears()), "text hello\nclose 4002 \n");
}

// Whatever operation fails: no session stays, and who heard on_open hears on_close, once.
TEST(ASession, EndsProperlyWhicheverOperationOfItsStreamFails) {
  const auto converse = [](std::size_t failing, Story& story) {
    WireServer server([&](Router& routes) { routes_for(routes, story); });
    WireClient alice(server);
    alice.end.fail_stream_operation(failing, ECONNRESET);
    for (const auto& bytes : {handshake("/plain"), text_frame("one"), frame(Opcode::ping, "?"),
                              text_frame("two"), close_frame(4002)})
      alice.sends(bytes);
    const bool whole = server::frames_behind_101(alice.hears()).ends_with("close 4002 \n");
    alice.end.finish_writing();
    server.settle();
    EXPECT_EQ(server.sessions(), 0U);
    return whole;
  };
  bool whole = false;
  for (std::size_t n = 1; !whole; ++n) {
    ASSERT_LT(n, 100U);
    Story story;
    whole = converse(n, story);
    const auto opens = std::count(story.begin(), story.end(), "open");
    const auto closes = std::count_if(story.begin(), story.end(),
                                      [](const auto& line) { return line.starts_with("close"); });
    EXPECT_EQ(opens, closes) << "operation " << n;
    EXPECT_EQ(opens, std::count(story.begin(), story.end(), "gone")) << "operation " << n;
  }
}

struct Greets {
  void on_open(Session& client) { client.send("welcome"); }
  void on_message(Session& client, Message message) { client.send(message); }
};

TEST(OnOpen, SpeaksBeforeMessagesThatCameWithTheHandshake) {
  WireServer server([](Router& routes) { routes.websocket<Greets>("/"); });
  WireClient alice(server);
  alice.sends(handshake("/") + text_frame("early"));
  EXPECT_EQ(server::frames_behind_101(alice.hears()), "text welcome\ntext early\n");
}

TEST(OnOpen, SeesTheWholeRequestAndLaterCallbacksWhatStays) {
  std::vector<std::string> seen;
  const auto look = [&seen](Session& client) {
    const Request& request = client.request();
    seen.emplace_back(std::string(request.path()) + "|" + std::string(request.param("room")) + "|" +
                      request.query("x").value_or("-") + "|" + request.remote_address() + "|" +
                      std::string(request.header("User-Agent").value_or("-")) + "|" +
                      request.cookie("a").value_or("-"));
  };
  const Callbacks callbacks{.on_open = look,
                            .on_message = [look](Session& client, Message) { look(client); }};
  TestServer server([&](Router& routes) {
    routes.websocket("/rooms/:room", callbacks);
    routes.websocket("/kept/:room", callbacks).keep_request();
  });
  const TestRequest with{.headers = {{"User-Agent", "me"}, {"Cookie", "a=b"}}};
  auto alice = server.connect("/rooms/green%20tea?x=1", with);
  alice.says("now?");
  auto bob = server.connect("/kept/tea?x=1", with);
  bob.says("now?");
  EXPECT_THAT(seen,
              ElementsAre("/rooms/green%20tea|green tea|1|192.0.2.1|me|b",
                          "/rooms/green%20tea|green tea|1|192.0.2.1|-|-",
                          "/kept/tea|tea|1|192.0.2.1|me|b", "/kept/tea|tea|1|192.0.2.1|me|b"));
}

TEST(AfterClose, NothingReachesTheHandlerButOnClose) {
  Story story;
  WireServer server([&](Router& routes) { routes_for(routes, story); });
  auto alice = std::move(WireClient(server).opens("/plain"));
  alice.sends(text_frame("close 4001") + text_frame("late") + frame(Opcode::ping, "late") +
              frame(Opcode::pong, "late"));
  EXPECT_EQ(alice.hears_frames(), "close 4001 bye\n");
  alice.sends(text_frame("later"));
  alice.sends(close_frame(4001));
  EXPECT_EQ(alice.hears(), "");
  EXPECT_THAT(story, ElementsAre("open", "heard close 4001", "close server 4001 bye", "gone"));
  EXPECT_EQ(alice.state(), net::MemoryState::finished);
}

TEST(AfterClose, TheSessionWaitsForTheClientNoLongerThanItsCloseTimeout) {
  Story story;
  WireServer server([&](Router& routes) { routes_for(routes, story); });
  auto alice = std::move(WireClient(server).opens("/plain"));
  alice.sends(text_frame("close 4001"));
  server.advance(4900ms);
  EXPECT_EQ(server.sessions(), 1U);
  EXPECT_EQ(alice.state(), net::MemoryState::open);
  server.advance(200ms);
  EXPECT_EQ(server.sessions(), 0U);
  EXPECT_THAT(story, Contains("close server 4001 bye").Times(1));
}

TEST(AfterClose, WhatFollowsInAListIsNotSent) {
  TestServer server([](Router& routes) {
    routes.websocket("/", [](Session& client, Message) {
      client.send({text({"a", "b", "c"}), binary("d"), ping("e"), close(4000, "f"), text("g")});
      client.send("h");
    });
  });
  auto alice = server.connect("/");
  alice.says("go");
  EXPECT_TRUE(alice.hears("abc"));
  EXPECT_TRUE(alice.hears_binary("d"));
  EXPECT_EQ(alice.pings_heard(), 1U);
  EXPECT_TRUE(alice.hears_nothing());
  EXPECT_EQ(alice.closed()->code, 4000);
}

TEST(AFault, IsAnsweredBehindTheMessagesBeforeIt) {
  Story story;
  WireServer server([&](Router& routes) { routes_for(routes, story); });
  auto alice = std::move(WireClient(server).opens("/plain"));
  alice.sends(text_frame("one") + text_frame("two") + unknown_frame() + text_frame("three"));
  EXPECT_EQ(alice.hears_frames(), "text one\ntext two\nclose 1002 unknown opcode\n");
}

// RFC 6455 §7.1.7 and §7.1.1: what follows a fault can't be understood, so nothing is waited for.
TEST(AFault, EndsTheConnectionAtOnceAndWithoutAReset) {
  Story story;
  WireServer server([&](Router& routes) { routes_for(routes, story); });
  auto alice = std::move(WireClient(server).opens("/small"));
  alice.sends(text_frame("far more than ten bytes"));
  EXPECT_EQ(alice.hears_frames(), "close 1009 message too big\n");
  EXPECT_EQ(alice.state(), net::MemoryState::finished);
  EXPECT_EQ(server.sessions(), 0U);
  alice.sends(std::string(1'000'000, 'x'));  // discarded, not answered by a reset
  EXPECT_EQ(alice.state(), net::MemoryState::finished);
}

TEST(AFault, IsWaitedBehindForACloseTimeoutOrAMinute) {
  WireServer server([](Router& routes) {
    routes.websocket("/short", Callbacks{}).limits({.close_timeout = 10s});
    routes.websocket("/long", Callbacks{}).limits({.close_timeout = 70s});
  });
  for (const auto& [path, time] : {std::pair("/short", 10s), std::pair("/long", 65s)}) {
    auto alice = std::move(WireClient(server).opens(path));
    alice.sends(unknown_frame());
    server.advance(time - 1s);
    EXPECT_FALSE(server.servers[0]->empty()) << path;
    server.advance(1100ms);
    EXPECT_TRUE(server.servers[0]->empty()) << path;
  }
}

TEST(AFault, IsSaidInBytesThatMayLeaveWithTheEndOfTheStream) {
  Story story;
  WireServer server([&](Router& routes) { routes_for(routes, story); });
  auto alice = std::move(WireClient(server).opens("/small"));
  alice.sends(text_frame("short"));
  EXPECT_EQ(alice.hears_frames(), "text short\n");
  EXPECT_EQ(alice.end.last_bytes(), 0U);
  alice.sends(text_frame("far more than ten bytes"));
  EXPECT_EQ(alice.end.last_bytes(), alice.hears().size());
}

// RFC 6455 §5.5.1: when both have said goodbye the server closes at once.
TEST(AClosingHandshake, EndsTheConnectionAsSoonAsItIsComplete) {
  Story story;
  WireServer server([&](Router& routes) { routes_for(routes, story); });
  auto alice = std::move(WireClient(server).opens("/plain"));
  alice.sends(close_frame(4000, "bye"));
  EXPECT_EQ(alice.hears_frames(), "close 4000 \n");
  EXPECT_EQ(alice.state(), net::MemoryState::finished);
  EXPECT_TRUE(server.servers[0]->empty()) << "the stream is still there";
  auto bob = std::move(WireClient(server).opens("/plain"));
  bob.sends(text_frame("throw"));
  EXPECT_EQ(bob.hears_frames(), "close 1011 internal error\n");
  EXPECT_FALSE(server.servers[0]->empty()) << "his answer was not waited for";
  EXPECT_EQ(bob.state(), net::MemoryState::open);
  bob.sends(close_frame(1011));
  EXPECT_EQ(bob.state(), net::MemoryState::finished);
  EXPECT_TRUE(server.servers[0]->empty()) << "the stream is still there";
}

TEST(AClosingHandshake, GivesOneWhoReadsSlowlyTimeBehindItsLastBytes) {
  Story story;
  WireServer server([&](Router& routes) { routes_for(routes, story); });
  auto alice = std::move(WireClient(server).opens("/plain"));
  alice.end.set_window(0);
  alice.sends(text_frame("one") + close_frame(1000));
  EXPECT_EQ(server.sessions(), 0U);
  server.advance(3s);
  EXPECT_FALSE(server.servers[0]->empty()) << "what it has not read is lost";
  alice.end.set_window(1000);
  server.settle();
  alice.sends(frame(Opcode::ping, "still here"));  // a keepalive of its own, which may be late
  EXPECT_EQ(alice.hears_frames(), "text one\nclose 1000 \n");
  EXPECT_EQ(alice.state(), net::MemoryState::finished);
  server.advance(1900ms);
  EXPECT_FALSE(server.servers[0]->empty()) << "it had time to send more";
  server.advance(200ms);
  EXPECT_TRUE(server.servers[0]->empty());
}

// Its close was parked behind a message: who knows what has come to the socket since?
TEST(AClosingHandshake, IsNotResetByWhatCameWhileItWasNotRead) {
  WireServer server([](Router& routes) {
    routes.websocket("/", Callbacks{.on_message = [](Session& client, Message) -> Task<> {
                       co_await client.sleep_for(1s);
                       client.send("slept");
                     }});
  });
  auto alice = std::move(WireClient(server).opens("/"));
  alice.sends(text_frame("sleep") + close_frame(1000));
  alice.sends(frame(Opcode::ping, "still here"));
  server.advance(1100ms);
  EXPECT_EQ(alice.hears_frames(), "text slept\nclose 1000 \n");
  EXPECT_EQ(alice.state(), net::MemoryState::finished);
  server.advance(2100ms);
  EXPECT_TRUE(server.servers[0]->empty());
}

// Closed at once, it would be a reset, and the answer might be lost to it.
TEST(AClosingHandshake, IsNotResetByWhatComesBehindIt) {
  Story story;
  WireServer server([&](Router& routes) { routes_for(routes, story); });
  auto alice = std::move(WireClient(server).opens("/plain"));
  alice.sends(close_frame(1000) + text_frame("and another thing"));
  alice.sends(std::string(1'000'000, 'x'));
  EXPECT_EQ(alice.hears_frames(), "close 1000 \n");
  EXPECT_EQ(alice.state(), net::MemoryState::finished);
  EXPECT_FALSE(server.servers[0]->empty()) << "nobody discards what still comes";
  server.advance(3s);
  EXPECT_TRUE(server.servers[0]->empty()) << "it lingers for ever";
}

// RFC 6455 §5.5.3: who has not had our close frame yet still answers a ping.
TEST(AClosingHandshake, WaitsForThePongOfAPingThatCrossedIt) {
  const auto declare = [](Router& routes) {
    routes.websocket("/asks", Callbacks{.on_open = [](Session& s) { s.send(ping("there?")); }});
    routes.websocket("/beats", Callbacks{}).limits({.heartbeat = 1s});
    routes.websocket("/idles", Callbacks{}).limits({.idle = 2s, .idle_policy = IdlePolicy::ping});
  };
  for (const auto* path : {"/asks", "/beats", "/idles"}) {
    WireServer server(declare);
    WireClient alice(server);
    alice.sends(handshake(path));
    server.advance(1100ms);
    ASSERT_THAT(server::frames_behind_101(alice.hears()), StartsWith("ping")) << path;
    alice.sends(close_frame(1000));
    alice.sends(frame(Opcode::pong, ""));
    EXPECT_EQ(alice.hears_frames(), "close 1000 \n") << path;
    EXPECT_EQ(alice.state(), net::MemoryState::finished) << path;
    server.advance(3s);
    EXPECT_TRUE(server.servers[0]->empty()) << path;

    auto bob = std::move(WireClient(server).opens(path));
    server.advance(1100ms);
    bob.sends(frame(Opcode::pong, ""));
    bob.sends(close_frame(1000));
    EXPECT_TRUE(server.servers[0]->empty()) << path << ": what is waited for?";
  }
}

TEST(AThrowingHandler, CostsItsOwnSessionOnlyAndIsLoggedOnce) {
  Story story;
  TestServer server([&](Router& routes) { routes_for(routes, story); });
  auto alice = server.connect("/plain");
  auto bob = server.connect("/plain");
  alice.says("throw");
  EXPECT_EQ(alice.closed()->code, 1011);
  bob.says("still here");
  EXPECT_TRUE(bob.hears("still here"));
  EXPECT_THAT(server.log(),
              Contains(AllOf(StartsWith("error a callback threw"), HasSubstr("what=\"as told\"")))
                  .Times(1));
}

TEST(APing, IsAnsweredByTheEngineBeforeTheHandlerSees) {
  TestServer server([](Router& routes) {
    routes.websocket(
        "/",
        Callbacks{
            .on_message = [](Session&, Message) {},
            .on_ping = [](Session& client, std::string_view payload) { client.ping(payload); },
            .on_pong = [](Session& client, std::string_view payload) { client.send(payload); }});
  });
  auto alice = server.connect("/");
  alice.pings("marco");
  EXPECT_EQ(alice.pongs_heard(), 1U);
  EXPECT_EQ(alice.pings_heard(), 1U);
  EXPECT_TRUE(alice.hears("marco"));
}

TEST(AMessage, ComesBackByteForByteAndInItsTurnHoweverLongTheOthersAre) {
  WireServer server([](Router& routes) {
    routes.websocket("/", [](Session& client, Message message) { client.send(message); });
  });
  std::string said = frame(Opcode::ping, "?");
  std::string echoed = websocket::encode_frame(Opcode::pong, "?");
  // Around the lengths where a head grows, where room ends, and where a payload is not copied.
  for (const std::size_t first : {0, 16, 126, 1000, 4081, 4095, 4096, 16'448, 40'000, 65'536})
    for (const std::size_t size : {std::size_t{3}, first, first + 1, std::size_t{125}}) {
      const std::string payload(size, static_cast<char>('a' + said.size() % 26));
      said += text_frame(payload);
      echoed += websocket::encode_frame(Opcode::text, payload);
    }
  for (const std::size_t window : {1'000'000, 1000}) {
    WireClient alice(server);
    alice.opens("/");
    alice.end.set_window(window);
    alice.sends(said);
    EXPECT_TRUE(alice.hears() == echoed) << window;
  }
}

TEST(AMessage, ComesBackCompressedBehindOthersOfTheSameRead) {
  TestServer server([&](Router& routes) {
    routes.websocket("/", [](Session& client, Message message) { client.send(message); })
        .limits({.compression = Compression::dedicated, .compression_threshold_bytes = 100});
  });
  auto alice = server.connect("/", {.compression = true});
  const std::string first(1000, 'x'), second(2000, 'x');
  alice.sends_raw(text_frame(first) + text_frame("short") + text_frame(second));
  EXPECT_EQ(alice.next(), first);
  EXPECT_EQ(alice.next(), "short");
  EXPECT_EQ(alice.next(), second);
}

TEST(AMessage, OutlivesHibernationInsideItsCallback) {
  for (const auto mode : {Compression::off, Compression::shared, Compression::dedicated}) {
    TestServer server([&](Router& routes) {
      routes
          .websocket("/",
                     [](Session& client, Message message) {
                       client.hibernate();
                       client.send(message);
                     })
          .limits({.message_bytes = 10'000'000, .compression = mode});
    });
    auto alice = server.connect("/", {.compression = mode != Compression::off});
    alice.sends_raw(frame(Opcode::text, "in two ", false));
    alice.sends_raw(frame(Opcode::continuation, "fragments"));
    EXPECT_TRUE(alice.hears("in two fragments"));
    for (int i = 0; i < 2; ++i) {
      const std::string large(3'000'000, static_cast<char>('x' + i));
      alice.says(large);
      EXPECT_EQ(alice.next(), large);
    }
  }
}

TEST(Callbacks, ThatAreLeftEmptyAreNotCalled) {
  std::size_t opened = 0;
  TestServer server([&](Router& routes) {
    routes.websocket("/feed", Callbacks{.on_open = [&](Session& client) {
                       ++opened;
                       client.send("welcome");
                     }});
  });
  auto alice = server.connect("/feed");
  alice.says("nobody listens");
  alice.pings("still there?");
  EXPECT_TRUE(alice.hears("welcome"));
  EXPECT_EQ(alice.pongs_heard(), 1U);
  EXPECT_EQ(opened, 1U);
  EXPECT_FALSE(alice.closed().has_value());
}

TEST(Heartbeat, IsAnsweredByAnyByteInTheMiddleOfAMessage) {
  WireServer server([](Router& routes) {
    routes.websocket("/", [](Session& client, Message message) { client.send(message); })
        .limits({.heartbeat = 700ms});
  });
  WireClient alice(server);
  alice.opens("/");
  const std::string whole = text_frame(std::string(100, 'x'));
  for (std::size_t i = 0; i < whole.size(); i += 10) {
    alice.sends(whole.substr(i, 10));
    server.advance(300ms);
  }
  EXPECT_THAT(alice.hears_frames(), HasSubstr("text " + std::string(100, 'x')));
}

}  // namespace
}  // namespace orrery
