// A session may end wherever its coroutine is suspended, in every way a session can end, after any
// turn of the loop. These tests mean most under ASan.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/wire_fixture.h"

namespace orrery {
namespace {

using server::handshake;
using server::Story;
using server::text_frame;
using server::WireServer;
using ::testing::ElementsAre;

// Writes down when the frame that it stands in goes.
struct Witness {
  Story& story;
  std::string name;
  ~Witness() { story.push_back(name + " frame gone"); }
};

// A coroutine that waits in one place of several, in a frame within a frame.
struct Waits {
  Waits(Story& of, std::string place) : story(of), where(std::move(place)) {}
  ~Waits() { story.emplace_back("handler gone"); }

  Task<> on_open(Session& client) {
    const Witness witness{story, "outer"};
    address = client.address();
    co_await part(client);
    story.emplace_back("part has ended");
  }
  Task<bool> part(Session& client) {
    const Witness witness{story, "inner"};
    const std::string kept(100, 'k');
    if (where == "receive") co_await receive_all(client);
    if (where == "next") co_await next_all(client);
    while (where == "sleep") co_await client.sleep_for(10ms);
    while (where == "long sleep") co_await client.sleep_for(1h);
    while (where == "name") (void)co_await client.register_name("me");
    while (where == "worker") (void)co_await client.on_workers(&size_of, kept);
    while (where == "drained") {
      client.send(kept);
      co_await client.drained();
    }
    if (where == "blocked") {
      client.send(std::string(1 << 19, 'x'));
      co_await client.drained();
    }
    co_return kept.empty();
  }
  static std::size_t size_of(const std::string& text) { return text.size(); }
  static Task<> receive_all(Session& client) {
    while (auto message = co_await client.receive()) client.send(*message);
    (void)co_await client.receive();  // there is no more: it is ended here
  }
  // It still tries everything after the end.
  static Task<> next_all(Session& client) {
    while (auto event = co_await client.next()) client.send("more");
    client.join("too late");
    client.tick_every(10ms);
    client.post_after(10ms, "too late");
    client.register_name("too late", [](Session& session, const NameAnswer&) { session.close(); });
    co_await client.sleep_for(100ms);
  }
  void on_close(Session&, CloseCause) { story.emplace_back("on_close"); }

  Story& story;
  const std::string where;
  Address address{};
};

struct Scene {
  explicit Scene(const std::string& place)
      : server(std::make_unique<WireServer>([&](Router& routes) {
          routes
              .websocket("/",
                         [this, place](const Request&) {
                           auto handler = std::make_unique<Waits>(story, place);
                           waits = handler.get();
                           return handler;
                         })
              .limits({.idle = 0ms, .queued_bytes = 1 << 20});
        })),
        client(server->dial()) {}

  Story story;
  Waits* waits = nullptr;
  std::unique_ptr<WireServer> server;
  net::MemoryEnd client;  // outlives nothing: the wire is shared
};

struct Ending {
  const char* name;
  std::function<void(Scene&)> end;
};

std::vector<Ending> endings() {
  return {
      {"the client closes",
       [](Scene& scene) { (void)scene.client.write(server::close_frame(1000)); }},
      {"the client breaks off", [](Scene& scene) { scene.client.reset(); }},
      {"the client ends its stream", [](Scene& scene) { scene.client.finish_writing(); }},
      {"the client breaks a rule", [](Scene& scene) { (void)scene.client.write("nonsense"); }},
      {"somebody closes it",
       [](Scene& scene) { (void)scene.waits->address.close(4000, "enough"); }},
      {"the server drains", [](Scene& scene) { scene.server->servers[0]->drain(0ms, 0ms); }},
      {"the server cuts it off", [](Scene& scene) { scene.server->servers[0]->cut_off(); }},
      {"its pool is closed", [](Scene& scene) { scene.server->engine.close_pool("gear:main"); }},
      {"the server is destroyed", [](Scene& scene) { scene.server.reset(); }},
      {"the next write fails",
       [](Scene& scene) {
         scene.client.fail_stream_operation(1, EPIPE);
         (void)scene.client.write(text_frame("x"));
       }},
  };
}

const std::vector<std::string> places{"receive", "next",   "sleep",   "long sleep",
                                      "name",    "worker", "drained", "blocked"};

// One session, ended after so many turns of its loop. False: it was not open yet.
bool ends_well(const std::string& place, const Ending& ending, int turns) {
  Scene scene(place);
  (void)scene.client.write(handshake("/"));
  for (int i = 0; i < turns; ++i) {
    scene.server->turn();
    if (i % 2 == 1) scene.server->clock.advance(net::TimerWheel::resolution);
  }
  if (!scene.waits) return false;
  ending.end(scene);
  if (scene.server) {
    for (int i = 0; i < 5; ++i) scene.server->turn();
    scene.client.finish_writing();  // a client that was told goes, too
    // Who takes its bytes lets the server say goodbye. A tight coroutine never comes to rest.
    for (int i = 0; i < 2000 && scene.server->sessions() > 0; ++i) {
      if (i == 60) scene.client.reset();  // one that is not read waits no longer
      scene.server->turn();
      scene.server->clock.advance(net::TimerWheel::resolution);
      (void)scene.client.read();
    }
    for (int i = 0; i < 20; ++i) {  // what it left behind may not stir any more
      scene.server->turn();
      scene.server->clock.advance(net::TimerWheel::resolution);
    }
    EXPECT_EQ(scene.server->sessions(), 0U) << place << ", " << ending.name;
    scene.server.reset();
  }
  std::erase(scene.story, "part has ended");
  EXPECT_THAT(scene.story,
              ElementsAre("inner frame gone", "outer frame gone", "on_close", "handler gone"))
      << place << ", " << ending.name << ", after " << turns << " turns";
  return true;
}

TEST(ASuspendedCoroutine, IsEndedInnermostFirstThenOnCloseThenTheHandlerWhereverItWaits) {
  for (const auto& place : places)
    for (const auto& ending : endings()) {
      int tried = 0;
      for (int turns = 0; turns < 8; ++turns) tried += ends_well(place, ending, turns) ? 1 : 0;
      EXPECT_GT(tried, 3) << place;
    }
}

}  // namespace
}  // namespace orrery
