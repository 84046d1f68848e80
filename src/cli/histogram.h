// A Histogram counts times in buckets that grow with what they hold: the relative error is the same
// from a microsecond to an hour, and recording is an increment.
//
// Owner   one thread; those of several are merged at the end.
// Thread  one.
// Limit   38 KiB; a percentile is at most 0.4 % off. Times above an hour count as an hour.
// Why     a mean hides what a user feels, and keeping every time would cost more than the echo.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "cli/fine_clock.h"

namespace orrery::cli {

class Histogram {
 public:
  static constexpr double relative_error = 1.0 / 256;

  /// The same time, `count` times. One before zero counts as zero.
  void record(Nanoseconds time, std::uint64_t count = 1);
  void merge(const Histogram& other);

  [[nodiscard]] std::uint64_t count() const { return count_; }
  /// The time that `share` of all (0.99: ninety-nine percent) did not exceed; 0 if there are none.
  [[nodiscard]] Nanoseconds at(double share) const;
  [[nodiscard]] Nanoseconds mean() const;
  /// These two are exact.
  [[nodiscard]] Nanoseconds lowest() const { return Nanoseconds{count_ == 0 ? 0 : lowest_}; }
  [[nodiscard]] Nanoseconds highest() const { return Nanoseconds{highest_}; }

 private:
  // Below 256 every nanosecond has a bucket; above, each power of two has 128.
  static constexpr int sub_bits = 7;
  static constexpr std::int64_t most = 3'600'000'000'000;
  static constexpr std::size_t buckets = 36 << sub_bits;

  static std::size_t bucket_of(std::int64_t time);
  static std::int64_t middle_of(std::size_t bucket);

  std::array<std::uint64_t, buckets> counts_{};
  std::uint64_t count_ = 0;
  double sum_ = 0;
  std::int64_t lowest_ = most;
  std::int64_t highest_ = 0;
};

}  // namespace orrery::cli
