#include "pools/thread_workers.h"

#include <system_error>
#include <utility>

namespace orrery::pools {

ThreadWorkers::~ThreadWorkers() {
  stop();
}

bool ThreadWorkers::run(Function<void()>&& job) {
  const std::lock_guard lock(mutex_);
  if (stopping_ || jobs() >= limits_.jobs()) return false;
  join_ended();
  try {
    start_threads_for(waiting_.size() + 1);
  } catch (const std::system_error&) {
    if (live_ == 0) throw;  // otherwise fewer threads do it, and the next job tries again
  }
  waiting_.push_back(std::move(job));
  changed_.notify_one();
  return true;
}

void ThreadWorkers::on_room(Function<void()> tell) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    if (jobs() >= limits_.jobs()) return want_room_.push_back(std::move(tell));
  }
  tell();
}

void ThreadWorkers::stop() {
  Jobs never_run;
  Jobs never_told;
  Threads threads;
  std::unique_lock lock(mutex_);
  stopping_ = true;
  never_run.swap(waiting_);
  never_told.swap(want_room_);
  changed_.notify_all();
  ended_.wait(lock, [this] { return live_ == 0; });
  threads.swap(ended_threads_);
  lock.unlock();
  for (auto& thread : threads) thread.join();
}

void ThreadWorkers::set_limits(const WorkerLimits& limits) {
  std::unique_lock lock(mutex_);
  limits_ = limits;
  if (stopping_) return;
  join_ended();
  try {
    start_threads_for(waiting_.size());
  } catch (const std::system_error&) {  // nothing waits without a thread: see run()
  }
  changed_.notify_all();
  tell_about_room(lock);
}

std::size_t ThreadWorkers::queued() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size();
}

std::size_t ThreadWorkers::threads() const {
  const std::lock_guard lock(mutex_);
  return live_;
}

void ThreadWorkers::start_threads_for(std::size_t jobs) {
  while (live_ - busy_ < jobs && live_ < limits_.at_least_one()) start_thread();
}

void ThreadWorkers::start_thread() {
  const auto self = threads_.emplace(threads_.end());
  try {
    *self = std::thread([this, self] { work_off(self); });
  } catch (...) {
    threads_.erase(self);
    throw;
  }
  ++live_;
}

void ThreadWorkers::work_off(Threads::iterator self) {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || too_many_threads() || !waiting_.empty(); });
    if (stopping_ || too_many_threads()) break;
    run_one(lock);
    tell_about_room(lock);
  }
  --live_;
  ended_threads_.splice(ended_threads_.end(), threads_, self);
  ended_.notify_all();
}

// The job's captures end without the lock, and before it counts as done.
void ThreadWorkers::run_one(std::unique_lock<std::mutex>& lock) {
  auto job = std::move(waiting_.front());
  waiting_.pop_front();
  ++busy_;
  lock.unlock();
  job();
  job = {};
  lock.lock();
  --busy_;
}

void ThreadWorkers::tell_about_room(std::unique_lock<std::mutex>& lock) {
  if (want_room_.empty()) return;
  auto told = take_told(want_room_, jobs(), limits_);
  lock.unlock();
  for (auto& tell : told) tell();
  told.clear();
  lock.lock();
}

// A thread in the list has done all it had to do under the mutex, so this waits for nobody.
void ThreadWorkers::join_ended() {
  for (auto& thread : ended_threads_) thread.join();
  ended_threads_.clear();
}

}  // namespace orrery::pools
