// A Loop runs one thread's share of the server, turn by turn: wait, watchers, inbox, timers, the
// requeued, what they posted to this very loop, turn-end hooks.
//
// Owner   the server; what is registered with it unlinks itself and may go first.
// Thread  the one that is in run() (or calls turn()); post() and stop() from any.
// Limit   its poller sleeps by the system's clock: with another one, turns should be bounded.
//         LoopOptions: a batch of posted work per turn, so that it can't starve I/O.
#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <thread>

#include "base/clock.h"
#include "base/function.h"
#include "net/chunk_pool.h"
#include "net/inbox.h"
#include "net/poller.h"
#include "net/timer_wheel.h"

namespace orrery::net {

struct LoopOptions {
  std::size_t index = 0;
  std::size_t read_buffer_bytes = 512 * 1024;
  std::size_t chunk_pool_bytes = 1024 * 1024;
  std::size_t posted_per_turn = 1024;
};

/// Wants to be called at the end of the turn; unlinks itself when it is destroyed.
class TurnEndHook : public SelfUnlinking {
 public:
  TurnEndHook() = default;
  TurnEndHook(const TurnEndHook&) = delete;
  TurnEndHook& operator=(const TurnEndHook&) = delete;
  /// May ask again (then it is called again in the same turn), and may destroy itself or others.
  virtual void on_turn_end() = 0;

 protected:
  ~TurnEndHook() = default;
};

/// Wants to be called in the next turn; unlinks itself when it is destroyed.
class Requeued : public SelfUnlinking {
 public:
  Requeued() = default;
  Requeued(const Requeued&) = delete;
  Requeued& operator=(const Requeued&) = delete;
  virtual void on_again() = 0;

 protected:
  ~Requeued() = default;
};

class Loop {
 public:
  Loop(const Clock& clock, std::unique_ptr<Poller> poller, LoopOptions options = {});
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop();  // posted work that was not run is dropped

  /// Turns until stop(); this thread is the loop's meanwhile.
  void run();
  /// One turn, sleeping at most `max_wait` (negative: no limit). Whether anything happened.
  bool turn(milliseconds max_wait);
  /// Ends run() after the turn that runs now, for good. Any thread.
  void stop();

  /// Runs it on this loop, in the order of posting per thread. Any thread; never before it returns.
  void post(Function<void()> work);
  /// The same without an allocation: the node is the caller's until it is run or dropped.
  void post(InboxNode& node);
  /// Calls the hook once at the end of this turn, however often it is asked for.
  void at_turn_end(TurnEndHook& hook) { link(hooks_, hook); }
  /// Calls it in the next turn, which does not sleep: fairness, and the first read after accept.
  void again(Requeued& requeued) { link(again_, requeued); }

  /// The time at which this turn began, after its wait.
  [[nodiscard]] Time now() const { return now_; }
  [[nodiscard]] const Clock& clock() const { return clock_; }
  [[nodiscard]] TimerWheel& timers() { return timers_; }
  /// Shared by all streams of the loop: what lies in it is gone when the callback returns.
  [[nodiscard]] std::span<char> read_buffer() { return {read_buffer_.get(), read_buffer_bytes_}; }
  [[nodiscard]] ChunkPool& chunks() { return chunks_; }
  [[nodiscard]] Poller& poller() { return *poller_; }
  [[nodiscard]] std::size_t index() const { return index_; }
  /// For those who may post when the loop is gone.
  [[nodiscard]] const std::shared_ptr<Inbox>& inbox() const { return inbox_; }
  /// For assertions: true on the loop's thread, and everywhere while nobody is in run().
  [[nodiscard]] bool in_own_thread() const { return inbox_->in_own_thread(); }
  /// True on the thread that is in run(), and nowhere else.
  [[nodiscard]] bool runs_here() const { return inbox_->runs_here(); }

 private:
  template <typename T>
  using List = hook::list<T, hook::base_hook<SelfUnlinking>, hook::constant_time_size<false>>;

  template <typename T>
  static void link(List<T>& list, T& element) {
    if (!element.is_linked()) list.push_back(element);
  }

  void wait(milliseconds max_wait);
  [[nodiscard]] bool may_sleep();
  [[nodiscard]] bool set_alarm();
  std::size_t call_requeued();
  std::size_t call_turn_end_hooks();

  struct FreeBuffer {
    void operator()(char* buffer) const;
  };

  const Clock& clock_;
  const std::unique_ptr<Poller> poller_;
  const std::size_t index_;
  const std::size_t posted_per_turn_;
  const std::size_t read_buffer_bytes_;
  const std::unique_ptr<char, FreeBuffer> read_buffer_;
  std::atomic<bool> stopping_{false};
  Time now_;
  Time alarm_{};  // the poller's: of the past if it went off
  ChunkPool chunks_;
  TimerWheel timers_;
  List<Requeued> again_;     // for the next turn
  List<Requeued> requeued_;  // for this one
  List<TurnEndHook> hooks_;
  List<TurnEndHook> ending_;  // hooks of the round that runs now
  const std::shared_ptr<Inbox> inbox_;
};

}  // namespace orrery::net
