// Addresses and mailboxes, seen from handlers and from other threads.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <utility>
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
using ::testing::Contains;
using ::testing::ElementsAre;

// Gives its address away, and writes down what it is told.
struct Actor {
  Actor(Story& of, std::optional<Address>& place) : story(of), address(place) {}
  void on_open(Session& client) { address = client.address(); }
  void on_message(Session& client, Message message) {
    story.push_back("client: " + std::string(message.text()));
    client.send(message);
  }
  void on_server_message(Session&, ServerMessage message) {
    story.push_back("told: " + std::string(message.text()));
  }
  void on_close(Session&, CloseCause cause) {
    story.push_back("close " + std::string(name_of(cause.kind)) + " " + std::to_string(cause.code));
  }
  Story& story;
  std::optional<Address>& address;
};

struct Actors : ::testing::Test {
  Story story;
  std::optional<Address> address;
};

TEST_F(Actors, HearWhatIsSentToTheirAddress) {
  WireServer server(
      [&](Router& routes) { routes.websocket<Actor>("/", std::ref(story), std::ref(address)); });
  auto alice = std::move(WireClient(server).opens("/"));
  EXPECT_EQ(address->send("one"), Posted::queued);
  EXPECT_EQ(address->send(Message(MessageType::binary, "two")), Posted::queued);
  EXPECT_THAT(story, ElementsAre());  // not inside the call
  server.settle();
  EXPECT_THAT(story, ElementsAre("told: one", "told: two"));
}

TEST_F(Actors, WithoutTheCallbackPassMessagesOnToTheirClients) {
  WireServer server([&](Router& routes) {
    routes.websocket("/", Callbacks{.on_open = [&](Session& s) { address = s.address(); },
                                    .on_message = [](Session&, Message) {}});
  });
  auto alice = std::move(WireClient(server).opens("/"));
  EXPECT_EQ(address->send("one"), Posted::queued);
  EXPECT_EQ(address->send(Message(MessageType::binary, "two")), Posted::queued);
  EXPECT_EQ(alice.hears_frames(), "text one\nbinary two\n");
}

TEST_F(Actors, AreClosedThroughTheirAddress) {
  WireServer server(
      [&](Router& routes) { routes.websocket<Actor>("/", std::ref(story), std::ref(address)); });
  auto alice = std::move(WireClient(server).opens("/"));
  EXPECT_EQ(address->send("before"), Posted::queued);
  EXPECT_EQ(address->close(4000, "enough"), Posted::queued);
  EXPECT_EQ(address->send("behind"), Posted::queued);  // counted as dropped when it comes
  EXPECT_EQ(alice.hears_frames(), "close 4000 enough\n");
  EXPECT_TRUE(address->alive());
  alice.sends(server::close_frame(4000));
  EXPECT_THAT(story, ElementsAre("told: before", "close server 4000"));
  EXPECT_FALSE(address->alive());
  EXPECT_EQ(address->send("late"), Posted::gone);
  EXPECT_EQ(address->close(1000), Posted::gone);
}

TEST_F(Actors, AreGoneWithTheirServer) {
  {
    WireServer server(
        [&](Router& routes) { routes.websocket<Actor>("/", std::ref(story), std::ref(address)); });
    auto alice = std::move(WireClient(server).opens("/"));
    EXPECT_EQ(address->send("under way"), Posted::queued);
  }
  EXPECT_EQ(address->send("late"), Posted::gone);
  EXPECT_EQ(address->close(1000), Posted::gone);
  EXPECT_FALSE(address->alive());
  EXPECT_THAT(story, ElementsAre("close shutdown_deadline 0"));
}

TEST_F(Actors, HaveAddressesThatAreNeverThoseOfTheNextSessionInTheirPlace) {
  WireServer server(
      [&](Router& routes) { routes.websocket<Actor>("/", std::ref(story), std::ref(address)); });
  std::optional<Address> first;
  {
    auto alice = std::move(WireClient(server).opens("/"));
    first = address;
    alice.sends(server::close_frame(1000));
  }
  server.advance(5s);
  story.clear();
  auto bob = std::move(WireClient(server).opens("/"));
  EXPECT_NE(*first, *address);
  EXPECT_NE(first->id(), address->id());
  EXPECT_EQ(first->send("to alice"), Posted::gone);
  server.settle();
  EXPECT_THAT(story, ElementsAre());
}

// What it sends itself in on_open, in three ways of one source.
struct SendsItself {
  explicit SendsItself(Story& of) : story(of) {}
  void on_open(Session& client) {
    client.join("all");
    EXPECT_EQ(client.address().send("1"), Posted::queued);
    client.publish("all", "2");
    EXPECT_EQ(client.address().send("3"), Posted::queued);
    client.publish("all", "4");
    story.emplace_back("open");
  }
  void on_message(Session&, Message message) {
    story.push_back("client " + std::string(message.text()));
  }
  void on_server_message(Session&, ServerMessage message) { story.emplace_back(message.text()); }
  Story& story;
};

TEST_F(Actors, HearFirstWhatTheySentThemselvesWhenTheyOpened) {
  WireServer server([&](Router& routes) {
    routes.websocket<SendsItself>("/", std::ref(story));
    routes.websocket("/speaks", [](Session& s, Message m) { s.publish("all", m); });
  });
  for (const auto& pieces : websocket::every_cut(handshake("/") + text_frame("early"))) {
    story.clear();
    WireClient alice(server);
    alice.sends_pieces(pieces);
    ASSERT_THAT(story, ElementsAre("open", "1", "2", "3", "4", "client early"));
  }
}

// The same, but the coroutine takes its time, and others know it already.
TEST_F(Actors, ThatTakeLongToOpenStillHearThemselvesFirst) {
  WireServer server([&](Router& routes) {
    routes.websocket(
        "/", Callbacks{.on_open = [this](Session& client) -> Task<> {
                         client.join("all");
                         EXPECT_EQ(client.address().send("mine 1"), Posted::queued);
                         co_await client.sleep_for(1s);
                         EXPECT_EQ(client.address().send("mine 2"), Posted::queued);
                         client.publish("all", "mine 3");
                         story.emplace_back("open");
                       },
                       .on_message = [this](Session&, Message m) { story.emplace_back(m.text()); },
                       .on_server_message =
                           [this](Session&, ServerMessage m) { story.emplace_back(m.text()); }});
    routes.websocket("/speaks", [](Session& s, Message m) { s.publish("all", m); });
  });
  auto bob = std::move(WireClient(server).opens("/speaks"));
  WireClient alice(server);
  alice.sends(handshake("/") + text_frame("client"));
  bob.sends(text_frame("bob 1") + text_frame("bob 2"));
  server.advance(2s);
  EXPECT_THAT(story, ElementsAre("open", "mine 1", "mine 2", "mine 3", "bob 1", "bob 2", "client"));
}

// Numbered messages from one source to one session, directly and through a group, by turns.
TEST_F(Actors, HearEachSourceInItsOrderWhicheverWayItSends) {
  for (const std::size_t loop : {std::size_t{0}, std::size_t{1}}) {
    address.reset();
    story.clear();
    WireServer server(
        [&](Router& routes) {
          routes.websocket(
              "/hears",
              Callbacks{.on_open = [this](Session& s) { s.join("all"), address = s.address(); },
                        .on_message = [](Session&, Message) {},
                        .on_server_message =
                            [this](Session&, ServerMessage m) { story.emplace_back(m.text()); }});
          routes.websocket("/sends", [this](Session& s, Message) {
            for (int i = 0; i < 300; i += 3) {
              EXPECT_EQ(address->send(std::to_string(i)), Posted::queued);
              s.publish("all", std::to_string(i + 1));
              EXPECT_GT(s.sender().publish("all", std::to_string(i + 2)), 0U);
            }
          });
        },
        {}, 2);
    auto alice = std::move(WireClient(server, {}, 0).opens("/hears"));
    auto bob = std::move(WireClient(server, {}, loop).opens("/sends"));
    bob.sends(text_frame("go"));
    Story expected;
    for (int i = 0; i < 300; ++i) expected.push_back(std::to_string(i));
    EXPECT_EQ(story, expected) << loop;
  }
}

TEST_F(Actors, WithAFullMailboxSayFullAndHearOfItWhenTheyHaveTime) {
  WireServer server([&](Router& routes) {
    routes
        .websocket("/", Callbacks{.on_message = [&](Session& client, Message) -> Task<> {
                                    address = client.address();
                                    co_await client.sleep_for(1s);
                                  },
                                  .on_server_message =
                                      [this](Session&, ServerMessage m) {
                                        story.push_back("told " + std::string(m.text()));
                                      },
                                  .on_dropped =
                                      [this](Session&, Dropped what) {
                                        story.push_back(std::string(name_of(what.cause)) + " " +
                                                        std::to_string(what.messages));
                                      }})
        .limits({.mailbox_count = 2});
  });
  auto alice = std::move(WireClient(server).opens("/"));
  alice.sends(text_frame("be busy"));
  EXPECT_EQ(address->send("1"), Posted::queued);
  server.settle();
  EXPECT_EQ(address->send("2"), Posted::queued);
  server.settle();
  EXPECT_EQ(address->send("3"), Posted::full);
  EXPECT_EQ(address->send("4"), Posted::full);
  server.advance(2s);
  EXPECT_THAT(story, ElementsAre("told 1", "told 2", "mailbox_full 2"));
  const auto& dropped = server.servers[0]->counters().dropped;
  EXPECT_EQ(dropped[static_cast<std::size_t>(DropCause::mailbox_full)].count(), 2U);
  EXPECT_EQ(address->send("5"), Posted::queued);
}

TEST_F(Actors, WithAFullMailboxAreClosedIfTheRouteSaysSo) {
  WireServer server([&](Router& routes) {
    routes.websocket<Actor>("/", std::ref(story), std::ref(address))
        .limits({.mailbox_bytes = 10, .mailbox_overflow = MailboxOverflow::close});
  });
  auto alice = std::move(WireClient(server).opens("/"));
  EXPECT_EQ(address->send("12345678"), Posted::queued);
  EXPECT_EQ(address->send("90"), Posted::queued);
  EXPECT_EQ(address->send("x"), Posted::full);
  EXPECT_EQ(alice.hears_frames(), "close 1008 mailbox full\n");
}

TEST_F(Actors, TickAndSendThemselvesLaterUntilTheyEnd) {
  WireServer server([&](Router& routes) {
    routes.websocket(
        "/", Callbacks{.on_open =
                           [](Session& client) {
                             client.tick_every(1s);
                             client.post_after(2500ms, "later");
                             client.post_after(1h, "never");
                           },
                       .on_message = [](Session& c, Message) { c.tick_every(0ms); },
                       .on_server_message =
                           [this](Session&, ServerMessage m) { story.emplace_back(m.text()); },
                       .on_tick = [this](Session&) { story.emplace_back("tick"); }});
  });
  auto alice = std::move(WireClient(server).opens("/"));
  server.advance(3200ms);
  EXPECT_THAT(story, ElementsAre("tick", "tick", "later", "tick"));
  alice.sends(text_frame("no more"));
  server.advance(5s);
  EXPECT_EQ(story.size(), 4U);
  auto bob = std::move(WireClient(server).opens("/"));
  bob.end.reset();
  server.advance(2h);
  EXPECT_EQ(story.size(), 4U);
}

TEST_F(Actors, RunNoCallbackInsideACall) {
  bool inside = false;
  const auto note = [&](Session&) { EXPECT_FALSE(inside); };
  WireServer server([&](Router& routes) {
    routes
        .websocket("/",
                   Callbacks{.on_message =
                                 [&](Session& client, Message) {
                                   inside = true;
                                   client.join("all", "me");
                                   (void)client.track("all");
                                   client.publish("all", "to all");
                                   EXPECT_EQ(client.address().send("to myself"), Posted::queued);
                                   client.register_name(
                                       "me", [&](Session& s, const NameAnswer&) { note(s); });
                                   client.tick_every(1ms);
                                   client.post_after(0ms, "soon");
                                   for (int i = 0; i < 3; ++i) client.send(std::string(2000, 'x'));
                                   client.pause_reading();
                                   client.resume_reading();
                                   client.leave("all");
                                   EXPECT_EQ(client.unregister_name("me"), NameReleased::released);
                                   client.close(4000, "and out");
                                   inside = false;
                                 },
                             .on_server_message = [&](Session& s, ServerMessage) { note(s); },
                             .on_tick = note,
                             .on_presence = [&](Session& s, Presence) { note(s); },
                             .on_dropped = [&](Session& s, Dropped) { note(s); },
                             .on_close = [&](Session& s, const CloseCause&) { note(s); }})
        .limits({.queued_bytes = 1000, .overflow = Overflow::drop_newest});
  });
  auto alice = std::move(WireClient(server).opens("/"));
  alice.end.set_window(0);
  alice.sends(text_frame("go"));
  server.advance(10s);
  EXPECT_EQ(server.sessions(), 0U);
}

}  // namespace
}  // namespace orrery
