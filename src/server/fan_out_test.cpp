// Many real sockets on each kind of poller: what is sent to all of them in one turn, and to those
// who read slowly or not at all.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "server/socket_fixture.h"

namespace orrery {
namespace {

using server::close_frame;
using server::SocketClient;
using server::text_frame;
using ::testing::EndsWith;

struct Member {
  std::atomic<int>& slow;
  void on_open(Session& client) {
    client.join("all");
    client.send("in");
  }
  void on_message(Session& client, Message message) { client.send(message); }
  void on_close(Session&, const CloseCause& cause) {
    if (cause.kind != CloseCause::Kind::slow_consumer) return;
    ++slow;
    slow.notify_all();
  }
};

class FanOut : public ::testing::TestWithParam<Io> {
 protected:
  static ServerOptions options(std::size_t threads) {
    ServerOptions with;
    with.threads = threads;
    with.io = GetParam();
    with.log = [](LogLevel, std::string_view) {};
    with.limits.queued_bytes = 256 * 1024;
    return with;
  }
  void serve(std::size_t threads) {
    server.emplace(options(threads));
    server->websocket<Member>("/", std::ref(slow));
    server->listen("127.0.0.1:0");
    ASSERT_TRUE(server->start());
  }
  std::unique_ptr<SocketClient> member() {
    auto client = std::make_unique<SocketClient>(server->addresses()[0]);
    client->opens("/");
    (void)client->hears("in");
    return client;
  }
  std::vector<std::unique_ptr<SocketClient>> members(std::size_t count) {
    std::vector<std::unique_ptr<SocketClient>> all;
    while (all.size() < count) all.push_back(member());
    return all;
  }
  void publish(const std::string& text) { server->sender().publish("all", text); }

  std::atomic<int> slow{0};
  std::optional<Server> server;
};

TEST_P(FanOut, EverybodyHearsEverythingInOrder) {
  serve(2);
  const auto all = members(200);
  for (const std::size_t bytes : {10U, 1'000U, 20'000U})
    for (int i = 0; i < 3; ++i) publish(std::string(bytes, 'x') + std::to_string(i) + ";");
  publish("end of story");
  const std::string first = all.front()->hears("end of story");
  EXPECT_THAT(first, EndsWith("end of story"));
  EXPECT_GT(first.size(), 3U * (10 + 1'000 + 20'000));
  for (std::size_t i = 1; i < all.size(); ++i) EXPECT_EQ(all[i]->hears("end of story"), first);
}

TEST_P(FanOut, WhoDoesNotReadIsClosedAndDelaysNobody) {
  serve(1);
  const auto all = members(20);
  const auto deaf = member();
  for (int i = 0; i < 400; ++i) {
    const std::string text = std::string(50'000, 'x') + std::to_string(i) + ";";
    publish(text);
    for (const auto& each : all) EXPECT_THAT(each->hears(";"), EndsWith(std::to_string(i) + ";"));
  }
  deaf->breaks_off();
  slow.wait(0);
  EXPECT_EQ(slow, 1);
}

// More waits than is begun at a time, and the kernel takes it all: nobody tells when there is room.
TEST_P(FanOut, WhatMayStillBeDroppedLeavesWholeWhereThereIsRoom) {
  server.emplace(options(1));
  server
      ->websocket("/",
                  [](Session& client, Message) {
                    for (int i = 0; i < 150; ++i) client.send(std::string(1'000, 'x'));
                    client.send("all of it");
                  })
      .limits({.overflow = Overflow::drop_oldest});
  server->listen("127.0.0.1:0");
  ASSERT_TRUE(server->start());
  SocketClient client(server->addresses()[0]);
  client.opens("/");
  for (int i = 0; i < 50; ++i) {
    client.sends(text_frame("go"));
    EXPECT_THAT(client.hears("all of it").size(), ::testing::Gt(150U * 1'000));
  }
}

TEST_P(FanOut, WhoVanishesInTheMiddleHarmsNobody) {
  serve(2);
  const auto all = members(50);
  for (int round = 0; round < 20; ++round) {
    auto gone = members(5);
    publish("round " + std::to_string(round) + ";");
    for (auto& each : gone) each->breaks_off();
    publish("still here;");
    for (const auto& each : all) {
      EXPECT_THAT(each->hears(";"), EndsWith("round " + std::to_string(round) + ";"));
      EXPECT_THAT(each->hears(";"), EndsWith("still here;"));
    }
  }
}

TEST_P(FanOut, ManyEchoesOfAllSizesOnSeveralLoopsComeBack) {
  serve(3);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([this] {
      const auto own = members(10);
      for (const std::size_t bytes : {1U, 30U, 2'000U, 5'000U, 60'000U, 30U, 1U})
        for (int i = 0; i < 20; ++i) {
          const std::string text = std::string(bytes, 'y') + std::to_string(i) + ";";
          for (const auto& each : own) each->sends(text_frame(text) + text_frame("again;"));
          for (const auto& each : own) {
            EXPECT_THAT(each->hears(";"), EndsWith(text));
            EXPECT_THAT(each->hears(";"), EndsWith("again;"));
          }
        }
      for (const auto& each : own) each->sends(close_frame(1000));
      for (const auto& each : own) EXPECT_NE(each->hears(), "");
    });
  for (auto& thread : threads) thread.join();
}

INSTANTIATE_TEST_SUITE_P(On, FanOut, ::testing::ValuesIn(server::tested_io()), server::name_of_io);

}  // namespace
}  // namespace orrery
