#include "server/operators.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "server/socket_fixture.h"

namespace orrery {
namespace {

using server::close_frame;
using server::SocketClient;
using server::text_frame;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Takes a name and a group from its path, and echoes.
struct Guest {
  void on_open(Session& client) {
    const std::string room(client.request().param("room"));
    client.join(room);
    client.register_name(room + "'s guest",
                         [](Session& named, const NameAnswer&) { named.send("welcome"); });
  }
  void on_message(Session& client, Message message) { client.send(message); }
};

// What a tap was shown, "in text 5 hello", for the test's thread.
class Seen final : public FrameTap {
 public:
  void on_frame(const TappedFrame& frame) override {
    static const std::map<TappedFrame::Kind, std::string> names{
        {TappedFrame::Kind::text, "text"},   {TappedFrame::Kind::binary, "binary"},
        {TappedFrame::Kind::ping, "ping"},   {TappedFrame::Kind::pong, "pong"},
        {TappedFrame::Kind::close, "close"}, {TappedFrame::Kind::end, "end"}};
    const bool in = frame.direction == TappedFrame::Direction::in;
    const std::lock_guard lock(mutex_);
    lines_.push_back((in ? "in " : "out ") + names.at(frame.kind) + " " +
                     std::to_string(frame.bytes) + " " + std::string(frame.shown) +
                     (frame.cut ? "..." : ""));
    skipped_ += frame.skipped;
    changed_.notify_all();
  }
  // Once there are so many.
  std::vector<std::string> lines(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, 60s, [&] { return lines_.size() >= count; });
    return lines_;
  }
  std::uint64_t skipped() {
    const std::lock_guard lock(mutex_);
    return skipped_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
  std::uint64_t skipped_ = 0;
};

class OperatorsTest : public ::testing::TestWithParam<Io> {
 protected:
  OperatorsTest() : server(options()) {
    server.websocket<Guest>("/rooms/:room");
    server.listen("127.0.0.1:0");
    EXPECT_TRUE(server.start());
  }

  ServerOptions options() {
    ServerOptions with;
    with.threads = 2;
    with.io = GetParam();
    with.log = [this](LogLevel, std::string_view line) {
      const std::lock_guard lock(mutex);
      log.emplace_back(line);
    };
    return with;
  }

  // Has its name when this returns.
  std::unique_ptr<SocketClient> guest(const std::string& target) {
    auto client = std::make_unique<SocketClient>(server.addresses()[0]);
    client->opens(target);
    EXPECT_THAT(client->hears("welcome"), HasSubstr("welcome"));
    return client;
  }
  std::string id_in(const std::string& group) {
    const auto list = server.sessions({.group = group});
    return list.sessions.empty() ? "" : list.sessions[0].id;
  }

  std::mutex mutex;
  std::vector<std::string> log;
  Server server;
};

TEST_P(OperatorsTest, ListThoseThatMatch) {
  EXPECT_THAT(server.sessions().sessions, IsEmpty());
  const auto tea = guest("/rooms/tea?token=abc&x=1"), rum = guest("/rooms/rum");
  tea->sends(text_frame("hello"));
  (void)tea->hears("hello");
  const auto all = server.sessions();
  EXPECT_EQ(all.matching, 2u);
  EXPECT_TRUE(all.complete);
  const auto found = server.sessions({.gear = "main",
                                      .pool = "gear:main",
                                      .name = "tea's guest",
                                      .group = "tea",
                                      .text = "127.0.0"});
  ASSERT_EQ(found.sessions.size(), 1u);
  const SessionInfo& info = found.sessions[0];
  EXPECT_EQ(info.target, "/rooms/tea?token=[redacted]&x=1");
  EXPECT_EQ(info.route, "/rooms/:room");
  EXPECT_EQ(info.remote_address, "127.0.0.1");
  EXPECT_NE(info.remote_port, 0);
  EXPECT_THAT(info.names, ElementsAre("tea's guest"));
  EXPECT_THAT(info.groups, ElementsAre("tea"));
  EXPECT_EQ(info.messages_in, 1u);
  EXPECT_EQ(info.messages_out, 2u);
  EXPECT_EQ(info.bytes_in, 5u);
  EXPECT_EQ(info.bytes_out, 12u);
  for (const SessionQuery& query :
       {SessionQuery{.gear = "chat"}, SessionQuery{.pool = "gear:chat"}, SessionQuery{.name = "t"},
        SessionQuery{.group = "gin"}, SessionQuery{.text = "gin"}, SessionQuery{.text = "abc"}})
    EXPECT_EQ(server.sessions(query).matching, 0u);
}

TEST_P(OperatorsTest, ListNoMoreThanAskedForButCountAll) {
  std::vector<std::unique_ptr<SocketClient>> guests;
  for (int i = 0; i < 20; ++i) guests.push_back(guest("/rooms/" + std::to_string(i)));
  const auto some = server.sessions({.limit = 3});
  EXPECT_EQ(some.sessions.size(), 3u);
  EXPECT_EQ(some.matching, 20u);
}

TEST_P(OperatorsTest, KickASession) {
  const auto tea = guest("/rooms/tea");
  EXPECT_EQ(server.kick("0.4000000.1", "a test"), Asked::no_such_session);
  for (const auto* wrong : {"", "0", "0.1", "9.0.0", "0.0.0.0", "a.b.c", "-1.0.0", "0.0.0 "})
    EXPECT_EQ(server.kick(wrong, "a test"), Asked::no_such_session) << wrong;
  EXPECT_EQ(server.kick(id_in("tea"), "a test", "not now"), Asked::done);
  tea->sends(close_frame(4002));
  EXPECT_EQ(server::frames_in(tea->hears()), "close 4002 not now\n");
  EXPECT_EQ(server.sessions().matching, 0u);
  const auto rum = guest("/rooms/rum");
  EXPECT_EQ(server.kick(id_in("rum"), "a test", std::string(200, 'x')), Asked::done);
  rum->sends(close_frame(4002));
  EXPECT_EQ(server::frames_in(rum->hears()), "close 4002 kicked\n");
}

TEST_P(OperatorsTest, TapASessionAndNoOther) {
  const auto tea = guest("/rooms/tea"), rum = guest("/rooms/rum");
  const auto tap = std::make_shared<Seen>();
  EXPECT_EQ(server.tap("0.4000000.1", tap, "a test"), Asked::no_such_session);
  ASSERT_EQ(server.tap(id_in("tea"), tap, "a test"), Asked::done);
  rum->sends(text_frame("not this"));
  (void)rum->hears("not this");
  tea->sends(text_frame(R"({"jwt":"abc"})"));
  (void)tea->hears("}");
  tea->sends(close_frame(4001, "done"));
  (void)tea->hears();
  EXPECT_THAT(tap->lines(5), ElementsAre(R"(in text 13 {"jwt":"[redacted]"})",
                                         R"(out text 13 {"jwt":"[redacted]"})",
                                         "in close 9 4001 done", "out close 4 4001", "out end 0 "));
  const std::lock_guard lock(mutex);
  EXPECT_THAT(log, ::testing::Contains(::testing::AllOf(HasSubstr("session tapped"),
                                                        HasSubstr("asked_by=\"a test\""))));
}

TEST_P(OperatorsTest, AFloodIsSkippedAndALongTextIsCut) {
  const auto tea = guest("/rooms/tea");
  const auto tap = std::make_shared<Seen>();
  ASSERT_EQ(server.tap(id_in("tea"), tap, "a test"), Asked::done);
  tea->sends(text_frame(std::string(600, 'x')));
  EXPECT_EQ(tap->lines(2)[0], "in text 600 " + std::string(512, 'x') + "...");
  std::string flood;
  for (int i = 0; i < 1000; ++i) flood += text_frame("again");
  tea->sends(flood + close_frame(1000));
  (void)tea->hears();
  const auto lines = tap->lines(51);
  EXPECT_LT(lines.size(), 1000u);
  EXPECT_EQ(lines.back(), "out end 0 ");
  EXPECT_EQ(lines.size() - 1 + tap->skipped(), 2u + 2000u + 2u);
}

TEST_P(OperatorsTest, ATapThatIsGoneIsForgotten) {
  const auto tea = guest("/rooms/tea");
  std::vector<std::shared_ptr<Seen>> taps;
  const std::string id = id_in("tea");
  for (int i = 0; i < 16; ++i) {
    taps.push_back(std::make_shared<Seen>());
    EXPECT_EQ(server.tap(id, taps.back(), "a test"), Asked::done);
  }
  const auto one_more = std::make_shared<Seen>();
  EXPECT_EQ(server.tap(id, one_more, "a test"), Asked::too_many);
  taps.clear();
  EXPECT_EQ(server.tap(id, one_more, "a test"), Asked::done);
  tea->sends(text_frame("hello"));
  EXPECT_EQ(one_more->lines(2)[0], "in text 5 hello");
}

TEST(Operators, AskAServerThatHasNotStartedInVain) {
  Server server({.log = [](LogLevel, std::string_view) {}});
  EXPECT_EQ(server.sessions().matching, 0u);
  EXPECT_EQ(server.kick("0.0.0", "a test"), Asked::no_such_session);
}

INSTANTIATE_TEST_SUITE_P(On, OperatorsTest, ::testing::ValuesIn(server::tested_io()),
                         server::name_of_io);

}  // namespace
}  // namespace orrery
