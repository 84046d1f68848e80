#include "pools/hold_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <string>
#include <utility>
#include <vector>

#include "pools/storm.h"
#include "pools/watchdog_thread.h"

namespace orrery::pools {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

// Two loops and a watch that looks every 25 ms of a clock that only the test moves.
struct Watched {
  explicit Watched(milliseconds budget = 100ms)
      : watch({&loops[0], &loops[1]}, budget, [this](const HeldLoop& held) {
          reports.push_back("loop " + std::to_string(held.loop) + " " + std::string(held.gear) +
                            " " + std::string(held.route) + " " +
                            std::to_string(held.held.count()) + " ms");
        }) {}
  void looks_for(milliseconds time) {
    for (; time > 0ms; time -= HoldWatch::look_every) {
      clock.advance(HoldWatch::look_every);
      watch.look(clock.now());
    }
  }
  const CallbackOrigin chat{"chat", "/rooms/:room"};
  const CallbackOrigin echo{"echo", "/echo"};
  Holding loops[2];
  std::vector<std::string> reports{};
  ManualClock clock{};
  HoldWatch watch;
};

TEST(HoldWatch, ALongCallbackIsReportedWhileItHappens) {
  Watched watched;
  const Holding::Callback callback(watched.loops[1], watched.chat);
  watched.looks_for(100ms);
  EXPECT_THAT(watched.reports, ElementsAre());
  watched.looks_for(25ms);
  EXPECT_THAT(watched.reports, ElementsAre("loop 1 chat /rooms/:room 100 ms"));
}

TEST(HoldWatch, AShortCallbackIsNot) {
  Watched watched;
  for (int i = 0; i < 100; ++i) {
    {
      const Holding::Callback callback(watched.loops[0], watched.chat);
      watched.looks_for(75ms);
    }
    watched.looks_for(50ms);
  }
  EXPECT_THAT(watched.reports, ElementsAre());
}

TEST(HoldWatch, ManyShortCallbacksAreNotOneLongOne) {
  Watched watched;
  for (int i = 0; i < 100; ++i) {
    const Holding::Callback callback(watched.loops[0], watched.chat);
    watched.looks_for(25ms);
  }
  EXPECT_THAT(watched.reports, ElementsAre());
}

TEST(HoldWatch, AnIdleLoopIsNeverReported) {
  Watched watched;
  { const Holding::Callback callback(watched.loops[0], watched.chat); }
  watched.looks_for(60s);
  EXPECT_THAT(watched.reports, ElementsAre());
}

TEST(HoldWatch, ACallbackThatDoesNotEndIsReportedEveryTenSeconds) {
  Watched watched;
  const Holding::Callback callback(watched.loops[0], watched.echo);
  watched.looks_for(20'300ms);
  EXPECT_THAT(watched.reports, ElementsAre("loop 0 echo /echo 100 ms", "loop 0 echo /echo 10100 ms",
                                           "loop 0 echo /echo 20100 ms"));
}

TEST(HoldWatch, ManyLongCallbacksOfALoopAreReportedOnceInTenSeconds) {
  Watched watched;
  for (int i = 0; i < 50; ++i) {
    const Holding::Callback callback(watched.loops[0], i == 0 ? watched.chat : watched.echo);
    watched.looks_for(200ms);
  }
  EXPECT_THAT(watched.reports, ElementsAre("loop 0 chat /rooms/:room 100 ms"));
  const Holding::Callback callback(watched.loops[0], watched.echo);
  watched.looks_for(200ms);
  EXPECT_EQ(watched.reports.size(), 2u);
}

TEST(HoldWatch, EachLoopIsReportedForItself) {
  Watched watched;
  const Holding::Callback one(watched.loops[0], watched.chat);
  const Holding::Callback other(watched.loops[1], watched.echo);
  watched.looks_for(500ms);
  EXPECT_THAT(watched.reports,
              ElementsAre("loop 0 chat /rooms/:room 100 ms", "loop 1 echo /echo 100 ms"));
}

TEST(HoldWatch, TheBudgetMayChangeAndZeroIsSilent) {
  Watched watched(0ms);
  const Holding::Callback callback(watched.loops[0], watched.chat);
  watched.looks_for(60s);
  EXPECT_THAT(watched.reports, ElementsAre());
  watched.watch.set_budget(1s);
  watched.looks_for(25ms);
  EXPECT_EQ(watched.reports.size(), 1u);
}

// Moves by one look whenever it is asked.
class RunningClock final : public Clock {
 public:
  [[nodiscard]] Time now() const override {
    clock_.advance(HoldWatch::look_every);
    return clock_.now();
  }
  [[nodiscard]] std::chrono::system_clock::time_point calendar() const override {
    return clock_.calendar();
  }

 private:
  mutable ManualClock clock_{};
};

TEST(WatchdogThread, LooksByItself) {
  const CallbackOrigin origin{"chat", "/chat"};
  Holding loop;
  std::promise<std::string> told;
  HoldWatch watch({&loop}, 100ms, [&, once = true](const HeldLoop& held) mutable {
    if (std::exchange(once, false)) told.set_value(std::string(held.route));
  });
  const RunningClock clock;
  const Holding::Callback callback(loop, origin);
  WatchdogThread watchdog(watch, clock, 1ms);
  EXPECT_EQ(told.get_future().get(), "/chat");
}

TEST(WatchdogThread, AStopDoesNotWaitForTheNextLook) {
  Holding loop;
  HoldWatch watch({&loop}, 100ms, [](const HeldLoop&) { FAIL() << "nothing was held"; });
  const SystemClock clock;
  WatchdogThread watchdog(watch, clock, 24h);
  watchdog.stop();
  watchdog.stop();
}

TEST(HoldWatchInAStorm, WhatIsReportedIsACallbackOfThatLoop) {
  const CallbackOrigin chat{"chat", "chat"};
  const CallbackOrigin echo{"echo", "echo"};
  Holding loop;
  std::atomic<bool> ended{false};
  bool torn = false;
  ManualClock clock;
  HoldWatch watch({&loop}, 1ms, [&](const HeldLoop& held) {
    if (held.gear != held.route) torn = true;
  });
  storm(2, [&](std::size_t index) {
    if (index == 0) {
      for (int i = 0; i < 100'000; ++i) const Holding::Callback one(loop, i % 2 ? chat : echo);
      ended = true;
      return;
    }
    while (!ended) {
      clock.advance(20s);
      watch.look(clock.now());
    }
  });
  EXPECT_FALSE(torn);
}

}  // namespace
}  // namespace orrery::pools
