// Dice make every choice of a simulation: the same ones for the same seed, on every machine.
//
// Owner   the story.
// Thread  one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <random>
#include <vector>

namespace orrery::simulation {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}

  /// 0 to most - 1.
  [[nodiscard]] std::size_t below(std::size_t most) {
    return static_cast<std::size_t>(engine_() % most);
  }
  [[nodiscard]] bool chance(std::size_t percent) { return below(100) < percent; }
  template <typename T>
  [[nodiscard]] const T& pick(const std::vector<T>& among) {
    return among[below(among.size())];
  }
  template <typename T>
  [[nodiscard]] T pick(std::initializer_list<T> among) {
    return *std::next(among.begin(), static_cast<std::ptrdiff_t>(below(among.size())));
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace orrery::simulation
