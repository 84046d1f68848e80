// The real engine with its threads, and many others that do at random what any thread may do. There
// is little to expect but that it ends, and that TSan has nothing to say.
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/random.h"
#include "net/memory_stream.h"
#include "pools/thread_workers.h"
#include "server/wire_fixture.h"

namespace orrery {
namespace {

constexpr std::size_t loop_count = 2, session_count = 1000, thread_count = 8;
constexpr int deeds_per_thread = 4000;

struct Town {
  std::mutex mutex{};
  std::vector<Address> addresses{};
  std::atomic<std::size_t> opened{0}, closed{0}, heard{0};

  void note(const Address& who) {
    const std::lock_guard lock(mutex);
    addresses.push_back(who);
  }
};

// Each kind of handler there is.
struct Citizen {
  Town& town;
  void on_open(Session& client) {
    client.join("all");
    client.join(client.request().param("group"), "metadata");
    client.register_name("name " + client.address().id(), [](Session&, const NameAnswer&) {});
    ++town.opened;
    town.note(client.address());
  }
  void on_message(Session&, Message) {}
  void on_server_message(Session& client, ServerMessage message) {
    ++town.heard;
    if (message.text() == "answer") client.publish("few", "answered");
  }
  void on_close(Session&, CloseCause) { ++town.closed; }
};

struct Talker {
  Town& town;
  Task<> on_open(Session& client) {
    client.join("all");
    ++town.opened;
    town.note(client.address());
    while (auto event = co_await client.next()) {
      ++town.heard;
      if (town.heard % 64 == 0) co_await client.on_workers([] {});
    }
  }
  void on_close(Session&, CloseCause) { ++town.closed; }
};

struct Labourer {
  Town& town;
  void on_open(WorkerSession& session) {
    session.join("few");
    ++town.opened;
    town.note(session.address());
  }
  void on_message(WorkerSession&, Message) {}
  void on_server_message(WorkerSession& session, ServerMessage) {
    ++town.heard;
    session.send("heard");
  }
  void on_close(WorkerSession&, CloseCause) { ++town.closed; }
};

void does_something(Town& town, const Sender& sender, Random& random) {
  Address who;
  {
    const std::lock_guard lock(town.mutex);
    who = town.addresses[random.next_u32() % town.addresses.size()];
  }
  switch (random.next_u32() % 64) {
    case 0: sender.publish("all", "to all"); break;
    case 1: (void)who.close(4000, "enough"); break;
    case 2: (void)sender.send_to_name("name " + who.id(), "by name"); break;
    case 3: (void)sender.count("all"); break;
    case 4: (void)who.alive(); break;
    case 5: (void)who.send("answer"); break;
    case 6:
    case 7: sender.publish("few", "to a few", who); break;
    default: (void)who.send("to one"); break;
  }
}

// A loop with a thread of its own; its clients stand beside it in memory.
struct Turning {
  explicit Turning(net::Loop& of) : loop(of), thread([this] { loop.run(); }) {}
  ~Turning() {
    loop.stop();
    thread.join();
  }
  net::Loop& loop;
  std::thread thread;
};

TEST(Stress, EightThreadsSendPublishAndCloseAgainstAThousandSessionsOnTwoLoops) {
  Town town;
  const std::uint32_t seed = 20261122;
  RecordProperty("seed", static_cast<int>(seed));
  Sender sender;
  {
    server::WireServer server(
        [&](Router& routes) {
          routes.websocket<Citizen>("/citizen/:group", std::ref(town));
          routes.websocket<Talker>("/talker/:group", std::ref(town));
          routes.websocket<Labourer>("/labourer/:group", std::ref(town)).on_workers();
        },
        {}, loop_count,
        [](const pools::WorkerLimits& limits) {
          return std::make_unique<pools::ThreadWorkers>(limits);
        });
    sender = server.engine.sender("gear:main");
    std::vector<server::WireClient> clients;
    const char* const kinds[] = {"/citizen/", "/talker/", "/labourer/"};
    for (std::size_t i = 0; i < session_count; ++i) {
      clients.emplace_back(server, net::MemoryOptions{.window_bytes = 1 << 24}, i % loop_count);
      const auto target = kinds[i % 3] + std::string(i % 10 == 0 ? "few" : std::to_string(i % 7));
      (void)clients.back().end.write(server::handshake(target));
    }
    {
      std::vector<std::unique_ptr<Turning>> turning;
      for (auto& loop : server.loops) turning.push_back(std::make_unique<Turning>(*loop));
      while (town.opened < session_count) std::this_thread::yield();
      std::vector<std::thread> threads;
      for (std::size_t i = 0; i < thread_count; ++i)
        threads.emplace_back([&, i] {
          SeededRandom random(seed + i);
          for (int n = 0; n < deeds_per_thread; ++n) does_something(town, sender, random);
        });
      for (auto& thread : threads) thread.join();
    }
  }
  EXPECT_EQ(town.opened, session_count);
  EXPECT_EQ(town.closed, session_count);
  EXPECT_GT(town.heard, session_count);
  for (const Address& who : town.addresses) EXPECT_EQ(who.send("late"), Posted::gone);
  EXPECT_EQ(sender.count("all").value, 0U);
}

}  // namespace
}  // namespace orrery
