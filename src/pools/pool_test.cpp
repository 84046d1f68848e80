#include "pools/pool.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "pools/loop_accounts.h"
#include "pools/pool_table.h"
#include "pools/storm.h"

namespace orrery::pools {
namespace {

WorkersFactory manual_workers() {
  return [](const WorkerLimits& limits) { return std::make_unique<ManualWorkers>(limits); };
}

struct OnePool {
  explicit OnePool(const PoolLimits& limits)
      : table({{"gear:chat", limits}}, manual_workers()), pool(*table.find_any("gear:chat")) {}
  PoolTable table;
  Pool& pool;
};

TEST(Pool, CountsItsSessionsAndWhomItRejects) {
  OnePool one({.sessions = 2});
  const Permit first = one.pool.try_enter();
  Permit second = one.pool.try_enter();
  EXPECT_FALSE(one.pool.try_enter());
  EXPECT_FALSE(one.pool.try_enter());
  EXPECT_EQ(one.pool.sessions(), 2u);
  EXPECT_EQ(one.pool.rejected(), 2u);
  second.release();
  EXPECT_EQ(one.pool.sessions(), 1u);
  EXPECT_EQ(first.giver(), &one.pool);
  EXPECT_EQ(sizeof(Permit), sizeof(void*));
}

TEST(Pool, WithoutMemoryNewcomersAreRejectedAndWhoIsInStays) {
  OnePool one({.memory_bytes = 1'000});
  LoopAccounts loop;
  const Permit in = one.pool.try_enter();
  ASSERT_TRUE(loop.of(one.pool).charge(990));
  EXPECT_FALSE(one.pool.try_enter());
  EXPECT_EQ(one.pool.sessions(), 1u);
  EXPECT_EQ(one.pool.rejected(), 1u);
  loop.of(one.pool).release(990);
  EXPECT_TRUE(one.pool.try_enter());
}

TEST(Pool, TenThousandRefusalsLeaveEveryPlaceFree) {
  OnePool one({.sessions = 3});
  {
    std::vector<Permit> in;
    for (int i = 0; i < 3; ++i) in.push_back(one.pool.try_enter());
    for (int i = 0; i < 10'000; ++i) ASSERT_FALSE(one.pool.try_enter());
  }
  EXPECT_EQ(one.pool.sessions(), 0u);
  EXPECT_EQ(one.pool.rejected(), 10'000u);
}

TEST(PoolInAStorm, EveryNewcomerIsEitherInOrRejected) {
  OnePool one({.sessions = 100});
  std::vector<std::vector<Permit>> in(8);
  storm(8, [&](std::size_t index) {
    for (int i = 0; i < 1'000; ++i)
      if (Permit permit = one.pool.try_enter()) in[index].push_back(std::move(permit));
  });
  EXPECT_EQ(one.pool.sessions(), 100u);
  EXPECT_EQ(one.pool.rejected(), 7'900u);
}

TEST(LoopAccounts, EachPoolHasItsOwnAccountWhichStaysInPlace) {
  PoolTable table({{"tenant:a", {}}, {"tenant:b", {}}}, manual_workers());
  LoopAccounts loop;
  LoopAccount& b = loop.of(*table.find_any("tenant:b"));
  LoopAccount& a = loop.of(*table.find_any("tenant:a"));
  EXPECT_NE(&a, &b);
  EXPECT_EQ(&loop.of(*table.find_any("tenant:b")), &b);
  ASSERT_TRUE(a.charge(7));
  loop.settle();
  EXPECT_EQ(table.find_any("tenant:a")->ledger()->lent_bytes(), 7u);
  EXPECT_EQ(table.find_any("tenant:b")->ledger()->lent_bytes(), 0u);
  a.release(7);
}

}  // namespace
}  // namespace orrery::pools
