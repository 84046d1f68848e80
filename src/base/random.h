// Randomness, handed in: unpredictable in production, seeded in tests.
#pragma once

#include <cstdint>
#include <random>
#include <span>

namespace orrery {

class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<char> bytes) = 0;

  std::uint32_t next_u32() {
    std::uint32_t value = 0;
    fill({reinterpret_cast<char*>(&value), sizeof value});
    return value;
  }
};

/// The same bytes for the same seed. Thread: one at a time.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}
  void fill(std::span<char> bytes) override {
    for (char& byte : bytes) byte = static_cast<char>(engine_() & 0xff);
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace orrery
