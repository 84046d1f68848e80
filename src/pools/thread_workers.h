// ThreadWorkers are real threads behind a bounded queue, started one by one when there is work.
//
// Owner   a pool.
// Thread  any; stop() and the destructor not from inside a job.
// Limit   WorkerLimits, changeable while they work; see workers.h.
// Why     one mutex: a job blocks for longer than anybody waits for it.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <list>
#include <mutex>
#include <thread>
#include <vector>

#include "pools/workers.h"

namespace orrery::pools {

class ThreadWorkers final : public Workers {
 public:
  explicit ThreadWorkers(const WorkerLimits& limits) : limits_(limits) {}
  ThreadWorkers(const ThreadWorkers&) = delete;
  ThreadWorkers& operator=(const ThreadWorkers&) = delete;
  ~ThreadWorkers() override;

  /// Throws std::system_error if the system refuses the very first thread.
  [[nodiscard]] bool run(Function<void()>&& job) override;
  void on_room(Function<void()> tell) override;
  void stop() override;
  void set_limits(const WorkerLimits& limits) override;
  [[nodiscard]] std::size_t queued() const override;
  /// Threads that were started and have not ended.
  [[nodiscard]] std::size_t threads() const;

 private:
  using Jobs = std::deque<Function<void()>>;
  using Threads = std::list<std::thread>;

  [[nodiscard]] std::size_t jobs() const { return waiting_.size() + busy_; }
  [[nodiscard]] bool too_many_threads() const { return live_ > limits_.at_least_one(); }
  void start_thread();
  void start_threads_for(std::size_t jobs);
  void work_off(Threads::iterator self);
  void run_one(std::unique_lock<std::mutex>& lock);
  void tell_about_room(std::unique_lock<std::mutex>& lock);
  void join_ended();

  mutable std::mutex mutex_;
  std::condition_variable changed_;  // work, fewer threads, stop
  std::condition_variable ended_;    // a thread
  WorkerLimits limits_;
  bool stopping_ = false;
  std::size_t busy_ = 0;  // threads inside a job
  std::size_t live_ = 0;
  Jobs waiting_{};
  Jobs want_room_{};
  Threads threads_{};
  Threads ended_threads_{};  // to be joined: at once, by whoever comes next
};

}  // namespace orrery::pools
