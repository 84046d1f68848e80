#include "pools/thread_workers.h"

#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <latch>
#include <memory>
#include <semaphore>
#include <thread>
#include <vector>

#include "pools/storm.h"

namespace orrery::pools {
namespace {

// Jobs that stay inside until the gate opens.
struct Gate {
  [[nodiscard]] Function<void()> job() {
    return [this] {
      begun.release();
      open.wait();
      ++done;
    };
  }
  void wait_for_begun(int jobs) {
    for (int i = 0; i < jobs; ++i) begun.acquire();
  }
  std::counting_semaphore<> begun{0};
  std::latch open{1};
  std::atomic<int> done{0};
};

TEST(ThreadWorkers, WithoutAJobThereIsNoThread) {
  ThreadWorkers workers({.threads = 4, .queue = 10});
  EXPECT_EQ(workers.threads(), 0u);
  std::latch done(1);
  ASSERT_TRUE(workers.run([&] { done.count_down(); }));
  done.wait();
  EXPECT_EQ(workers.threads(), 1u);
  workers.stop();  // before what its jobs look at goes
}

TEST(ThreadWorkers, AJobRunsOnAnotherThread) {
  ThreadWorkers workers({.threads = 1, .queue = 1});
  std::thread::id where;
  std::latch done(1);
  ASSERT_TRUE(workers.run([&] {
    where = std::this_thread::get_id();
    done.count_down();
  }));
  done.wait();
  EXPECT_NE(where, std::this_thread::get_id());
  workers.stop();  // before what its jobs look at goes
}

TEST(ThreadWorkers, JobsRunInParallelUpToTheNumberOfThreads) {
  ThreadWorkers workers({.threads = 3, .queue = 10});
  std::barrier together(3);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(workers.run([&] { together.arrive_and_wait(); }));
  std::latch done(1);
  ASSERT_TRUE(workers.run([&] { done.count_down(); }));
  done.wait();
  EXPECT_EQ(workers.threads(), 3u);
  workers.stop();  // before what its jobs look at goes
}

TEST(ThreadWorkers, TheQueueFillsExactlyAndDrains) {
  ThreadWorkers workers({.threads = 2, .queue = 3});
  Gate gate;
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(workers.run(gate.job())) << i;
  Function<void()> sixth = gate.job();
  EXPECT_FALSE(workers.run(std::move(sixth)));
  ASSERT_TRUE(sixth);  // NOLINT: it was not taken
  gate.wait_for_begun(2);
  EXPECT_EQ(workers.queued(), 3u);
  EXPECT_FALSE(workers.run(std::move(sixth)));

  std::latch room(1);
  workers.on_room([&] { room.count_down(); });
  EXPECT_FALSE(room.try_wait());
  gate.open.count_down();
  room.wait();
  ASSERT_TRUE(workers.run(std::move(sixth)));
  gate.wait_for_begun(4);
  workers.stop();
  EXPECT_EQ(gate.done, 6);
}

TEST(ThreadWorkers, WithRoomWhoAsksIsToldAtOnce) {
  ThreadWorkers workers({.threads = 1, .queue = 0});
  bool told = false;
  workers.on_room([&] { told = true; });
  EXPECT_TRUE(told);
  workers.stop();  // before what its jobs look at goes
}

TEST(ThreadWorkers, AllWhoWaitAreToldWhenNothingIsLeftToDo) {
  ThreadWorkers workers({.threads = 1, .queue = 0});
  Gate gate;
  ASSERT_TRUE(workers.run(gate.job()));
  std::latch told(3);
  for (int i = 0; i < 3; ++i) workers.on_room([&] { told.count_down(); });
  gate.open.count_down();
  told.wait();
  workers.stop();  // before what its jobs look at goes
}

TEST(ThreadWorkers, WhatAJobCapturedIsGoneBeforeItsPlaceIsFree) {
  ThreadWorkers workers({.threads = 1, .queue = 0});
  Gate gate;
  const auto captured = std::make_shared<int>(1);
  ASSERT_TRUE(workers.run([&gate, captured] { gate.open.wait(); }));
  std::latch told(1);
  long uses = 0;
  workers.on_room([&] {
    uses = captured.use_count();
    told.count_down();
  });
  gate.open.count_down();
  told.wait();
  EXPECT_EQ(uses, 1);
  workers.stop();  // before what its jobs look at goes
}

TEST(ThreadWorkers, StopWaitsForTheJobThatRunsAndDestroysThoseThatWait) {
  ThreadWorkers workers({.threads = 1, .queue = 5});
  const auto captured = std::make_shared<int>(1);
  std::latch begun(1);
  std::latch queue_filled(1);
  std::latch last_waiting_gone(1);
  struct TellsItsEnd {
    explicit TellsItsEnd(std::latch& latch) : gone(latch) {}
    ~TellsItsEnd() { gone.count_down(); }
    std::latch& gone;
  };
  std::atomic<bool> stopped{false};
  bool was_waited_for = false;
  ASSERT_TRUE(workers.run([&] {
    begun.count_down();
    queue_filled.wait();
    while (workers.queued() != 0) std::this_thread::yield();  // until stop() has begun
    was_waited_for = !stopped;
  }));
  begun.wait();
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(workers.run([captured] { FAIL() << "it was never begun"; }));
  ASSERT_TRUE(workers.run([end = std::make_unique<TellsItsEnd>(last_waiting_gone)] {}));
  queue_filled.count_down();
  workers.stop();
  stopped = true;
  EXPECT_TRUE(was_waited_for);
  EXPECT_EQ(captured.use_count(), 1);
  EXPECT_TRUE(last_waiting_gone.try_wait());
  EXPECT_EQ(workers.threads(), 0u);
  EXPECT_FALSE(workers.run([] { FAIL() << "they have stopped"; }));
  workers.on_room([] { FAIL() << "there is no room in what has stopped"; });
}

TEST(ThreadWorkers, WhatAJobCapturedMayAskForTheQueueWhileItEnds) {
  ThreadWorkers workers({.threads = 1, .queue = 1});
  std::latch asked(1);
  const auto ask = [&](const int* number) {
    EXPECT_EQ(workers.queued(), 0u);
    delete number;
    asked.count_down();
  };
  ASSERT_TRUE(workers.run([captured = std::shared_ptr<const int>(new int(1), ask)] {}));
  asked.wait();
  workers.stop();  // before what its jobs look at goes
}

TEST(ThreadWorkers, TheyMayBeStoppedTwiceAndByTwoAtOnce) {
  ThreadWorkers workers({.threads = 2, .queue = 5});
  Gate gate;
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(workers.run(gate.job()));
  gate.wait_for_begun(2);
  gate.open.count_down();
  storm(2, [&](std::size_t) {
    workers.stop();
    EXPECT_EQ(gate.done, 2);
  });
  workers.stop();
}

TEST(ThreadWorkers, MoreThreadsTakeWhatWaits) {
  ThreadWorkers workers({.threads = 1, .queue = 5});
  std::barrier together(3);
  std::latch done(3);
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(workers.run([&] {
      together.arrive_and_wait();
      done.count_down();
    }));
  workers.set_limits({.threads = 3, .queue = 5});
  done.wait();
  workers.stop();  // before what its jobs look at goes
}

TEST(ThreadWorkers, FewerThreadsEndTheOthersAndDoTheRest) {
  ThreadWorkers workers({.threads = 4, .queue = 200});
  Gate gate;
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(workers.run(gate.job()));
  gate.wait_for_begun(4);
  Watermark inside(1);
  std::latch done(100);
  workers.set_limits({.threads = 1, .queue = 200});
  for (int i = 0; i < 100; ++i)
    ASSERT_TRUE(workers.run([&] {
      inside.enter();
      inside.leave();
      done.count_down();
    }));
  gate.open.count_down();
  done.wait();
  EXPECT_FALSE(inside.exceeded());
  EXPECT_EQ(workers.threads(), 1u);
  workers.stop();  // before what its jobs look at goes
}

TEST(ThreadWorkers, ALongerQueueTellsWhoWaits) {
  ThreadWorkers workers({.threads = 1, .queue = 0});
  Gate gate;
  ASSERT_TRUE(workers.run(gate.job()));
  bool told = false;
  workers.on_room([&] { told = true; });
  EXPECT_FALSE(told);
  workers.set_limits({.threads = 1, .queue = 1});
  EXPECT_TRUE(told);
  EXPECT_TRUE(workers.run([] {}));
  EXPECT_FALSE(workers.run([] {}));
  gate.open.count_down();
  workers.stop();  // before what its jobs look at goes
}

TEST(ThreadWorkers, AJobMayHandOverAnother) {
  ThreadWorkers workers({.threads = 1, .queue = 1});
  std::latch done(1);
  ASSERT_TRUE(workers.run([&] { EXPECT_TRUE(workers.run([&] { done.count_down(); })); }));
  done.wait();
  workers.stop();  // before what its jobs look at goes
}

TEST(ThreadWorkersInAStorm, EveryJobThatWasTakenRunsOnceAndNobodyWaitsForever) {
  ThreadWorkers workers({.threads = 3, .queue = 2});
  Watermark inside(3);
  std::atomic<int> done{0};
  storm(4, [&](std::size_t) {
    for (int i = 0; i < 2'000; ++i) {
      Function<void()> job = [&] {
        inside.enter();
        ++done;
        inside.leave();
      };
      while (!workers.run(std::move(job))) {
        std::binary_semaphore room{0};
        workers.on_room([&] { room.release(); });
        room.acquire();
      }
    }
  });
  std::latch idle(1);
  Function<void()> last = [&] { idle.count_down(); };
  while (!workers.run(std::move(last))) std::this_thread::yield();
  idle.wait();
  workers.set_limits({.threads = 1, .queue = 0});
  while (!workers.run([] {})) std::this_thread::yield();  // now all others are done
  EXPECT_EQ(done, 8'000);
  EXPECT_FALSE(inside.exceeded());
  workers.stop();  // before what its jobs look at goes
}

TEST(ThreadWorkersInAStorm, LimitsMayChangeAllTheTime) {
  std::atomic<int> taken{0};
  std::atomic<int> done{0};
  ThreadWorkers workers({.threads = 2, .queue = 50});
  storm(3, [&](std::size_t index) {
    for (std::size_t i = 0; i < 1'000; ++i) {
      if (index == 0)
        workers.set_limits({.threads = i % 4, .queue = i % 7});
      else if (workers.run([&] { ++done; }))
        ++taken;
    }
  });
  workers.set_limits({.threads = 1, .queue = 0});
  while (!workers.run([] {})) std::this_thread::yield();
  EXPECT_EQ(done, taken);
  workers.stop();  // before what its jobs look at goes
}

TEST(ThreadWorkersInAStorm, AStopInTheMiddleLosesNoCapture) {
  const auto captured = std::make_shared<int>(1);
  for (int round = 0; round < 30; ++round) {
    ThreadWorkers workers({.threads = 2, .queue = 8});
    storm(3, [&](std::size_t index) {
      if (index == 0) return workers.stop();
      for (int i = 0; i < 100; ++i)
        if (!workers.run([captured] {})) workers.on_room([captured] {});
    });
  }
  EXPECT_EQ(captured.use_count(), 1);
}

}  // namespace
}  // namespace orrery::pools
