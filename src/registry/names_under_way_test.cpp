// Claims whose answer is under way: what happens meanwhile, and when it comes too late.
#include <gtest/gtest.h>

#include <deque>

#include "registry/bus_local.h"
#include "registry/name_store_local.h"
#include "registry/registry_fixture.h"

namespace orrery::registry {
namespace {

/// A store whose answers to create() wait until they are let through; some get lost.
class SlowStore final : public NameStore {
 public:
  explicit SlowStore(std::shared_ptr<NameStore> behind) : behind_(std::move(behind)) {}

  void start(Function<void(std::uint64_t)> lease_lost) override {
    behind_->start(std::move(lease_lost));
  }
  void leave() override { behind_->leave(); }
  void create(const PoolKey& key, ClaimId id, Function<void(const Created&)> done) override {
    ids.push_back(id);
    behind_->create(key, id, [&](const Created& answer) {
      const Created said = lost_answers-- > 0 ? Created{Created::Kind::unavailable} : answer;
      answers_.push_back([done = std::move(done), said]() mutable { done(said); });
    });
  }
  void remove(const PoolKey& key, Revision revision, Function<void(Removed)> done) override {
    behind_->remove(key, revision, std::move(done));
  }
  void read(const PoolKey& key, Function<void(const Found&)> done) override {
    behind_->read(key, std::move(done));
  }
  std::optional<std::uint64_t> life() const override { return behind_->life(); }
  const std::string& node() const override { return behind_->node(); }
  bool after(milliseconds, Function<void()> then) override {
    later_.push_back(std::move(then));
    return true;
  }

  void answer() {
    for (auto answers = std::exchange(answers_, {}); auto& each : answers) each();
  }
  void pass_time() {
    for (auto later = std::exchange(later_, {}); auto& each : later) each();
  }

  std::vector<ClaimId> ids{};
  int lost_answers = 0;

 private:
  const std::shared_ptr<NameStore> behind_;
  std::deque<Function<void()>> answers_;
  std::deque<Function<void()>> later_;
};

struct Slowly {
  Slowly() {
    registry->add_loop(loop.door, loop);
    alice = &loop.person("alice");
    bob = &loop.person("bob");
  }
  Names& names() { return pool.names(); }

  ManualClock clock;
  SeededRandom random{9};
  std::shared_ptr<LocalNameHub> hub = LocalNameHub::make();
  std::shared_ptr<SlowStore> store = std::make_shared<SlowStore>(hub->join("here"));
  FakeLoop loop{0};
  std::shared_ptr<Registry> registry =
      Registry::make({clock, random, store, LocalBusHub::make()->join("here"), {}});
  Scope& pool = registry->scope("gear:chat");
  Person* alice;
  Person* bob;
};

TEST(NamesUnderWay, WhoEndsBeforeItsClaimIsWonGivesItBackAtOnce) {
  Slowly world;
  claim(world.pool, *world.alice, "captain");
  world.alice->mailbox->end();
  world.names().release_all(world.alice->address());
  world.store->answer();
  EXPECT_EQ(world.alice->heard, Transcript{"captain: unavailable"});
  EXPECT_EQ(world.names().size(), 0u);
  claim(world.pool, *world.bob, "captain");
  world.store->answer();
  EXPECT_EQ(world.bob->heard, Transcript{"captain: registered"});
}

TEST(NamesUnderWay, AReleasedClaimIsAnsweredAndTheNextOneInLineGetsTheName) {
  Slowly world;
  claim(world.pool, *world.alice, "captain");
  claim(world.pool, *world.bob, "captain");
  EXPECT_EQ(world.names().release("captain", world.alice->address()), NameReleased::released);
  EXPECT_EQ(world.alice->heard, Transcript{"captain: unavailable"});
  world.store->answer();
  world.store->answer();
  EXPECT_EQ(world.bob->heard, Transcript{"captain: registered"});
  EXPECT_EQ(world.alice->heard.size(), 1u);
}

TEST(NamesUnderWay, WhoWaitsInLineIsAnsweredOnlyWhenItIsClear) {
  Slowly world;
  claim(world.pool, *world.alice, "captain");
  claim(world.pool, *world.bob, "captain");
  EXPECT_EQ(world.bob->heard, Transcript{});
  world.store->answer();
  EXPECT_EQ(world.alice->heard, Transcript{"captain: registered"});
  EXPECT_EQ(world.bob->heard, Transcript{"captain: taken on here"});
}

TEST(NamesUnderWay, ALostAnswerIsAskedForAgainWithTheSameClaim) {
  Slowly world;
  world.store->lost_answers = 2;
  claim(world.pool, *world.alice, "captain");
  for (int i = 0; i < 3; ++i) {
    world.store->answer();
    world.store->pass_time();
  }
  EXPECT_EQ(world.alice->heard, Transcript{"captain: registered"});
  ASSERT_EQ(world.store->ids.size(), 3u);
  EXPECT_EQ(world.store->ids[0], world.store->ids[2]);
}

TEST(NamesUnderWay, AClaimThatWasGivenUpButWentThroughIsRemovedWhenItTurnsUp) {
  Slowly world;
  world.store->lost_answers = 1000;
  claim(world.pool, *world.alice, "captain");
  for (world.store->answer(); world.alice->heard.empty(); world.store->answer())
    world.store->pass_time();
  EXPECT_EQ(world.alice->heard, Transcript{"captain: unavailable"});
  const auto other = world.hub->join("there");
  other->start([](std::uint64_t) {});
  const auto there = [&] {
    bool held = false;
    other->read({"gear:chat", "captain"},
                [&](const Found& found) { held = found.kind == Found::Kind::held; });
    return held;
  };
  EXPECT_TRUE(there()) << "all that was lost were the answers";
  world.store->pass_time();
  EXPECT_FALSE(there());
}

TEST(NamesUnderWay, WhatWasWonInALifeThatHasEndedIsNotConfirmed) {
  Slowly world;
  claim(world.pool, *world.alice, "captain");
  world.hub->expire("here");
  const auto other = world.hub->join("there");
  other->start([](std::uint64_t) {});
  Created::Kind theirs = Created::Kind::unavailable;
  other->create({"gear:chat", "captain"}, {1, 1},
                [&](const Created& answer) { theirs = answer.kind; });
  EXPECT_EQ(theirs, Created::Kind::created);
  for (int i = 0; i < 2; ++i) {
    world.store->answer();
    world.store->pass_time();
  }
  EXPECT_EQ(world.alice->heard, Transcript{"captain: taken on there"});
}

}  // namespace
}  // namespace orrery::registry
