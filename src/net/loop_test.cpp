#include "net/loop.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "net/manual_poller.h"
#include "net/poller_fixture.h"

namespace orrery::net {
namespace {

using namespace std::chrono_literals;

class Ring final : public Timer {
 public:
  explicit Ring(std::function<void()> action) : action_(std::move(action)) {}
  void on_timer(Time) override { action_(); }

 private:
  std::function<void()> action_;
};

class Hook final : public TurnEndHook {
 public:
  explicit Hook(std::function<void()> action) : action_(std::move(action)) {}
  void on_turn_end() override { action_(); }

 private:
  std::function<void()> action_;
};

class Again final : public Requeued {
 public:
  explicit Again(std::function<void()> action) : action_(std::move(action)) {}
  void on_again() override { action_(); }

 private:
  std::function<void()> action_;
};

// Never sleeps, and writes down when it would wake.
class RecordingPoller final : public Poller {
 public:
  explicit RecordingPoller(std::string& transcript) : transcript_(transcript) {}
  void wait(milliseconds timeout) override { transcript_ += timeout == 0ms ? "busy " : "sleeps "; }
  void wake_in(milliseconds left) override { transcript_ += std::to_string(left.count()) + " ms "; }
  std::size_t dispatch() override { return 0; }
  Result<void> add(int, Watcher&) override { return Error{"no descriptors"}; }
  Result<void> add_shared(int, Watcher&) override { return Error{"no descriptors"}; }
  void remove(int, Watcher&) override {}
  [[nodiscard]] std::shared_ptr<Waker> waker() override { return nullptr; }

 private:
  std::string& transcript_;
};

// 16 ms are a tick: times below are on its border.
TEST(LoopsAlarm, IsSetWhenItWentOffOrSomethingIsDueEarlier) {
  ManualClock clock;
  std::string transcript;
  Loop loop(clock, std::make_unique<RecordingPoller>(transcript));
  const auto turns = [&](milliseconds later) {
    clock.advance(later);
    transcript.clear();
    loop.turn(-1ms);
    return transcript;
  };
  Ring first([] {}), second([] {});
  EXPECT_EQ(turns(0ms), "sleeps ") << "nothing is due";
  loop.timers().arm(first, loop.now() + 320ms);
  EXPECT_EQ(turns(0ms), "320 ms sleeps ");
  EXPECT_EQ(turns(16ms), "sleeps ") << "it is set";
  loop.timers().arm(second, loop.now() + 160ms);
  EXPECT_EQ(turns(0ms), "160 ms sleeps ") << "earlier";
  TimerWheel::cancel(second);
  EXPECT_EQ(turns(0ms), "sleeps ") << "later: it rings for nothing";
  EXPECT_EQ(turns(160ms), "sleeps ") << "it rang, which the loop learns by waking";
  EXPECT_EQ(turns(0ms), "144 ms sleeps ");
  EXPECT_EQ(turns(144ms), "sleeps ");
  EXPECT_EQ(turns(0ms), "sleeps ") << "nothing is due any more";
  loop.timers().arm(first, loop.now() + 160ms);
  clock.advance(160ms);
  EXPECT_EQ(turns(0ms), "busy ") << "due before the loop could sleep";
}

struct ManualLoop : testing::Test {
  ManualClock clock;
  Loop loop{clock, std::make_unique<ManualPoller>(), {.posted_per_turn = 4}};
  std::string transcript;

  std::function<void()> says(const std::string& word) {
    return [this, word] { transcript += word + " "; };
  }
};

TEST_F(ManualLoop, ATurnRunsInboxThenTimersThenRequeuedThenHooks) {
  Hook hook(says("hook"));
  Again again(says("again"));
  Ring ring(says("timer"));
  loop.at_turn_end(hook);
  loop.again(again);
  loop.timers().arm(ring, loop.now() + 16ms);
  loop.post(says("posted"));
  clock.advance(32ms);
  EXPECT_TRUE(loop.turn(0ms));
  EXPECT_EQ(transcript, "posted timer again hook ");
  EXPECT_FALSE(loop.turn(0ms));
}

TEST_F(ManualLoop, TheTimeStandsStillDuringATurn) {
  const Time before = loop.now();
  Time seen{};
  loop.post([&] {
    clock.advance(100ms);
    seen = loop.now();
  });
  clock.advance(5ms);
  loop.turn(0ms);
  EXPECT_EQ(seen, before + 5ms);
  loop.turn(0ms);
  EXPECT_EQ(loop.now(), before + 105ms);
}

TEST_F(ManualLoop, PostedWorkIsBoundedPerTurn) {
  for (int i = 0; i < 10; ++i) loop.post(says(std::to_string(i)));
  loop.turn(0ms);
  EXPECT_EQ(transcript, "0 1 2 3 ");
  loop.turn(0ms);
  loop.turn(0ms);
  EXPECT_EQ(transcript, "0 1 2 3 4 5 6 7 8 9 ");
}

TEST_F(ManualLoop, AHookRunsOncePerTurnHoweverOftenItIsAskedFor) {
  Hook hook(says("hook"));
  loop.post([&] { loop.at_turn_end(hook), loop.at_turn_end(hook); });
  loop.turn(0ms);
  EXPECT_EQ(transcript, "hook ");
}

TEST_F(ManualLoop, AHookMayAskAgainAndThatIsBounded) {
  int calls = 0;
  Hook* self = nullptr;
  Hook endless([&] {
    ++calls;
    loop.at_turn_end(*self);
  });
  self = &endless;
  loop.at_turn_end(endless);
  loop.turn(0ms);
  EXPECT_GT(calls, 1);
  EXPECT_LT(calls, 100);
  const int before = calls;
  loop.turn(-1ms);
  EXPECT_GT(calls, before) << "what is left is called in the next turn";
}

TEST_F(ManualLoop, AHookMayDestroyItselfAndOthers) {
  auto second = std::make_unique<Hook>(says("second"));
  auto third = std::make_unique<Hook>(says("third"));
  auto first = std::unique_ptr<Hook>{};
  first = std::make_unique<Hook>([&] {
    transcript += "first ";
    second.reset();
    auto self = std::move(first);
  });
  loop.at_turn_end(*first), loop.at_turn_end(*second), loop.at_turn_end(*third);
  loop.turn(0ms);
  EXPECT_EQ(transcript, "first third ");
}

TEST_F(ManualLoop, TheRequeuedComeInTheNextTurnAndNotInThisOne) {
  Again* self = nullptr;
  int calls = 0;
  Again greedy([&] {
    ++calls;
    loop.again(*self);
  });
  self = &greedy;
  loop.post([&] { loop.again(greedy); });
  loop.turn(0ms);
  EXPECT_EQ(calls, 0);
  for (int i = 1; i < 5; ++i) {
    loop.turn(0ms);
    EXPECT_EQ(calls, i);
  }
}

TEST_F(ManualLoop, TheRequeuedMayBeDestroyedBeforeTheirTurn) {
  auto gone = std::make_unique<Again>(says("never"));
  Again stays([&] { gone.reset(), transcript += "stays "; });
  loop.again(stays), loop.again(*gone);
  loop.turn(0ms);
  EXPECT_EQ(transcript, "stays ");
}

TEST(Loop, PostedWorkThatWasNeverRunIsFreed) {
  ManualClock clock;
  auto token = std::make_shared<int>(0);
  {
    Loop loop(clock, std::make_unique<ManualPoller>());
    loop.post([token] { ++*token; });
  }
  EXPECT_EQ(token.use_count(), 1);
  EXPECT_EQ(*token, 0);
}

struct ThreadedLoop : testing::TestWithParam<TestedPoller> {
  SystemClock clock;
  Loop loop{clock, GetParam()()};
};

TEST_P(ThreadedLoop, RunsWhatFourThreadsPostInTheOrderOfEach) {
  constexpr int rounds = 2000;
  std::vector<std::vector<int>> seen(4);
  std::atomic<int> finished{0};
  std::vector<std::thread> posters;
  std::thread runner([&] { loop.run(); });
  for (std::size_t p = 0; p < seen.size(); ++p) {
    posters.emplace_back([&, p] {
      for (int i = 0; i < rounds; ++i) loop.post([&seen, p, i] { seen[p].push_back(i); });
      loop.post([&] {
        if (++finished == 4) loop.stop();
      });
    });
  }
  for (auto& poster : posters) poster.join();
  runner.join();
  for (const auto& numbers : seen) {
    ASSERT_EQ(numbers.size(), static_cast<std::size_t>(rounds));
    for (int i = 0; i < rounds; ++i) ASSERT_EQ(numbers[static_cast<std::size_t>(i)], i);
  }
}

TEST_P(ThreadedLoop, ASleepingLoopWakesForPostedWorkEveryTime) {
  std::thread runner([&] { loop.run(); });
  std::atomic<int> pongs{0};
  for (int i = 0; i < 1000; ++i) {
    loop.post([&] {
      ++pongs;
      pongs.notify_one();
    });
    pongs.wait(i);
  }
  loop.stop();
  runner.join();
  EXPECT_EQ(pongs, 1000);
}

TEST_P(ThreadedLoop, StopBeforeRunIsNotLost) {
  loop.stop();
  loop.run();
}

TEST_P(ThreadedLoop, ASleepingLoopWakesForItsTimers) {
  int rung = 0;
  const Time start = clock.now();
  Ring ring([&] {
    ++rung;
    loop.stop();
  });
  loop.timers().arm(ring, start + 30ms);
  loop.run();
  EXPECT_EQ(rung, 1);
  EXPECT_GE(clock.now(), start + 30ms);
}

TEST_P(ThreadedLoop, KnowsItsOwnThread) {
  EXPECT_TRUE(loop.in_own_thread()) << "nobody runs it yet";
  bool inside = false;
  std::atomic<bool> started{false};
  std::thread runner([&] { loop.run(); });
  loop.post([&] {
    inside = loop.in_own_thread();
    started = true;
    started.notify_one();
  });
  started.wait(false);
  EXPECT_FALSE(loop.in_own_thread());
  loop.stop();
  runner.join();
  EXPECT_TRUE(inside);
  EXPECT_TRUE(loop.in_own_thread());
}

INSTANTIATE_TEST_SUITE_P(On, ThreadedLoop, testing::ValuesIn(tested_pollers()), name_of_case);

}  // namespace
}  // namespace orrery::net
