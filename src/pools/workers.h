// Workers run what may block, the callbacks of on_workers() above all, away from the loops.
//
// Owner   a pool; which kind is decided by the WorkersFactory that main() or a test hands in.
// Thread  any, but stop() not from inside a job. ManualWorkers: one thread at a time.
// Limit   WorkerLimits: as many jobs are taken as there are threads and places in the queue; then
//         run() says no, and on_room() tells when to come again.
#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <functional>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "base/function.h"
#include "orrery/limits.h"

namespace orrery::pools {

struct WorkerLimits {
  std::size_t threads = PoolLimits{}.workers;  // at least one, whatever is said here
  std::size_t queue = PoolLimits{}.worker_queue;

  /// Jobs that run or wait.
  [[nodiscard]] std::size_t jobs() const {
    const auto most = std::numeric_limits<std::size_t>::max();
    return queue < most - at_least_one() ? queue + at_least_one() : most;
  }
  [[nodiscard]] std::size_t at_least_one() const { return threads == 0 ? 1 : threads; }
};

class Workers {
 public:
  virtual ~Workers() = default;

  /// Jobs don't throw. False: the queue is full, or stop() was called; `job` is still the caller's.
  [[nodiscard]] virtual bool run(Function<void()>&& job) = 0;
  /// Calls `tell` once when there is room: at once if there is some now, otherwise later and on any
  /// thread. A hint: somebody else may be quicker. Whoever waits should wait once.
  virtual void on_room(Function<void()> tell) = 0;
  /// Destroys jobs that were not begun and tells nobody any more; waits for those that run.
  virtual void stop() = 0;
  /// Takes nothing away: jobs that wait, and threads that run one, finish it.
  virtual void set_limits(const WorkerLimits& limits) = 0;
  /// Jobs that no thread has begun.
  [[nodiscard]] virtual std::size_t queued() const = 0;
};

using WorkersFactory = std::function<std::unique_ptr<Workers>(const WorkerLimits&)>;

/// Takes out of `want_room` whom to tell while `jobs` run or wait: one for each free place, and all
/// once there is nothing to do, because nobody would tell them later.
[[nodiscard]] std::deque<Function<void()>> take_told(std::deque<Function<void()>>& want_room,
                                                     std::size_t jobs, const WorkerLimits& limits);

/// Runs each job inside run(): for tests in which nothing blocks.
class InlineWorkers final : public Workers {
 public:
  [[nodiscard]] bool run(Function<void()>&& job) override;
  void on_room(Function<void()> tell) override;
  void stop() override { stopped_ = true; }
  void set_limits(const WorkerLimits&) override {}
  [[nodiscard]] std::size_t queued() const override { return 0; }

 private:
  std::atomic<bool> stopped_{false};
};

/// Keeps each job until it is told to run it: for tests and simulation, in whatever order they
/// like.
class ManualWorkers final : public Workers {
 public:
  explicit ManualWorkers(const WorkerLimits& limits = {}) : limits_(limits) {}

  [[nodiscard]] bool run(Function<void()>&& job) override;
  void on_room(Function<void()> tell) override;
  void stop() override;
  void set_limits(const WorkerLimits& limits) override;
  [[nodiscard]] std::size_t queued() const override { return jobs_.size(); }

  /// The n-th job, from 0, the oldest; it is no longer one of ours, and somebody may be told.
  [[nodiscard]] Function<void()> take(std::size_t n);
  /// Takes the n-th job and runs it, then tells who waits for room.
  void work_off(std::size_t n = 0);

 private:
  [[nodiscard]] Function<void()> remove(std::size_t n);
  void tell_about_room();

  WorkerLimits limits_;
  bool stopped_ = false;
  std::deque<Function<void()>> jobs_{};
  std::deque<Function<void()>> want_room_{};
};

}  // namespace orrery::pools
