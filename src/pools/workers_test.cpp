#include "pools/workers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <memory>
#include <string>

namespace orrery::pools {
namespace {

TEST(InlineWorkers, AJobIsDoneWhenRunReturns) {
  InlineWorkers workers;
  bool done = false;
  EXPECT_TRUE(workers.run([&] { done = true; }));
  EXPECT_TRUE(done);
  EXPECT_EQ(workers.queued(), 0u);
}

TEST(InlineWorkers, ThereIsAlwaysRoomUntilTheyStop) {
  InlineWorkers workers;
  int told = 0;
  workers.on_room([&] { ++told; });
  EXPECT_EQ(told, 1);
  workers.stop();
  workers.on_room([&] { ++told; });
  EXPECT_EQ(told, 1);
  EXPECT_FALSE(workers.run([&] { ++told; }));
  EXPECT_EQ(told, 1);
}

struct Manual {
  explicit Manual(const WorkerLimits& limits = {}) : workers(limits) {}
  bool does(const std::string& what) {
    return workers.run([this, what] { done += what; });
  }
  void waits(const std::string& who) {
    workers.on_room([this, who] { told += who; });
  }
  std::string done{};
  std::string told{};
  ManualWorkers workers;
};

TEST(ManualWorkers, JobsRunInTheOrderThatTheTestLikes) {
  Manual manual;
  EXPECT_TRUE(manual.does("a"));
  EXPECT_TRUE(manual.does("b"));
  EXPECT_TRUE(manual.does("c"));
  EXPECT_EQ(manual.done, "");
  manual.workers.work_off(1);
  manual.workers.work_off(1);
  manual.workers.work_off();
  EXPECT_EQ(manual.done, "bca");
}

TEST(ManualWorkers, AJobThatIsTakenMayRunLater) {
  Manual manual;
  EXPECT_TRUE(manual.does("a"));
  EXPECT_TRUE(manual.does("b"));
  auto job = manual.workers.take(0);
  EXPECT_EQ(manual.workers.queued(), 1u);
  manual.workers.work_off();
  job();
  EXPECT_EQ(manual.done, "ba");
}

TEST(ManualWorkers, AFullQueueLeavesTheJobWithItsCaller) {
  Manual manual({.threads = 1, .queue = 1});
  EXPECT_TRUE(manual.does("a"));
  EXPECT_TRUE(manual.does("b"));
  Function<void()> job = [&] { manual.done += "c"; };
  EXPECT_FALSE(manual.workers.run(std::move(job)));
  ASSERT_TRUE(job);  // NOLINT: it was not taken
  manual.workers.work_off();
  EXPECT_TRUE(manual.workers.run(std::move(job)));
  manual.workers.work_off(1);
  EXPECT_EQ(manual.done, "ac");
}

TEST(ManualWorkers, WhoWaitsForRoomIsToldOnceAndInTurn) {
  Manual manual({.threads = 1, .queue = 2});
  manual.waits("now");
  EXPECT_EQ(manual.told, "now");
  for (const char* what : {"a", "b", "c"}) EXPECT_TRUE(manual.does(what));
  manual.waits(" first");
  manual.waits(" second");
  EXPECT_EQ(manual.told, "now");
  manual.workers.work_off();
  EXPECT_EQ(manual.told, "now first");
  EXPECT_TRUE(manual.does("d"));
  manual.workers.work_off();
  EXPECT_EQ(manual.told, "now first second");
}

TEST(ManualWorkers, NobodyIsForgottenWhenTheLastJobIsDone) {
  Manual manual({.threads = 1, .queue = 0});
  EXPECT_TRUE(manual.does("a"));
  for (const char* who : {"1", "2", "3"}) manual.waits(who);
  manual.workers.work_off();
  EXPECT_EQ(manual.told, "123") << "the first may not need the room any more";
}

TEST(ManualWorkers, WhoIsToldMayComeAtOnceAndWaitAgain) {
  Manual manual({.threads = 1, .queue = 0});
  EXPECT_TRUE(manual.does("a"));
  manual.workers.on_room([&] { EXPECT_TRUE(manual.does("b")); });
  manual.workers.on_room([&] {
    EXPECT_FALSE(manual.does("c"));
    manual.waits("again");
  });
  manual.workers.work_off();
  EXPECT_EQ(manual.told, "");
  manual.workers.work_off();
  EXPECT_EQ(manual.done, "ab");
  EXPECT_EQ(manual.told, "again");
}

TEST(ManualWorkers, HigherLimitsMakeRoomAndLowerOnesTakeNothingAway) {
  Manual manual({.threads = 1, .queue = 1});
  EXPECT_TRUE(manual.does("a"));
  EXPECT_TRUE(manual.does("b"));
  manual.waits("told");
  manual.workers.set_limits({.threads = 1, .queue = 2});
  EXPECT_EQ(manual.told, "told");
  manual.workers.set_limits({.threads = 1, .queue = 0});
  EXPECT_EQ(manual.workers.queued(), 2u);
  EXPECT_FALSE(manual.does("c"));
  manual.workers.work_off();
  EXPECT_FALSE(manual.does("c"));
  manual.workers.work_off();
  EXPECT_TRUE(manual.does("c"));
}

TEST(ManualWorkers, AtStopJobsAreDestroyedAndNobodyIsTold) {
  Manual manual({.threads = 1, .queue = 0});
  const auto captured = std::make_shared<int>(1);
  EXPECT_TRUE(manual.workers.run([captured] { FAIL() << "it was never begun"; }));
  manual.workers.on_room([captured] { FAIL() << "there is no room in what has stopped"; });
  manual.workers.stop();
  EXPECT_EQ(captured.use_count(), 1);
  EXPECT_EQ(manual.workers.queued(), 0u);
  EXPECT_FALSE(manual.does("late"));
}

TEST(WorkerLimits, NoThreadsMeansOneAndNoBoundIsABound) {
  EXPECT_EQ((WorkerLimits{.threads = 0, .queue = 3}).jobs(), 4u);
  const auto most = std::numeric_limits<std::size_t>::max();
  EXPECT_EQ((WorkerLimits{.threads = 2, .queue = most}).jobs(), most);
  EXPECT_EQ((WorkerLimits{.threads = most, .queue = most}).jobs(), most);
}

}  // namespace
}  // namespace orrery::pools
