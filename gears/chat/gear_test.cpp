#include "gears/chat/gear.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "orrery/testing.h"

namespace orrery::gears {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Pair;

namespace json = boost::json;

std::string repeated(std::string_view what, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += what;
  return all;
}

std::string word(const json::object& message, std::string_view name) {
  const auto* value = message.if_contains(name);
  return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::string line(const json::object& said) {
  const auto& position = said.at("position").as_object();
  return word(said, "name") + " says " + word(said, "text") + " (" +
         json::serialize(position.at("offset")) + (said.contains("mine") ? ", mine)" : ")");
}

// "in as Bob with Alice, Bob, missed 2: Alice says tea (1); Alice says more (2)"
std::string entrance(const json::object& joined) {
  std::vector<std::string> people;
  for (const auto& name : joined.at("people").as_array()) people.emplace_back(name.as_string());
  std::ranges::sort(people);
  std::string told = "in as " + word(joined, "name") + " with";
  for (std::size_t i = 0; i < people.size(); ++i) told += (i ? ", " : " ") + people[i];
  if (joined.contains("gap")) told += ", gap";
  if (!joined.contains("missed")) return told;
  const auto& missed = joined.at("missed").as_array();
  told += ", missed " + std::to_string(missed.size());
  for (std::size_t i = 0; i < missed.size(); ++i)
    told += (i ? "; " : ": ") + line(missed[i].as_object());
  return told;
}

// What a client hears, in short.
std::string transcript(const json::object& message) {
  const std::string type = word(message, "type");
  if (type == "says") return line(message);
  if (type == "joined" && message.contains("mine")) return entrance(message);
  if (type == "joined" || type == "left") return word(message, "name") + " " + type;
  if (type != "error") return type;
  const std::string code = word(message, "code");
  return "refused: " + word(message, "reason") + (code.empty() ? "" : " [" + code + "]");
}

// Rooms at /chat/rooms, and people in the chat's own words.
struct Chat : ::testing::Test {
  ChatGear chat;
  TestServer server{[this](Router& routes) { routes.mount(chat, "/chat"); }};

  struct Person {
    TestClient client;
    std::string position{};  // the newest that it was told, in JSON

    void says(std::string_view text) {
      client.says(json::serialize(json::object{{"type", "say"}, {"text", text}}));
    }
    void joins(std::string_view name, std::string_view more = "") {
      client.says(R"({"type":"join","name":")" + std::string(name) + '"' + std::string(more) + "}");
    }
    std::string hears() {
      const auto next = client.next();
      if (!next) return "nothing";
      const auto message = json::parse(*next).as_object();
      if (const auto* told = message.if_contains("position")) position = json::serialize(*told);
      if (const auto* missed = message.if_contains("missed"); missed && !missed->as_array().empty())
        position = json::serialize(missed->as_array().back().at("position"));
      return transcript(message);
    }
    std::string answer_to(std::string_view message) {
      client.says(message);
      return hears();
    }
    std::string since() const { return R"(,"since":)" + position; }
  };

  Person visitor(std::string_view room = "tea") {
    Person person{server.connect("/chat/rooms/" + std::string(room))};
    EXPECT_EQ(person.client.status(), 101);
    EXPECT_EQ(person.hears(), "welcome");
    return person;
  }
  Person guest(std::string_view name, std::string_view room = "tea", std::string_view more = "") {
    auto person = visitor(room);
    person.joins(name, more);
    EXPECT_THAT(person.hears(), HasSubstr("in as " + std::string(name)));
    return person;
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
  EXPECT_EQ(alice.hears(), "Bob joined");
  bob.says("a cup of tea? ☕");
  EXPECT_EQ(alice.hears(), "Bob says a cup of tea? ☕ (1)");
  EXPECT_EQ(bob.hears(), "Bob says a cup of tea? ☕ (1, mine)");
}

TEST_F(Chat, LinesAreNumberedAsTheyWereSaid) {
  auto alice = guest("Alice");
  auto bob = guest("Bob");
  EXPECT_EQ(alice.hears(), "Bob joined");
  alice.says("one");
  bob.says("two\nthree");
  alice.says("four");
  EXPECT_EQ(bob.hears(), "Alice says one (1)");
  EXPECT_EQ(bob.hears(), "Bob says two\nthree (2, mine)");
  EXPECT_EQ(bob.hears(), "Alice says four (3)");
  EXPECT_EQ(alice.hears(), "Alice says one (1, mine)");
}

TEST_F(Chat, RoomsDoNotHearEachOther) {
  auto alice = guest("Alice", "tea");
  auto bob = guest("Bob", "coffee");
  bob.says("hello");
  EXPECT_EQ(alice.hears(), "nothing");
}

TEST_F(Chat, WhoEntersIsToldWhoIsThere) {
  auto alice = visitor();
  alice.joins("Alice");
  EXPECT_EQ(alice.hears(), "in as Alice with Alice");
  auto bob = visitor();
  bob.joins("Bob");
  EXPECT_EQ(bob.hears(), "in as Bob with Alice, Bob");
  alice.client.closes();
  EXPECT_EQ(bob.hears(), "Alice left");
  auto carol = visitor();
  carol.joins("Carol");
  EXPECT_EQ(carol.hears(), "in as Carol with Bob, Carol");
}

TEST_F(Chat, WhoHasNotJoinedHearsNothingAndSaysNothing) {
  auto lurker = visitor();
  auto alice = guest("Alice");
  alice.says("hello");
  EXPECT_EQ(lurker.hears(), "nothing");
  EXPECT_EQ(lurker.answer_to(R"({"type":"say","text":"hi"})"), "refused: join first");
  lurker.client.closes();
  EXPECT_EQ(alice.hears(), "Alice says hello (1, mine)");
  EXPECT_EQ(alice.hears(), "nothing");
}

TEST_F(Chat, TheRoomHearsWhoLeavesHoweverTheyGo) {
  auto alice = guest("Alice");
  auto bob = guest("Bob");
  auto carol = guest("Carol");
  while (alice.client.next()) continue;
  bob.client.closes();
  EXPECT_EQ(alice.hears(), "Bob left");
  carol.client.vanishes();
  EXPECT_EQ(alice.hears(), "Carol left");
  EXPECT_EQ(alice.hears(), "nothing");
}

TEST_F(Chat, ANameIsTakenUntilItsHolderLeaves) {
  auto alice = guest("Alice");
  auto other = visitor();
  other.joins("Alice");
  EXPECT_EQ(other.hears(), "refused: somebody in this room is called Alice [nameTaken]");
  EXPECT_EQ(alice.hears(), "nothing");
  other.joins("Alicia");
  EXPECT_EQ(other.hears(), "in as Alicia with Alice, Alicia");
  alice.client.closes();
  guest("Alice");
}

TEST_F(Chat, EachRoomMayHaveAnAlice) {
  auto here = guest("Alice", "tea");
  auto there = guest("Alice", "coffee");
  EXPECT_EQ(here.hears(), "nothing");
}

TEST_F(Chat, WhoComesBackHearsWhatWasSaidMeanwhile) {
  auto alice = guest("Alice");
  auto bob = guest("Bob");
  alice.says("one");
  EXPECT_EQ(bob.hears(), "Alice says one (1)");
  bob.client.vanishes();
  alice.says("two");
  alice.says("three");
  auto again = visitor();
  again.joins("Bob", bob.since());
  EXPECT_EQ(again.hears(),
            "in as Bob with Alice, Bob, missed 2: Alice says two (2); Alice says three (3)");
  alice.says("four");
  EXPECT_EQ(again.hears(), "Alice says four (4)");
}

TEST_F(Chat, WhoMissedNothingIsToldSo) {
  auto alice = guest("Alice");
  auto bob = guest("Bob");
  bob.client.vanishes();
  auto again = visitor();
  again.joins("Bob", bob.since());
  EXPECT_EQ(again.hears(), "in as Bob with Alice, Bob, missed 0");
}

TEST_F(Chat, OwnLinesAmongTheMissedOnesAreMarked) {
  auto bob = guest("Bob");
  const auto before = bob.since();
  bob.says("am I still here?");
  bob.client.vanishes();
  auto again = visitor();
  again.joins("Bob", before);
  EXPECT_EQ(again.hears(), "in as Bob with Bob, missed 1: Bob says am I still here? (1, mine)");
}

TEST_F(Chat, WhoWasAwayForTooLongIsToldOfAGap) {
  auto alice = guest("Alice");
  auto bob = guest("Bob");
  bob.client.vanishes();
  for (std::size_t i = 0; i <= ChatLimits::kept_lines; ++i) alice.says("tick");
  auto again = visitor();
  again.joins("Bob", bob.since());
  EXPECT_EQ(again.hears(), "in as Bob with Alice, Bob, gap");
  alice.says("welcome back");
  EXPECT_EQ(again.hears(), "Alice says welcome back (102)");
}

TEST_F(Chat, LinesAreKeptForAnHour) {
  auto bob = guest("Bob");
  const auto before = bob.since();
  bob.says("early");
  bob.client.closes();
  server.advance(ChatLimits::kept_time + std::chrono::seconds(1));
  auto again = visitor();
  again.joins("Bob", before);
  EXPECT_EQ(again.hears(), "in as Bob with Bob, gap");
}

TEST_F(Chat, APositionOfAnotherServerIsAGap) {
  auto alice = visitor();
  alice.joins("Alice", R"(,"since":{"epoch":"12345","offset":7})");
  EXPECT_EQ(alice.hears(), "in as Alice with Alice, gap");
}

TEST_F(Chat, AnEmptyRoomRemembersUntilManyOthersAreEmpty) {
  auto bob = guest("Bob");
  bob.says("remember me");
  bob.hears();
  bob.client.closes();
  const auto visit = [&](std::size_t number) {
    guest("Eve", "room" + std::to_string(number)).client.closes();
  };
  for (std::size_t i = 1; i < ChatLimits::kept_empty_rooms; ++i) visit(i);
  auto early = visitor();
  early.joins("Bob", bob.since());
  EXPECT_EQ(early.hears(), "in as Bob with Bob, missed 0");
  early.client.closes();
  for (std::size_t i = 1; i <= ChatLimits::kept_empty_rooms; ++i) visit(i);
  auto late = visitor();
  late.joins("Bob", bob.since());
  EXPECT_EQ(late.hears(), "in as Bob with Bob, gap");
}

TEST_F(Chat, AFullRoomSaysSoAndGivesTheNameBack) {
  std::vector<Person> crowd;
  for (std::size_t i = 0; i < ChatLimits::room_people; ++i) {
    crowd.push_back({server.connect("/chat/rooms/tea")});
    crowd.back().joins("number " + std::to_string(i));
  }
  auto late = visitor();
  late.joins("Late");
  EXPECT_EQ(late.hears(), "refused: the room is full [roomFull]");
  crowd.back().client.closes();
  late.joins("Late");
  EXPECT_THAT(late.hears(), HasSubstr("in as Late"));
}

// Its old connection is broken, but the server has not noticed yet.
TEST_F(Chat, WhoHasTheKeyTakesItsOwnPlaceBack) {
  auto alice = guest("Alice");
  auto ghost = guest("Bob", "tea", R"(,"key":"a secret of Bob's")");
  while (alice.client.next()) continue;
  auto bob = visitor();
  bob.joins("Bob", R"(,"key":"a secret of Bob's")" + ghost.since());
  EXPECT_EQ(bob.answer_to(R"({"type":"join","name":"Rob"})"), "refused: joining already, as Bob");
  server.advance(std::chrono::seconds(1));
  EXPECT_EQ(bob.hears(), "in as Bob with Alice, Bob, missed 0");
  EXPECT_EQ(alice.hears(), "Bob left");
  EXPECT_EQ(alice.hears(), "Bob joined");
  ASSERT_TRUE(ghost.client.closed());
  EXPECT_EQ(ghost.client.closed()->code, 4000);
}

TEST_F(Chat, WithoutTheKeyNobodyTakesAPlace) {
  auto bob = guest("Bob", "tea", R"(,"key":"a secret of Bob's")");
  for (const auto* key : {"", R"(,"key":"a guess")", R"(,"key":"")"}) {
    auto eve = visitor();
    eve.joins("Bob", key);
    server.advance(std::chrono::seconds(1));
    EXPECT_THAT(eve.hears(), HasSubstr("[nameTaken]")) << key;
  }
  auto careless = guest("Carol");
  auto eve = visitor();
  eve.joins("Carol", R"(,"key":"anything")");
  server.advance(std::chrono::seconds(1));
  EXPECT_THAT(eve.hears(), HasSubstr("[nameTaken]"));
  EXPECT_FALSE(bob.client.closed());
  EXPECT_FALSE(careless.client.closed());
}

TEST_F(Chat, BadMessagesAreAnsweredNotPunished) {
  auto alice = visitor();
  for (const auto* bad : {"", "{", "hello", "{\"type\":\"join\"", "\"\\ud800\""})
    EXPECT_THAT(alice.answer_to(bad), HasSubstr("refused: not JSON: ")) << bad;
  const std::pair<const char*, const char*> rows[] = {
      {"[]", "not a JSON object"},
      {"{}", R"(no "type")"},
      {R"({"type":1})", R"(no "type")"},
      {R"({"type":"shout"})", R"(unknown "type")"},
      {R"({"type":"join"})", R"(a join needs a "name")"},
      {R"({"type":"join","name":7})", R"(a join needs a "name")"},
      {R"({"type":"join","name":" \t "})", "the name is empty"},
      {R"({"type":"join","name":"A\u0007da"})", "control character"},
      {R"({"type":"join","name":"A\nda"})", "control character"},
      {R"({"type":"join","name":"\u202eadA"})", "control character"},
      {R"({"type":"join","name":"\u0085da"})", "control character"},
      {R"({"type":"join","name":"Ada","key":7})", R"(a "key" is a string)"},
      {R"({"type":"join","name":"Ada","since":7})", R"("since" is a "position")"},
      {R"({"type":"join","name":"Ada","since":{}})", R"("since" is a "position")"},
      {R"({"type":"join","name":"Ada","since":{"epoch":7,"offset":7}})", R"("since")"},
      {R"({"type":"join","name":"Ada","since":{"epoch":"7x","offset":7}})", R"("since")"},
      {R"({"type":"join","name":"Ada","since":{"epoch":"7","offset":-7}})", R"("since")"},
      {R"({"type":"join","name":"Ada","since":{"epoch":"7","offset":0.5}})", R"("since")"},
      {R"({"type":"join","name":"Ada","since":{"epoch":"99999999999999999999","offset":1}})",
       R"("since")"},
      {R"({"type":"say","text":[]})", R"(a say needs a "text")"},
      {R"({"type":"say","text":"\n"})", "the text is empty"},
  };
  for (const auto& [message, reason] : rows)
    EXPECT_THAT(alice.answer_to(message), HasSubstr(reason)) << message;
  alice.client.says_binary("{}");
  EXPECT_THAT(alice.hears(), HasSubstr("binary"));
  EXPECT_FALSE(alice.client.closed());
  EXPECT_EQ(alice.answer_to(R"({"type":"join","name":" Alice "})"), "in as Alice with Alice");
}

TEST_F(Chat, DeepNestingIsAnErrorLikeAnyOther) {
  EXPECT_THAT(visitor().answer_to(repeated("[", 10'000)), HasSubstr("not JSON"));
}

TEST_F(Chat, LengthsCountCharactersNotBytes) {
  auto alice = visitor();
  alice.joins(repeated("é", 33));
  EXPECT_EQ(alice.hears(), "refused: the name has 33 characters; at most 32 are allowed");
  alice.joins("Alice", R"(,"key":")" + repeated("k", 65) + '"');
  EXPECT_EQ(alice.hears(), "refused: the key has 65 characters; at most 64 are allowed");
  alice.joins(repeated("é", 32));
  EXPECT_THAT(alice.hears(), HasSubstr("in as"));
  alice.says(repeated("☕", 2001));
  EXPECT_EQ(alice.hears(), "refused: the text has 2001 characters; at most 2000 are allowed");
  alice.says(repeated("☕", 2000));
  EXPECT_THAT(alice.hears(), HasSubstr("☕ (1, mine)"));
  const auto longest = repeated("\\ud83d\\ude00", 2000);  // the longest way to write a character
  EXPECT_THAT(alice.answer_to(R"({"type":"say","text":")" + longest + "\"}"),
              HasSubstr("(2, mine)"));
}

TEST_F(Chat, TheLongestMissedLinesReachWhoComesBack) {
  auto bob = guest("Bob");
  const auto before = bob.since();
  for (std::size_t i = 0; i < ChatLimits::kept_lines; ++i) bob.says(repeated("\x01", 2000));
  auto again = visitor();
  bob.client.closes();
  again.joins("Bob", before);
  EXPECT_THAT(again.hears(), HasSubstr("missed 100"));
}

TEST_F(Chat, AMessageThatNoTextCouldFillIsTooBig) {
  auto alice = guest("Alice");
  alice.client.says(std::string(ChatLimits::message_bytes + 1, ' '));
  ASSERT_TRUE(alice.client.closed());
  EXPECT_EQ(alice.client.closed()->code, 1009);
}

TEST_F(Chat, OneJoinsOnce) {
  auto alice = guest("Alice");
  alice.joins("Bob");
  EXPECT_EQ(alice.hears(), "refused: joined already, as Alice");
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
  EXPECT_THAT(page.headers,
              Contains(Pair("Content-Security-Policy", HasSubstr("default-src 'none'; "))));
  EXPECT_THAT(page.headers,
              Contains(Pair("Content-Security-Policy", HasSubstr("connect-src 'self';"))));
  const auto limits = "{name: " + std::to_string(ChatLimits::name_characters) +
                      ", room: " + std::to_string(ChatLimits::room_characters) +
                      ", text: " + std::to_string(ChatLimits::text_characters) + "}";
  EXPECT_THAT(page.body, HasSubstr(limits));
}

TEST_F(Chat, ThePageMayConnectToTheServersThatItsAddressLists) {
  const auto page = server.get("/chat?room=tea&servers=a.example:7512,192.0.2.1");
  EXPECT_THAT(page.headers,
              Contains(Pair("Content-Security-Policy",
                            HasSubstr("connect-src 'self' ws://a.example:7512 wss://a.example:7512 "
                                      "ws://192.0.2.1 wss://192.0.2.1; base-uri"))));
  for (const auto* bad : {"a;b", "a%20b", "a:b", "a:", ":1", "a,,b", "*", "a:1:2", "a%0d%0a", "a/b",
                          "a:123456", "%C3%A9", "1,2,3,4,5,6,7,8,9", "'none'"})
    EXPECT_EQ(server.get("/chat?servers=" + std::string(bad)).status, 400) << bad;
}

}  // namespace
}  // namespace orrery::gears
