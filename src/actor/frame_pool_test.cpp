#include "actor/frame_pool.h"

#include <gtest/gtest.h>

namespace orrery::actor {
namespace {

TEST(FramePool, AFrameThatEndedIsUsedAgainByOneOfItsSize) {
  FramePool pool;
  void* const first = pool.take(200);
  pool.keep(first, 200);
  EXPECT_EQ(pool.take(193), first) << "193 and 200 bytes are the same step";
  void* const other = pool.take(200);
  EXPECT_NE(other, first);
  pool.keep(first, 193);
  pool.keep(other, 200);
}

TEST(FramePool, HugeFramesGoBackToTheHeap) {
  FramePool pool;
  void* const huge = pool.take(FramePool::largest_bytes + 1);
  pool.keep(huge, FramePool::largest_bytes + 1);
  void* const none = pool.take(0);
  pool.keep(none, 0);
}

TEST(FramePool, KeepsNoMoreThanItsLimit) {
  FramePool pool;
  std::vector<void*> frames;
  for (std::size_t i = 0; i < 2 * FramePool::kept_per_size; ++i) frames.push_back(pool.take(64));
  for (void* const frame : frames) pool.keep(frame, 64);  // the sanitizer sees what is leaked
}

}  // namespace
}  // namespace orrery::actor
