// Threads of all kinds at one registry: for the sanitizers, and for sums that must come out even.
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <set>
#include <thread>

#include "registry/registry_fixture.h"

namespace orrery::registry {
namespace {

constexpr int people_per_loop = 20;
constexpr int rounds = 1500;
const std::string groups[] = {"tea", "coffee", "water"};

class Crowd {
 public:
  explicit Crowd(std::uint64_t seed) : world_(2), seed_(seed) {
    for (std::size_t loop = 0; loop < 2; ++loop)
      for (int i = 0; i < people_per_loop; ++i)
        people_[loop].push_back(&world_.person("guest", loop));
    world_.pool.keep_history("tea", {.messages = 20});
  }

  void run() {
    std::vector<std::thread> threads;
    for (std::size_t loop = 0; loop < 2; ++loop) threads.emplace_back([this, loop] { live(loop); });
    for (std::uint64_t i = 0; i < 2; ++i) threads.emplace_back([this, i] { shout(i); });
    for (auto& thread : threads) thread.join();
  }

  World& world() { return world_; }

 private:
  /// The loop's own thread: its people come and go, claim names, and hear what was said.
  void live(std::size_t number) {
    FakeLoop& loop = *world_.loops[number];
    loop.inbox->belongs_to(std::this_thread::get_id());
    std::mt19937_64 random(seed_ + number);
    for (int round = 0; round < rounds; ++round) {
      Person& who = *people_[number][random() % people_per_loop];
      const std::string& group = groups[random() % 3];
      switch (random() % 8) {
        case 0:
        case 1: (void)world_.pool.join(group, who.address(), "guest"); break;
        case 2: (void)world_.pool.join_since(group, who.address(), {}); break;
        case 3: world_.pool.leave(group, who.address()); break;
        case 4: (void)world_.pool.track(group, who.address()); break;
        case 5: world_.pool.untrack(group, who.address()); break;
        case 6:
          world_.pool.names().claim("captain", who.address(), Conflict::replace,
                                    [](const NameAnswer&) {});
          break;
        default: world_.pool.names().release_all(who.address());
      }
      loop.turn();
    }
    for (Person* who : people_[number]) {
      who->mailbox->end();
      for (const std::string& group : groups) {
        world_.pool.leave(group, who->address());
        world_.pool.untrack(group, who->address());
      }
      world_.pool.names().release_all(who->address());
    }
    loop.turn();
    loop.inbox->belongs_to({});
  }

  /// A thread without sessions.
  void shout(std::uint64_t number) {
    const Sender sender(world_.registry, world_.pool);
    std::mt19937_64 random(seed_ + 100 + number);
    for (int round = 0; round < rounds; ++round) {
      const std::string& group = groups[random() % 3];
      switch (random() % 6) {
        case 0: (void)sender.members(group); break;
        case 1: (void)sender.send_to_name("captain", "ahoy"); break;
        case 2: (void)sender.count(group); break;
        default: (void)sender.publish(group, "hello");
      }
    }
  }

  World world_;
  const std::uint64_t seed_;
  std::vector<Person*> people_[2];
};

TEST(RegistryStress, ManyThreadsLeaveNothingBehind) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Crowd crowd(seed);
  crowd.run();
  World& world = crowd.world();
  world.turn();
  world.pool.keep_history("tea", {.messages = 0});
  EXPECT_EQ(world.pool.groups(), 0u);
  EXPECT_EQ(world.pool.names().size(), 0u);
  for (std::size_t loop = 0; loop < 2; ++loop) EXPECT_EQ(world.registry->bytes_under_way(loop), 0u);
}

/// Members of both loops hear a group's numbered messages while threads publish and they come and
/// go.
TEST(RegistryStress, WhoComesAndGoesWithAPositionHearsEachMessageOnce) {
  World world(2);
  world.pool.keep_history("tea", {.messages = 1'000'000});
  constexpr int publishers = 2;
  constexpr int each = 2000;
  std::atomic<int> publishing{publishers};
  std::vector<std::thread> threads;
  for (int i = 0; i < publishers; ++i)
    threads.emplace_back([&] {
      for (int n = 0; n < each; ++n) world.says("tea", "x");
      --publishing;
    });
  for (std::size_t loop = 0; loop < 2; ++loop)
    threads.emplace_back([&, loop] {
      FakeLoop& here = *world.loops[loop];
      here.inbox->belongs_to(std::this_thread::get_id());
      Person& who = here.person("guest");
      Position since{};
      const auto come = [&] {
        const auto joined = world.pool.join_since("tea", who.address(), since);
        ASSERT_EQ(joined.recovery.kind, Recovery::Kind::complete);
        for (const auto& missed : joined.recovery.missed) who.positions.push_back(missed.position);
        since = joined.recovery.now;
      };
      while (publishing > 0) {
        come();
        (void)here.inbox->drain(3);
        if (!who.positions.empty()) since = who.positions.back();
        world.pool.leave("tea", who.address());
      }
      come();
      here.turn();
      ASSERT_EQ(who.positions.size(), std::size_t{publishers * each});
      for (std::size_t i = 0; i < who.positions.size(); ++i)
        ASSERT_EQ(who.positions[i].offset, i + 1);
      here.inbox->belongs_to({});
    });
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace orrery::registry
