#include "websocket/growing_buffer.h"

#include <gtest/gtest.h>

#include <string>

namespace orrery::websocket {
namespace {

constexpr std::uint64_t unlimited = ~0ULL;

TEST(GrowingBuffer, AnAnnouncementIsTrustedFor64KiB) {
  GrowingBuffer buffer;
  buffer.append("abc", 1ULL << 40, unlimited);
  EXPECT_EQ(buffer.view(), "abc");
  EXPECT_LE(buffer.capacity(), 2 * 3 + 64 * 1024U);
}

TEST(GrowingBuffer, NeverHoldsMoreThanTwiceWhatItGot) {
  GrowingBuffer buffer;
  std::string expected;
  for (int i = 0; i < 500; ++i) {
    const std::string piece(1000, static_cast<char>('a' + i % 26));
    buffer.append(piece, 1 << 20, unlimited);
    expected += piece;
    ASSERT_LE(buffer.capacity(), 2 * buffer.size() + 64 * 1024);
  }
  EXPECT_EQ(buffer.view(), expected);
}

TEST(GrowingBuffer, TheCeilingHolds) {
  GrowingBuffer buffer;
  buffer.append(std::string(600, 'x'), 5000, 1000);
  EXPECT_EQ(buffer.capacity(), 1000U);
  buffer.append(std::string(400, 'x'), 0, 1000);
  EXPECT_EQ(buffer.capacity(), 1000U);
}

TEST(GrowingBuffer, RoomGrowsFromFourKiBAndStopsAtTheCeiling) {
  GrowingBuffer buffer;
  EXPECT_EQ(buffer.room(10'000).size(), 4096U);
  buffer.commit(4096);
  EXPECT_EQ(buffer.room(10'000).size(), 4096U);
  buffer.commit(4096);
  EXPECT_EQ(buffer.room(10'000).size(), 10'000U - 8192U);
}

TEST(GrowingBuffer, RoomNeverReachesBeyondALowerCeiling) {
  GrowingBuffer buffer;
  EXPECT_EQ(buffer.room_for(5000).size(), 5000U);
  EXPECT_EQ(buffer.room(10).size(), 10U);
}

TEST(GrowingBuffer, ReleasedItIsAsNew) {
  GrowingBuffer buffer;
  buffer.append("abc", 0, unlimited);
  buffer.release();
  EXPECT_EQ(buffer.capacity(), 0U);
  EXPECT_EQ(buffer.view(), "");
  buffer.append("d", 0, unlimited);
  EXPECT_EQ(buffer.view(), "d");
}

}  // namespace
}  // namespace orrery::websocket
