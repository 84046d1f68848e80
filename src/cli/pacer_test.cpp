#include "cli/pacer.h"

#include <gtest/gtest.h>

#include "net/epoll_poller.h"

namespace orrery::cli {
namespace {

using namespace std::chrono_literals;

TEST(Pacer, WorksOnceForEachTimeThatIsOver) {
  ManualClock clock;
  auto poller = net::EpollPoller::create();
  ASSERT_TRUE(poller.ok()) << poller.error();
  net::Loop loop(clock, *std::move(poller));
  int worked = 0;
  Pacer pacer(loop, [&] {
    if (++worked < 4) return SystemFineClock().now();  // over as soon as it is said
    loop.stop();
    return Nanoseconds::max();
  });
  ASSERT_TRUE(pacer.start().ok());
  EXPECT_EQ(worked, 1);
  loop.run();  // hangs if a time was missed
  EXPECT_EQ(worked, 4);
}

TEST(Pacer, NamesAStepWithinItsBounds) {
  const Nanoseconds step = affordable_step();
  EXPECT_GE(step, 25us);
  EXPECT_LE(step, 1ms);
}

}  // namespace
}  // namespace orrery::cli
