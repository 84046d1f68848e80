#include "pools/pool_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <latch>
#include <string>

#include "pools/storm.h"
#include "pools/thread_workers.h"

namespace orrery::pools {
namespace {

using testing::ElementsAre;

struct Table : PoolTable {
  explicit Table(const std::map<std::string, PoolLimits>& configured = {})
      : PoolTable(configured, [](const WorkerLimits& limits) {
          return std::make_unique<ManualWorkers>(limits);
        }) {}
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const Pool* pool : all()) names.push_back(pool->name());
    return names;
  }
};

TEST(PoolTable, AGearsPoolComesIntoBeingOnFirstUse) {
  Table table;
  EXPECT_THAT(table.names(), ElementsAre());
  Pool* pool = table.find("gear:chat", "chat");
  ASSERT_NE(pool, nullptr);
  EXPECT_EQ(pool->name(), "gear:chat");
  EXPECT_EQ(pool->session_limit(), PoolLimits{}.sessions);
  EXPECT_EQ(table.find("gear:chat", "chat"), pool);
}

TEST(PoolTable, AGearsPoolIsItsOwnAlone) {
  Table table({{"gear:chat", {.gears = {"echo"}}}});
  EXPECT_EQ(table.find("gear:chat", "echo"), nullptr);
  EXPECT_EQ(table.find("gear:other", "echo"), nullptr);
  EXPECT_NE(table.find("gear:chat", "chat"), nullptr);
}

TEST(PoolTable, AConfiguredGearHasItsConfiguredLimits) {
  Table table({{"gear:chat", {.sessions = 5, .memory_bytes = 77}}});
  const Pool* pool = table.find("gear:chat", "chat");
  EXPECT_EQ(pool->session_limit(), 5u);
  EXPECT_EQ(pool->ledger()->limit_bytes(), 77u);
}

TEST(PoolTable, ATenantIsUnknownUntilItIsConfigured) {
  Table table;
  EXPECT_EQ(table.find("tenant:acme", "chat"), nullptr);
  table.set("tenant:acme", {.gears = {"chat"}});
  EXPECT_NE(table.find("tenant:acme", "chat"), nullptr);
}

TEST(PoolTable, ATenantIsForTheGearsThatAreNamed) {
  Table table({{"tenant:acme", {.gears = {"chat", "feed"}}}, {"tenant:none", {}}});
  EXPECT_NE(table.find("tenant:acme", "chat"), nullptr);
  EXPECT_EQ(table.find("tenant:acme", "chat"), table.find("tenant:acme", "feed"));
  EXPECT_EQ(table.find("tenant:acme", "echo"), nullptr);
  EXPECT_EQ(table.find("tenant:none", "chat"), nullptr);
  EXPECT_EQ(table.find("tenant:acme", ""), nullptr);
}

TEST(PoolTable, WhatIsNoPoolsNameIsNeverFoundAndNeverMade) {
  Table table({{"acme", {.gears = {"chat"}}}});
  for (const char* name : {"acme", "", "gear:", "tenant:", "Gear:chat", "gear"}) {
    EXPECT_FALSE(is_pool_name(name)) << name;
    EXPECT_EQ(table.set(name, {}), nullptr) << name;
    EXPECT_EQ(table.close(name), nullptr) << name;
    EXPECT_EQ(table.find(name, "chat"), nullptr) << name;
    EXPECT_EQ(table.find(name, ""), nullptr) << name;
  }
  EXPECT_THAT(table.names(), ElementsAre());
}

TEST(PoolTable, NewLimitsActOnThePoolThatIsThere) {
  Table table({{"tenant:acme", {.sessions = 1, .gears = {"chat"}}}});
  Pool* pool = table.find("tenant:acme", "chat");
  const Permit first = pool->try_enter();
  EXPECT_FALSE(pool->try_enter());
  EXPECT_EQ(table.set("tenant:acme", {.sessions = 2, .gears = {"feed"}}), pool);
  const Permit second = pool->try_enter();
  EXPECT_TRUE(second);
  EXPECT_EQ(table.find("tenant:acme", "chat"), nullptr) << "it may not use it any more";
  EXPECT_EQ(table.find("tenant:acme", "feed"), pool);
  table.set("tenant:acme", {.sessions = 0, .memory_bytes = 3, .gears = {"feed"}});
  EXPECT_EQ(pool->sessions(), 2u);
  EXPECT_EQ(pool->ledger()->limit_bytes(), 3u);
}

TEST(PoolTable, NewLimitsMakeRoomForWorkersAndWhoIsToldMayLookIntoTheTable) {
  Table table;
  Workers& workers = table.set("gear:chat", {.workers = 1, .worker_queue = 0})->workers();
  ASSERT_TRUE(workers.run([] {}));
  const Pool* seen = nullptr;
  workers.on_room([&] { seen = table.find("gear:chat", "chat"); });
  EXPECT_EQ(seen, nullptr);
  table.set("gear:chat", {.workers = 2, .worker_queue = 0});
  EXPECT_EQ(seen, table.find_any("gear:chat"));
}

TEST(PoolTable, AClosedPoolIsNotFoundAndLetsNobodyIn) {
  Table table;
  Pool* pool = table.find("gear:chat", "chat");
  const Permit before = pool->try_enter();
  EXPECT_EQ(table.close("gear:chat"), pool);
  EXPECT_EQ(table.find("gear:chat", "chat"), nullptr);
  EXPECT_EQ(table.find_any("gear:chat"), pool);
  EXPECT_FALSE(pool->try_enter());
  EXPECT_TRUE(pool->closed());
  EXPECT_EQ(pool->sessions(), 1u) << "to close them is the server's";
}

TEST(PoolTable, AGearsPoolCanBeClosedBeforeItWasUsed) {
  Table table;
  EXPECT_NE(table.close("gear:chat"), nullptr);
  EXPECT_EQ(table.find("gear:chat", "chat"), nullptr);
  EXPECT_EQ(table.close("tenant:nobody"), nullptr);
}

TEST(PoolTable, AClosedPoolThatIsSetIsOpenAgain) {
  Table table;
  Pool* pool = table.find("gear:chat", "chat");
  table.close("gear:chat");
  EXPECT_EQ(table.set("gear:chat", {}), pool);
  EXPECT_EQ(table.find("gear:chat", "chat"), pool);
  EXPECT_TRUE(pool->try_enter());
}

TEST(PoolTable, AllAreThereByNameAndNumbered) {
  Table table({{"tenant:b", {}}, {"tenant:a", {}}});
  EXPECT_NE(table.find("gear:z", "z"), nullptr);
  EXPECT_THAT(table.names(), ElementsAre("gear:z", "tenant:a", "tenant:b"));
  std::vector<std::size_t> numbers;
  for (const Pool* pool : table.all()) numbers.push_back(pool->number());
  EXPECT_THAT(numbers, testing::UnorderedElementsAre(0, 1, 2));
}

TEST(PoolTable, OnceItStopsNoWorkerTakesAJob) {
  Table table;
  Pool* before = table.find("gear:a", "a");
  table.stop();
  Pool* after = table.find("gear:b", "b");
  EXPECT_FALSE(before->workers().run([] {}));
  EXPECT_FALSE(after->workers().run([] {}));
}

TEST(PoolTable, AJobMayLookIntoTheTableWhileItStops) {
  PoolTable table(
      {}, [](const WorkerLimits& limits) { return std::make_unique<ThreadWorkers>(limits); });
  std::latch begun(1);
  std::atomic<Pool*> seen{nullptr};
  ASSERT_TRUE(table.find("gear:a", "a")->workers().run([&] {
    begun.count_down();
    seen = table.find("gear:b", "b");
  }));
  begun.wait();
  table.stop();
  EXPECT_EQ(seen, table.find_any("gear:b"));
}

TEST(PoolTableInAStorm, AllFindTheSamePoolOfAGear) {
  PoolTable table(
      {}, [](const WorkerLimits& limits) { return std::make_unique<ThreadWorkers>(limits); });
  std::array<std::array<Pool*, 50>, 8> found{};
  storm(8, [&](std::size_t index) {
    for (std::size_t i = 0; i < 50; ++i) {
      const auto gear = "g" + std::to_string(i);
      found[index][i] = table.find("gear:" + gear, gear);
      table.set("tenant:t", {.sessions = index, .gears = {gear}});
      if (Pool* tenant = table.find("tenant:t", gear)) (void)tenant->session_limit();
    }
  });
  for (std::size_t index = 1; index < 8; ++index) EXPECT_EQ(found[index], found[0]);
  EXPECT_EQ(table.all().size(), 51u);
}

}  // namespace
}  // namespace orrery::pools
