#include "apps/orrery/exit_deadline.h"

namespace orrery::app {

ExitDeadline::~ExitDeadline() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void ExitDeadline::arm(milliseconds after) {
  const std::lock_guard lock(mutex_);
  if (ended_ || thread_.joinable()) return;
  thread_ = std::thread([this, after] { wait(after); });
}

void ExitDeadline::wait(milliseconds after) {
  {
    std::unique_lock lock(mutex_);
    if (changed_.wait_for(lock, after, [this] { return ended_; })) return;
  }
  expired_();
}

}  // namespace orrery::app
