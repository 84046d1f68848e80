#include "pools/places.h"

#include <algorithm>
#include <cassert>

namespace orrery::pools {

namespace {

constexpr std::uint64_t closed_bit = std::uint64_t{1} << 63;
constexpr std::uint64_t taken_mask = 0xffff'ffff;
constexpr int limit_shift = 32;

std::uint64_t limit_bits(std::size_t limit) {
  return std::uint64_t{std::min(limit, Places::most)} << limit_shift;
}
std::size_t limit_in(std::uint64_t word) {
  return (word & ~closed_bit) >> limit_shift;
}
std::size_t taken_in(std::uint64_t word) {
  return word & taken_mask;
}

}  // namespace

Places::Places(std::size_t limit) : word_(limit_bits(limit)) {}

Places::~Places() {
  assert(taken() == 0 && "a permit outlived who gave it");
}

Place Places::try_enter() {
  return try_take() ? Place(*this) : Place();
}

bool Places::try_take() {
  auto word = word_.load(std::memory_order_relaxed);
  while ((word & closed_bit) == 0 && taken_in(word) < limit_in(word))
    if (word_.compare_exchange_weak(word, word + 1, std::memory_order_acq_rel,
                                    std::memory_order_relaxed))
      return true;
  return false;
}

void Places::take_back() noexcept {
  [[maybe_unused]] const auto before = word_.fetch_sub(1, std::memory_order_acq_rel);
  assert(taken_in(before) > 0 && "a place was given back twice");
}

void Places::set_limit(std::size_t limit) {
  auto word = word_.load(std::memory_order_relaxed);
  while (!word_.compare_exchange_weak(word, (word & (closed_bit | taken_mask)) | limit_bits(limit),
                                      std::memory_order_acq_rel, std::memory_order_relaxed)) {
  }
}

void Places::close() {
  word_.fetch_or(closed_bit, std::memory_order_acq_rel);
}

void Places::reopen() {
  word_.fetch_and(~closed_bit, std::memory_order_acq_rel);
}

std::size_t Places::taken() const {
  return taken_in(word_.load(std::memory_order_acquire));
}

std::size_t Places::limit() const {
  return limit_in(word_.load(std::memory_order_acquire));
}

bool Places::closed() const {
  return (word_.load(std::memory_order_acquire) & closed_bit) != 0;
}

}  // namespace orrery::pools
