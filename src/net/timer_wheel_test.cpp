#include "net/timer_wheel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <random>
#include <vector>

namespace orrery::net {
namespace {

using namespace std::chrono_literals;

class Alarm final : public Timer {
 public:
  explicit Alarm(std::function<void(Time)> action = {}) : action_(std::move(action)) {}
  void on_timer(Time now) override {
    rung.push_back(now);
    if (action_) action_(now);
  }
  std::vector<Time> rung;

 private:
  std::function<void(Time)> action_;
};

struct Bench {
  Time now{1'000'000ms};
  TimerWheel wheel{now};

  void arm_in(Timer& timer, milliseconds delay) { wheel.arm(timer, now + delay); }
  void pass(milliseconds time) {
    now += time;
    do {
      wheel.advance(now);
    } while (wheel.overdue());
  }
  // As a loop does that sleeps until next_deadline() and no longer.
  void sleep_through(milliseconds time) {
    const Time end = now + time;
    while (true) {
      const auto next = wheel.next_deadline();
      if (!next || *next > end) break;
      now = std::max(now, *next);
      wheel.advance(now);
    }
    now = end;
    wheel.advance(now);
  }
};

TEST(TimerWheel, RingsOnceAtItsTimeAndNeverEarly) {
  for (const milliseconds delay :
       {1ms, 15ms, 16ms, 17ms, 1023ms, 1024ms, 1025ms, 65'536ms, 70'000ms, 4'194'304ms, 5'000'000ms,
        300'000'000ms, 20'000'000'000ms}) {
    Bench bench;
    Alarm alarm;
    bench.arm_in(alarm, delay);
    bench.sleep_through(delay - 1ms);
    EXPECT_TRUE(alarm.rung.empty()) << delay.count();
    bench.sleep_through(17ms);
    EXPECT_EQ(alarm.rung.size(), 1U) << delay.count();
    bench.sleep_through(2 * delay);
    EXPECT_EQ(alarm.rung.size(), 1U) << delay.count();
    EXPECT_FALSE(alarm.armed());
  }
}

TEST(TimerWheel, ADeadlineInThePastRingsAtTheNextTick) {
  Bench bench;
  Alarm alarm;
  bench.arm_in(alarm, -5000ms);
  EXPECT_TRUE(alarm.rung.empty());
  bench.pass(16ms);
  EXPECT_EQ(alarm.rung.size(), 1U);
}

TEST(TimerWheel, FarthestTimeIsNeverReached) {
  Bench bench;
  Alarm alarm;
  bench.wheel.arm(alarm, Time::max());
  bench.pass(std::chrono::hours{24 * 365});
  EXPECT_TRUE(alarm.armed());
}

TEST(TimerWheel, ACancelledTimerIsSilentAndMayBeArmedAgain) {
  Bench bench;
  Alarm alarm;
  bench.arm_in(alarm, 100ms);
  TimerWheel::cancel(alarm);
  TimerWheel::cancel(alarm);
  bench.pass(1000ms);
  EXPECT_TRUE(alarm.rung.empty());
  bench.arm_in(alarm, 100ms);
  bench.pass(120ms);
  EXPECT_EQ(alarm.rung.size(), 1U);
}

TEST(TimerWheel, TheLastDeadlineCounts) {
  Bench bench;
  Alarm later;
  Alarm sooner;
  bench.arm_in(later, 100ms);
  bench.arm_in(later, 10'000ms);
  bench.arm_in(sooner, 10'000ms);
  bench.arm_in(sooner, 20'000ms);
  bench.arm_in(sooner, 100ms);
  bench.sleep_through(5000ms);
  EXPECT_TRUE(later.rung.empty());
  EXPECT_EQ(sooner.rung.size(), 1U);
  bench.sleep_through(5016ms);
  EXPECT_EQ(later.rung.size(), 1U);
}

TEST(TimerWheel, ATimerMayRearmItself) {
  Bench bench;
  Alarm* self = nullptr;
  Alarm heartbeat([&](Time now) { bench.wheel.arm(*self, now + 1000ms); });
  self = &heartbeat;
  bench.arm_in(heartbeat, 1000ms);
  for (int i = 0; i < 100; ++i) bench.sleep_through(100ms);
  EXPECT_EQ(heartbeat.rung.size(), 9U);  // up to 16 ms late each time
}

TEST(TimerWheel, ATimerMayDestroyItselfAndOthersOfItsTick) {
  Bench bench;
  std::vector<std::unique_ptr<Alarm>> alarms(3);
  int rung = 0;
  for (auto& alarm : alarms) {
    alarm = std::make_unique<Alarm>([&](Time) {
      ++rung;
      auto gone = std::exchange(alarms, {});  // all three, this one too
    });
    bench.arm_in(*alarm, 50ms);
  }
  bench.pass(100ms);
  EXPECT_EQ(rung, 1);
}

TEST(TimerWheel, ADestroyedTimerUnlinksItself) {
  Bench bench;
  for (int i = 0; i < 100; ++i) {
    Alarm brief;
    bench.arm_in(brief, milliseconds{i * 777});
  }
  bench.pass(1h);
  EXPECT_EQ(bench.wheel.next_deadline(), std::nullopt);
}

TEST(TimerWheel, ATimerMayOutliveTheWheel) {
  Alarm alarm;
  {
    Bench bench;
    bench.arm_in(alarm, 50ms);
    EXPECT_TRUE(alarm.armed());
  }
  EXPECT_FALSE(alarm.armed());
}

TEST(TimerWheel, AStampedeIsServedInBoundedSteps) {
  Bench bench;
  std::vector<Alarm> crowd(3 * TimerWheel::step_limit);
  for (auto& alarm : crowd) bench.arm_in(alarm, 100'000ms);
  bench.now += 100'016ms;
  const auto all_rang = [&] {
    return std::all_of(crowd.begin(), crowd.end(), [](auto& alarm) { return !alarm.armed(); });
  };
  std::size_t called = 0;
  int steps = 0;
  while (!all_rang()) {
    const auto now_called = bench.wheel.advance(bench.now);
    EXPECT_LE(now_called, TimerWheel::step_limit);
    EXPECT_EQ(bench.wheel.overdue(), !all_rang());
    if (bench.wheel.overdue()) {
      EXPECT_LE(*bench.wheel.next_deadline(), bench.now);
    }
    called += now_called;
    ASSERT_LT(++steps, 20);
  }
  EXPECT_EQ(called, crowd.size());
  EXPECT_GE(steps, 3);
}

// A wheel and its naive model: a list of deadlines.
class Comparison {
 public:
  explicit Comparison(unsigned seed) : random_(seed) {
    for (std::size_t i = 0; i < 200; ++i) {
      alarms_.push_back(std::make_unique<Alarm>([this, i](Time now) { rang(i, now); }));
      deadlines_.push_back(std::nullopt);
    }
  }

  void step() {
    switch (pick(8)) {
      case 0: return cancel(pick(alarms_.size()));
      case 1: return bench_.pass(some_time());
      case 2: return bench_.sleep_through(some_time());
      default: return arm(pick(alarms_.size()));
    }
  }

  void check() {
    const auto next = bench_.wheel.next_deadline();
    for (std::size_t i = 0; i < alarms_.size(); ++i) {
      ASSERT_EQ(alarms_[i]->armed(), deadlines_[i].has_value());
      if (!deadlines_[i]) continue;
      ASSERT_GT(*deadlines_[i] + TimerWheel::resolution, bench_.now) << "a timer was forgotten";
      ASSERT_TRUE(next && *next <= *deadlines_[i] + TimerWheel::resolution) << "would oversleep";
    }
  }

 private:
  std::size_t pick(std::size_t count) { return random_() % count; }

  milliseconds some_time() {
    static constexpr std::int64_t longest[] = {3,       40,        2'000,      70'000,
                                               140'000, 9'000'000, 400'000'000};
    return milliseconds{static_cast<std::int64_t>(random_()) % longest[pick(std::size(longest))]};
  }

  void arm(std::size_t i) {
    deadlines_[i] = bench_.now + some_time();
    bench_.wheel.arm(*alarms_[i], *deadlines_[i]);
    deadlines_[i] = std::max(*deadlines_[i], bench_.now);  // what has passed counts from now
  }

  void cancel(std::size_t i) {
    deadlines_[i].reset();
    TimerWheel::cancel(*alarms_[i]);
  }

  void rang(std::size_t i, Time now) {
    EXPECT_TRUE(deadlines_[i].has_value()) << "rang without being armed";
    EXPECT_GE(now, *deadlines_[i]) << "rang early";
    deadlines_[i].reset();
    if (pick(4) == 0) arm(pick(alarms_.size()));
    if (pick(4) == 0) cancel(pick(alarms_.size()));
  }

  std::mt19937 random_;
  Bench bench_;
  std::vector<std::unique_ptr<Alarm>> alarms_;
  std::vector<std::optional<Time>> deadlines_;
};

TEST(TimerWheel, AgreesWithAListOfDeadlines) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    Comparison comparison(seed);
    for (int i = 0; i < 1000; ++i) {
      comparison.step();
      comparison.check();
      if (testing::Test::HasFailure()) return;
    }
  }
}

}  // namespace
}  // namespace orrery::net
