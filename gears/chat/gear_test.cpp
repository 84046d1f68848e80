#include "gears/chat/gear.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "orrery/testing.h"

namespace orrery::gears {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Pair;

ChatGear chat;

std::string repeated(std::string_view what, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += what;
  return all;
}

// A room at /chat/rooms/tea, and people in the chat's own words.
struct Chat : ::testing::Test {
  TestServer server{[](Router& routes) {
    routes.gear(chat.name(), "/chat", [](Router& inner) { chat.routes(inner); });
  }};

  TestClient visitor(std::string_view room = "tea") {
    auto client = server.connect("/chat/rooms/" + std::string(room));
    EXPECT_EQ(client.status(), 101);
    EXPECT_THAT(client.next().value_or(""), HasSubstr(R"("type":"welcome")"));
    return client;
  }
  TestClient guest(std::string_view name, std::string_view room = "tea") {
    auto client = visitor(room);
    client.says(R"({"type":"join","name":")" + std::string(name) + R"("})");
    EXPECT_TRUE(
        client.hears(R"({"type":"joined","name":")" + std::string(name) + R"(","mine":true})"));
    return client;
  }
  static void say(TestClient& client, std::string_view text) {
    client.says(R"({"type":"say","text":")" + std::string(text) + R"("})");
  }
  static std::string answer_to(TestClient& client, std::string_view message) {
    client.says(message);
    return client.next().value_or("nothing");
  }
};

TEST_F(Chat, AVisitorIsWelcomedAndToldTheLimits) {
  auto client = server.connect("/chat/rooms/green%20tea");
  EXPECT_TRUE(client.hears(
      R"({"type":"welcome","room":"green tea","nameCharacters":32,"textCharacters":2000})"));
}

TEST_F(Chat, WhatOnePersonSaysTheWholeRoomHears) {
  auto alice = guest("Alice");
  auto bob = guest("Bob");
  EXPECT_TRUE(alice.hears(R"({"type":"joined","name":"Bob"})"));
  say(bob, "a cup of tea? ☕");
  EXPECT_TRUE(alice.hears(R"({"type":"says","name":"Bob","text":"a cup of tea? ☕"})"));
  EXPECT_TRUE(bob.hears(R"({"type":"says","name":"Bob","text":"a cup of tea? ☕","mine":true})"));
}

TEST_F(Chat, RoomsDoNotHearEachOther) {
  auto alice = guest("Alice", "tea");
  auto bob = guest("Bob", "coffee");
  say(bob, "hello");
  EXPECT_TRUE(alice.hears_nothing());
}

TEST_F(Chat, WhoHasNotJoinedHearsNothingAndSaysNothing) {
  auto lurker = visitor();
  auto alice = guest("Alice");
  say(alice, "hello");
  EXPECT_TRUE(lurker.hears_nothing());
  EXPECT_EQ(answer_to(lurker, R"({"type":"say","text":"hi"})"),
            R"({"type":"error","reason":"join first"})");
  lurker.closes();
  EXPECT_TRUE(alice.next().has_value());  // her own hello
  EXPECT_TRUE(alice.hears_nothing());
}

TEST_F(Chat, TheRoomHearsWhoLeavesHoweverTheyGo) {
  auto alice = guest("Alice");
  auto bob = guest("Bob");
  auto carol = guest("Carol");
  while (alice.next()) continue;
  bob.closes();
  EXPECT_TRUE(alice.hears(R"({"type":"left","name":"Bob"})"));
  carol.vanishes();
  EXPECT_TRUE(alice.hears(R"({"type":"left","name":"Carol"})"));
  EXPECT_TRUE(alice.hears_nothing());
}

TEST_F(Chat, BadMessagesAreAnsweredNotPunished) {
  auto alice = visitor();
  for (const auto* bad : {"", "{", "hello", "{\"type\":\"join\"", "\"\\ud800\""})
    EXPECT_THAT(answer_to(alice, bad), HasSubstr(R"({"type":"error","reason":"not JSON: )")) << bad;
  const std::pair<const char*, const char*> rows[] = {
      {"[]", "not a JSON object"},
      {"{}", R"(no \"type\")"},
      {R"({"type":1})", R"(no \"type\")"},
      {R"({"type":"shout"})", R"(unknown \"type\")"},
      {R"({"type":"join"})", R"(a join needs a \"name\")"},
      {R"({"type":"join","name":7})", R"(a join needs a \"name\")"},
      {R"({"type":"join","name":" \t "})", "the name is empty"},
      {R"({"type":"join","name":"A\u0007da"})", "control character"},
      {R"({"type":"join","name":"\u202eadA"})", "control character"},
      {R"({"type":"join","name":"\u0085da"})", "control character"},
      {R"({"type":"say","text":[]})", R"(a say needs a \"text\")"},
      {R"({"type":"say","text":"\n"})", "the text is empty"},
  };
  for (const auto& [message, reason] : rows)
    EXPECT_THAT(answer_to(alice, message), HasSubstr(reason)) << message;
  alice.says_binary("{}");
  EXPECT_THAT(alice.next().value_or("nothing"), HasSubstr("binary"));
  EXPECT_FALSE(alice.closed());
  EXPECT_THAT(answer_to(alice, R"({"type":"join","name":" Alice "})"), HasSubstr(R"("Alice")"));
}

TEST_F(Chat, DeepNestingIsAnErrorLikeAnyOther) {
  auto alice = visitor();
  EXPECT_THAT(answer_to(alice, repeated("[", 10'000)), HasSubstr("not JSON"));
}

TEST_F(Chat, LengthsCountCharactersNotBytes) {
  auto alice = visitor();
  EXPECT_THAT(answer_to(alice, R"({"type":"join","name":")" + repeated("é", 33) + "\"}"),
              HasSubstr("the name has 33 characters; at most 32 are allowed"));
  EXPECT_THAT(answer_to(alice, R"({"type":"join","name":")" + repeated("é", 32) + "\"}"),
              HasSubstr("joined"));
  EXPECT_THAT(answer_to(alice, R"({"type":"say","text":")" + repeated("☕", 2001) + "\"}"),
              HasSubstr("the text has 2001 characters; at most 2000 are allowed"));
  say(alice, repeated("☕", 2000));
  EXPECT_THAT(alice.next().value_or("nothing"), HasSubstr("says"));
  say(alice, repeated("\\ud83d\\ude00", 2000));  // the longest way to write a character
  EXPECT_THAT(alice.next().value_or("nothing"), HasSubstr("says"));
}

TEST_F(Chat, AMessageThatNoTextCouldFillIsTooBig) {
  auto alice = guest("Alice");
  alice.says(std::string(ChatLimits::message_bytes + 1, ' '));
  ASSERT_TRUE(alice.closed());
  EXPECT_EQ(alice.closed()->code, 1009);
}

TEST_F(Chat, OneJoinsOnce) {
  auto alice = guest("Alice");
  EXPECT_EQ(answer_to(alice, R"({"type":"join","name":"Bob"})"),
            R"({"type":"error","reason":"joined already, as Alice"})");
}

TEST_F(Chat, ARoomHasAReadableName) {
  EXPECT_EQ(server.connect("/chat/rooms/" + repeated("%C3%A9", 64)).status(), 101);
  EXPECT_EQ(server.connect("/chat/rooms/" + repeated("a", 65)).status(), 400);
  EXPECT_EQ(server.connect("/chat/rooms/%20").status(), 400);
  EXPECT_EQ(server.connect("/chat/rooms/a%07").status(), 400);
  EXPECT_EQ(server.connect("/chat/rooms/%FF").status(), 400);
  EXPECT_EQ(server.connect("/chat/rooms/").status(), 404);
}

TEST_F(Chat, ThePageMayFetchNothingAndKnowsTheLimits) {
  const auto page = server.get("/chat");
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.headers, Contains(Pair("Content-Security-Policy", HasSubstr("'none'"))));
  const auto limits = "{name: " + std::to_string(ChatLimits::name_characters) +
                      ", room: " + std::to_string(ChatLimits::room_characters) +
                      ", text: " + std::to_string(ChatLimits::text_characters) + "}";
  EXPECT_THAT(page.body, HasSubstr(limits));
}

}  // namespace
}  // namespace orrery::gears
