// A test of a gear: the real server on memory streams and a clock that only moves when it is told.
#include <gtest/gtest.h>
#include <orrery/testing.h>

using namespace orrery;

struct Chat {  // one object per connection
  std::string room;
  void on_open(Session& client) {
    room = "room:" + std::string(client.request().param("room"));
    client.join(room);
  }
  void on_message(Session& client, Message message) { client.publish(room, message.text()); }
};

void chat(Router& routes) {
  routes.websocket<Chat>("/rooms/:room").limits({.idle = 60s});
}

TEST(Chat, WhatOnePersonSaysTheWholeRoomHears) {
  TestServer server(chat);
  auto alice = server.connect("/rooms/tea");
  auto bob = server.connect("/rooms/tea");
  alice.says("hello");
  EXPECT_TRUE(bob.hears("hello"));
}

TEST(Chat, RoomsDoNotHearEachOther) {
  TestServer server(chat);
  auto alice = server.connect("/rooms/tea");
  auto carol = server.connect("/rooms/coffee");
  alice.says("hello");
  EXPECT_TRUE(carol.hears_nothing());
}

TEST(Chat, ASilentClientIsAskedBeforeItIsCut) {
  TestServer server(chat);
  auto alice = server.connect("/rooms/tea");
  server.advance(10min);  // no waiting: the clock jumps from timer to timer
  EXPECT_GE(alice.pings_heard(), 10U);
  EXPECT_FALSE(alice.closed());
}

TEST(Chat, ADeadClientIsCut) {
  TestServer server(chat);
  auto alice = server.connect("/rooms/tea");
  alice.stops_reading();
  server.advance(2min);
  EXPECT_EQ(server.sessions(), 0U);
}
