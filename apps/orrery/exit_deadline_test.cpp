#include "apps/orrery/exit_deadline.h"

#include <gtest/gtest.h>

#include <latch>

namespace orrery::app {
namespace {

using namespace std::chrono_literals;

TEST(AnExitDeadline, EndsWhatHasNotEndedByItself) {
  std::latch told(1);
  ExitDeadline deadline([&] { told.count_down(); });
  deadline.arm(0ms);
  deadline.arm(0ms);  // the first call counts
  told.wait();
}

TEST(AnExitDeadline, SaysNothingToThoseWhoEndInTime) {
  bool told = false;
  {
    ExitDeadline deadline([&] { told = true; });
    deadline.arm(1h);
  }
  EXPECT_FALSE(told);
}

TEST(AnExitDeadline, ThatWasNeverArmedHasNoThread) {
  ExitDeadline deadline([] { FAIL(); });
}

}  // namespace
}  // namespace orrery::app
