#include "pools/watchdog_thread.h"

namespace orrery::pools {

WatchdogThread::WatchdogThread(HoldWatch& watch, const Clock& clock, milliseconds look_every)
    : watch_(watch), clock_(clock), look_every_(look_every), thread_([this] { watch_on(); }) {}

WatchdogThread::~WatchdogThread() {
  stop();
}

void WatchdogThread::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    stopped_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void WatchdogThread::watch_on() {
  std::unique_lock lock(mutex_);
  while (!stopped_.wait_for(lock, look_every_, [this] { return stopping_; }))
    watch_.look(clock_.now());
}

}  // namespace orrery::pools
