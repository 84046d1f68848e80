// storm() lets many threads do the same thing, all from the same moment on: for tests of exactness.
#pragma once

#include <atomic>
#include <cstddef>
#include <latch>
#include <thread>
#include <vector>

namespace orrery::pools {

/// Calls `work(index)` on `threads` threads and waits for them.
template <typename Work>
void storm(std::size_t threads, const Work& work) {
  std::latch start(static_cast<std::ptrdiff_t>(threads));
  std::vector<std::thread> running;
  for (std::size_t index = 0; index < threads; ++index)
    running.emplace_back([&, index] {
      start.arrive_and_wait();
      work(index);
    });
  for (auto& thread : running) thread.join();
}

/// Never above its bound: what a storm counts, and whether it was ever too many.
class Watermark {
 public:
  explicit Watermark(std::size_t most) : most_(most) {}
  void enter() {
    if (count_.fetch_add(1) + 1 > most_) exceeded_ = true;
  }
  void leave() { count_.fetch_sub(1); }
  [[nodiscard]] bool exceeded() const { return exceeded_; }

 private:
  const std::size_t most_;
  std::atomic<std::size_t> count_{0};
  std::atomic<bool> exceeded_{false};
};

}  // namespace orrery::pools
