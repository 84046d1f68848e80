#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include "orrery/testing.h"
#include "server/wire_fixture.h"

namespace orrery {
namespace {

using server::close_frame;
using server::frame;
using server::frames_in;
using server::text_frame;
using server::WireClient;
using server::WireServer;
using websocket::Opcode;

// Joins the group in its path; says what it hears to all of it, to the others, or leaves.
struct Member {
  std::string group;
  void on_open(Session& client) {
    group = client.request().param("group");
    client.join(group);
    client.join(group);  // once more changes nothing
  }
  void on_message(Session& client, Message message) {
    if (message.text() == "leave") return client.leave(group);
    if (message.text() == "all of us") return client.publish(group, message);
    client.publish_to_others(group, message);
  }
  void on_close(Session& client, CloseCause) {
    client.publish(group, client.request().query("name").value_or("somebody") + " left");
  }
};

void declare(Router& routes) {
  routes.websocket<Member>("/:group");
  routes.websocket<Member>("/packed/:group")
      .limits({.compression = Compression::shared, .compression_threshold_bytes = 0});
  routes.websocket<Member>("/remembering/:group")
      .limits({.compression = Compression::dedicated, .compression_threshold_bytes = 0});
}

TEST(AGroup, CostsOneWritePerMemberForAllThatIsPublishedInATurn) {
  WireServer server(declare);
  std::vector<WireClient> members;
  for (int i = 0; i < 1'000; ++i) members.emplace_back(server).opens("/tea");
  const auto sender = server.engine.sender("gear:main");
  const auto writes_of = [&](int publishes) {
    std::vector<std::size_t> before;
    for (const auto& member : members) before.push_back(member.end.stream_operations());
    for (int i = 0; i < publishes; ++i) sender.publish("tea", std::string(64, 'x'));
    server.settle();
    std::size_t most = 0;
    for (std::size_t i = 0; i < members.size(); ++i)
      most = std::max(most, members[i].end.stream_operations() - before[i]);
    return most;
  };
  EXPECT_EQ(writes_of(1), 1u);
  EXPECT_EQ(writes_of(5), 1u);
}

// What is published is handed out in shares of 16 MiB, or of 16,384 small messages.
TEST(AGroup, DoesNotHoldItsLoopForLongerThanAShareOfATurn) {
  WireServer server([](Router& routes) {
    routes.websocket<Member>("/:group").limits({.queued_bytes = 64 << 20});
    routes.websocket("/echo", [](Session& client, Message message) { client.send(message); });
  });
  std::vector<WireClient> members;
  for (int i = 0; i < 40; ++i)
    members.emplace_back(server, net::MemoryOptions{.window_bytes = 4 << 20}).opens("/tea");
  WireClient bystander(server);
  bystander.opens("/echo");
  const std::string megabyte(1 << 20, 'x');
  const auto told = [&] {
    return std::ranges::count_if(members, [](WireClient& one) { return !one.end.read().empty(); });
  };
  EXPECT_EQ(server.engine.sender("gear:main").publish("tea", megabyte), 40u);
  (void)bystander.end.write(text_frame("anybody there?"));
  server.turn();
  EXPECT_EQ(told(), 16);
  EXPECT_EQ(frames_in(bystander.end.read()), "text anybody there?\n");
  server.turn();
  EXPECT_EQ(told(), 16);
  server.turn();
  EXPECT_EQ(told(), 8);
}

TEST(AGroup, CarriesWhatIsPublishedToEveryMember) {
  TestServer server(declare);
  auto alice = server.connect("/tea");
  auto bob = server.connect("/tea");
  auto carol = server.connect("/coffee");
  alice.says("all of us");
  EXPECT_TRUE(alice.hears("all of us"));
  EXPECT_TRUE(bob.hears("all of us"));
  alice.says_binary(std::string("\0\xff", 2));
  EXPECT_TRUE(bob.hears_binary(std::string("\0\xff", 2)));
  EXPECT_TRUE(alice.hears_nothing());
  EXPECT_TRUE(bob.hears_nothing());
  EXPECT_TRUE(carol.hears_nothing());
}

TEST(AGroup, IsLeftByLeavingAndByClosing) {
  TestServer server(declare);
  auto alice = server.connect("/tea");
  auto bob = server.connect("/tea?name=bob");
  auto carol = server.connect("/tea?name=carol");
  bob.says("leave");
  carol.closes();
  EXPECT_TRUE(alice.hears("carol left"));
  EXPECT_TRUE(bob.hears_nothing());
  alice.says("anybody?");
  EXPECT_TRUE(bob.hears_nothing());
  bob.vanishes();
  EXPECT_TRUE(alice.hears("bob left"));
  EXPECT_FALSE(alice.closed());
}

TEST(AGroup, CarriesNothingToAMemberThatIsClosing) {
  WireServer server([](Router& routes) {
    routes.websocket("/:group", Callbacks{.on_open = [](Session& s) { s.join("tea"); },
                                          .on_message =
                                              [](Session& client, Message message) {
                                                if (message.text() == "close") client.close(4000);
                                                client.publish("tea", message);
                                              }});
  });
  auto alice = std::move(WireClient(server).opens("/tea"));
  auto bob = std::move(WireClient(server).opens("/tea"));
  alice.sends(text_frame("close"));
  bob.sends(text_frame("hello"));
  EXPECT_EQ(alice.hears_frames(), "close 4000 \n");
  EXPECT_EQ(bob.hears_frames(), "text close\ntext hello\n");
  alice.sends(close_frame(4000));
  bob.sends(text_frame("gone?"));
  EXPECT_EQ(alice.hears(), "");
  EXPECT_EQ(server.sessions(), 1U);
}

TEST(AGroup, CarriesOneMessageInEveryForm) {
  TestServer server([](Router& routes) {
    declare(routes);
    routes.websocket("/", [](Session& client, Message message) { client.publish("tea", message); });
  });
  auto plain = server.connect("/tea");
  auto packed = server.connect("/packed/tea", {.compression = true});
  auto packed_too = server.connect("/packed/tea", {.compression = true});
  auto unpacked = server.connect("/packed/tea");
  auto remembering = server.connect("/remembering/tea", {.compression = true});
  auto speaker = server.connect("/");
  for (int i = 0; i < 3; ++i) {
    const std::string news = "news " + std::string(1000, static_cast<char>('a' + i));
    speaker.says(news);
    for (auto* member : {&plain, &packed, &packed_too, &unpacked, &remembering})
      EXPECT_TRUE(member->hears(news));
    // A context that remembers is not disturbed by messages that go past it.
    remembering.says(news);
    EXPECT_TRUE(plain.hears(news));
    EXPECT_TRUE(packed.hears(news));
    (void)packed_too.next();
    (void)unpacked.next();
  }
}

TEST(AGroup, ClosesAMemberThatDoesNotKeepUpAndNobodyElse) {
  TestServer server([](Router& routes) {
    routes.websocket<Member>("/:group").limits({.queued_bytes = 100'000});
  });
  auto alice = server.connect("/tea");
  auto bob = server.connect("/tea?name=bob");
  auto carol = server.connect("/tea");
  bob.stops_reading();
  for (int i = 0; i < 3; ++i) alice.says(std::string(60'000, 'x'));
  bob.reads_again();
  ASSERT_TRUE(bob.closed());
  EXPECT_EQ(bob.closed()->code, 1008);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(carol.next().value_or("").size(), 60'000U);
  EXPECT_TRUE(carol.hears("bob left"));
  EXPECT_TRUE(alice.hears("bob left"));
}

TEST(AGroup, SpansLoops) {
  WireServer server(declare, {}, 2);
  const auto member_on = [&](std::size_t loop) {
    return std::move(WireClient(server, {}, loop).opens("/tea"));
  };
  auto alice = member_on(0);
  auto bob = member_on(0);
  auto carol = member_on(1);
  auto dave = member_on(1);
  alice.sends(text_frame("one") + frame(Opcode::binary, "two") + text_frame("all of us"));
  EXPECT_EQ(alice.hears_frames(), "text all of us\n");
  for (auto* other : {&bob, &carol, &dave})
    EXPECT_EQ(other->hears_frames(), "text one\nbinary two\ntext all of us\n");
  carol.sends(text_frame("back"));
  EXPECT_EQ(carol.hears(), "");
  for (auto* other : {&alice, &bob, &dave}) EXPECT_EQ(other->hears_frames(), "text back\n");
  dave.sends(text_frame("leave"));
  bob.sends(close_frame(1000));
  EXPECT_EQ(bob.hears_frames(), "close 1000 \n");
  EXPECT_EQ(dave.hears(), "");
  for (auto* other : {&alice, &carol}) EXPECT_EQ(other->hears_frames(), "text somebody left\n");
}

TEST(AGroup, KeepsTheOrderOfOneSpeakerOnEveryLoop) {
  WireServer server(declare, {}, 2);
  auto alice = std::move(WireClient(server, {}, 0).opens("/tea"));
  auto bob = std::move(WireClient(server, {}, 1).opens("/tea"));
  std::string said, expected;
  for (int i = 0; i < 3000; ++i) {
    said += text_frame(std::to_string(i));
    expected += "text " + std::to_string(i) + "\n";
  }
  alice.sends(said);
  EXPECT_EQ(bob.hears_frames(), expected);
}

// What is under way to a loop when the server goes is dropped with it.
TEST(AGroup, MayGoWhileItsMessagesAreUnderWay) {
  WireServer server(declare, {}, 2);
  auto alice = std::move(WireClient(server, {}, 0).opens("/tea"));
  auto bob = std::move(WireClient(server, {}, 1).opens("/tea"));
  ASSERT_GT(alice.end.write(text_frame("hello")), 0U);
  while (server.loops[0]->turn(milliseconds{0})) continue;  // only the speaker's loop turns
  EXPECT_EQ(bob.end.readable(), 0U);
}

}  // namespace
}  // namespace orrery
