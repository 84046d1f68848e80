#include "cli/histogram.h"

#include <bit>
#include <cmath>

namespace orrery::cli {

std::size_t Histogram::bucket_of(std::int64_t time) {
  const auto value = static_cast<std::uint64_t>(time);
  const int shift = std::max(0, static_cast<int>(std::bit_width(value)) - (sub_bits + 1));
  return (static_cast<std::size_t>(shift) << sub_bits) + static_cast<std::size_t>(value >> shift);
}

std::int64_t Histogram::middle_of(std::size_t bucket) {
  constexpr std::size_t exact = 2U << sub_bits;
  if (bucket < exact) return static_cast<std::int64_t>(bucket);
  const std::size_t shift = (bucket >> sub_bits) - 1;
  const std::size_t first = (bucket - (shift << sub_bits)) << shift;
  return static_cast<std::int64_t>(first + (std::size_t{1} << shift) / 2);
}

void Histogram::record(Nanoseconds time, std::uint64_t count) {
  if (count == 0) return;
  const std::int64_t value = std::clamp<std::int64_t>(time.count(), 0, most);
  counts_[bucket_of(value)] += count;
  count_ += count;
  sum_ += static_cast<double>(value) * static_cast<double>(count);
  lowest_ = std::min(lowest_, value);
  highest_ = std::max(highest_, value);
}

void Histogram::merge(const Histogram& other) {
  for (std::size_t i = 0; i < buckets; ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  sum_ += other.sum_;
  lowest_ = std::min(lowest_, other.lowest_);
  highest_ = std::max(highest_, other.highest_);
}

Nanoseconds Histogram::at(double share) const {
  if (count_ == 0) return Nanoseconds{0};
  const double wanted = std::ceil(std::clamp(share, 0.0, 1.0) * static_cast<double>(count_));
  const auto rank = std::clamp<std::uint64_t>(static_cast<std::uint64_t>(wanted), 1, count_);
  std::uint64_t passed = 0;
  std::size_t bucket = 0;
  while ((passed += counts_[bucket]) < rank) ++bucket;
  return Nanoseconds{std::clamp(middle_of(bucket), lowest_, highest_)};
}

Nanoseconds Histogram::mean() const {
  if (count_ == 0) return Nanoseconds{0};
  return Nanoseconds{static_cast<std::int64_t>(sum_ / static_cast<double>(count_))};
}

}  // namespace orrery::cli
