// An ExitDeadline ends the process when it should have ended by itself: a callback that never
// returns keeps its thread for ever, and a thread can't be ended alone.
//
// Owner   serve(): made before the engine, so that it also outlives the engine's destructor.
// Thread  arm() from any.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "base/clock.h"

namespace orrery::app {

class ExitDeadline {
 public:
  /// `expired` is called once, on a thread of its own, if the time is over and this still lives.
  explicit ExitDeadline(std::function<void()> expired) : expired_(std::move(expired)) {}
  ExitDeadline(const ExitDeadline&) = delete;
  ExitDeadline& operator=(const ExitDeadline&) = delete;
  ~ExitDeadline();

  /// The clock runs from the first call on.
  void arm(milliseconds after);

 private:
  void wait(milliseconds after);

  const std::function<void()> expired_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ended_ = false;
  std::thread thread_{};
};

}  // namespace orrery::app
