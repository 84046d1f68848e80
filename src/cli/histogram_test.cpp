#include "cli/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace orrery::cli {
namespace {

using namespace std::chrono_literals;

// The rank's own time, as a sorted list says it.
std::int64_t exact(const std::vector<std::int64_t>& sorted, double share) {
  const auto rank = static_cast<std::size_t>(std::ceil(share * double(sorted.size())));
  return sorted[std::max<std::size_t>(rank, 1) - 1];
}

TEST(Histogram, IsEmptyAtFirst) {
  const Histogram none;
  EXPECT_EQ(none.count(), 0u);
  EXPECT_EQ(none.at(0.5), 0ns);
  EXPECT_EQ(none.mean(), 0ns);
  EXPECT_EQ(none.lowest(), 0ns);
  EXPECT_EQ(none.highest(), 0ns);
}

TEST(Histogram, KeepsSmallTimesExactly) {
  Histogram times;
  for (int i = 1; i <= 200; ++i) times.record(Nanoseconds{i});
  EXPECT_EQ(times.at(0.5), 100ns);
  EXPECT_EQ(times.at(0), 1ns);
  EXPECT_EQ(times.at(1), 200ns);
  EXPECT_EQ(times.mean(), 100ns);
}

TEST(Histogram, StaysWithinItsErrorFromNanosecondsToAnHour) {
  constexpr std::uint64_t seed = 42;
  std::mt19937_64 dice(seed);
  std::uniform_real_distribution<double> exponent(0, std::log(3.6e12));
  Histogram times;
  std::vector<std::int64_t> sorted;
  for (int i = 0; i < 100'000; ++i) {
    sorted.push_back(static_cast<std::int64_t>(std::exp(exponent(dice))));
    times.record(Nanoseconds{sorted.back()});
  }
  std::sort(sorted.begin(), sorted.end());
  for (const double share : {0.0, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 0.9999, 1.0}) {
    const auto wanted = static_cast<double>(exact(sorted, share));
    const auto seen = static_cast<double>(times.at(share).count());
    EXPECT_NEAR(seen, wanted, wanted * Histogram::relative_error + 1) << share << " seed " << seed;
  }
  EXPECT_EQ(times.lowest().count(), sorted.front());
  EXPECT_EQ(times.highest().count(), sorted.back());
}

TEST(Histogram, SaysTheRareOnesToo) {
  Histogram times;
  times.record(1ms, 999'900);
  times.record(1s, 100);
  EXPECT_NEAR(double(times.at(0.999).count()), 1e6, 1e6 * Histogram::relative_error);
  EXPECT_NEAR(double(times.at(0.99995).count()), 1e9, 1e9 * Histogram::relative_error);
  EXPECT_EQ(times.highest(), 1s);
}

TEST(Histogram, MergesAsIfAllHadBeenRecordedInOne) {
  Histogram one, other, both;
  for (int i = 0; i < 1000; ++i) {
    (i % 3 == 0 ? one : other).record(Nanoseconds{i * i});
    both.record(Nanoseconds{i * i});
  }
  one.merge(other);
  for (const double share : {0.1, 0.5, 0.99, 1.0}) EXPECT_EQ(one.at(share), both.at(share));
  EXPECT_EQ(one.count(), both.count());
  EXPECT_EQ(one.mean(), both.mean());
  EXPECT_EQ(one.lowest(), both.lowest());
}

TEST(Histogram, TakesWhatIsBeyondItsRange) {
  Histogram times;
  times.record(-5ns);
  times.record(48h);
  EXPECT_EQ(times.lowest(), 0ns);
  EXPECT_EQ(times.highest(), 1h);
  EXPECT_EQ(times.count(), 2u);
}

}  // namespace
}  // namespace orrery::cli
