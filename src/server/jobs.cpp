#include "server/jobs.h"

namespace orrery::server {

ThreadJobs::ThreadJobs() : thread_([this] { work_off(); }) {}

ThreadJobs::~ThreadJobs() {
  stop();
}

void ThreadJobs::run(net::Loop& home, Function<void()> work, Function<void()> done) {
  const std::lock_guard lock(mutex_);
  if (stopping_) return;
  waiting_.push_back({&home, std::move(work), std::move(done)});
  changed_.notify_one();
}

void ThreadJobs::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    waiting_.clear();
    changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void ThreadJobs::work_off() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    Job job = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    job.work();
    job.home->post(std::move(job.done));
    lock.lock();
  }
}

}  // namespace orrery::server
