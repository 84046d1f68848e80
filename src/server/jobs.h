// Jobs run what may block (opening and reading files) away from the loops.
//
// Thread  run() from any loop.
// Limit   one job per connection, because a connection has at most one answer under way.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "base/function.h"
#include "net/loop.h"

namespace orrery::server {

class Jobs {
 public:
  virtual ~Jobs() = default;
  /// Runs `work` elsewhere, and then posts `done` to `home`. If the server ends first, `done` is
  /// dropped without being called.
  virtual void run(net::Loop& home, Function<void()> work, Function<void()> done) = 0;
  /// After it returns no job touches a loop any more; later ones are dropped.
  virtual void stop() = 0;
};

/// One thread for all loops.
class ThreadJobs final : public Jobs {
 public:
  ThreadJobs();
  ~ThreadJobs() override;
  void run(net::Loop& home, Function<void()> work, Function<void()> done) override;
  void stop() override;

 private:
  struct Job {
    net::Loop* home;
    Function<void()> work;
    Function<void()> done;
  };
  void work_off();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> waiting_;
  bool stopping_ = false;
  std::thread thread_;
};

/// Runs the work at once and posts the rest: for servers in memory, where nothing blocks long.
class InlineJobs final : public Jobs {
 public:
  void run(net::Loop& home, Function<void()> work, Function<void()> done) override {
    work();
    home.post(std::move(done));
  }
  void stop() override {}
};

}  // namespace orrery::server
