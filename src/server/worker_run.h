// A WorkerRun is one callback of a session on its way through a worker thread and back, with what
// the callback asks for meanwhile.
//
// Owner   shared: by the session's actor while it waits, and by the job. The session stays until
// the
//         run is over, so that handler and request live as long as the callback.
// Thread  run() and what WorkerSession calls: the worker's. The rest: the loop's.
// Limit   the pool's worker queue.
#pragma once

#include <atomic>
#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actor/mailbox.h"
#include "base/function.h"
#include "orrery/session.h"

namespace orrery::server {

class LoopServer;

/// One call of a WorkerSession, to be made on the loop.
struct WorkerCall {
  enum class Kind : std::uint8_t { send, close, join, leave, publish };

  Kind kind;
  std::string group{};
  std::string text{};  // of a close: the reason; of a join: the metadata
  MessageType type = MessageType::text;
  std::uint16_t code = 0;
};

class WorkerRun final : public std::enable_shared_from_this<WorkerRun> {
 public:
  WorkerRun(LoopServer& server, std::shared_ptr<actor::Mailbox> mailbox, const Request& request,
            Sender sender, Function<void(WorkerSession&)> callback);

  /// On the worker: the callback, and then the way back.
  void run();

  /// Whether a worker has begun it.
  [[nodiscard]] bool begun() const { return begun_.load(std::memory_order_acquire); }

  void note(WorkerCall call) { calls_.push_back(std::move(call)); }
  void flush();
  [[nodiscard]] const Request& request() const { return request_; }
  [[nodiscard]] const Sender& sender() const { return sender_; }
  [[nodiscard]] const std::shared_ptr<actor::Mailbox>& mailbox() const { return mailbox_; }

  /// On the loop, when it is over: what was asked for since the last flush().
  [[nodiscard]] std::vector<WorkerCall> take_calls() { return std::move(calls_); }
  [[nodiscard]] const std::exception_ptr& thrown() const { return thrown_; }
  /// How long the callback took, if it was one of those that are timed.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> took() const { return took_; }

 private:
  /// The way back: part of the run, so it needs no memory.
  class Return final : public net::InboxNode {
   public:
    explicit Return(WorkerRun& of) : run_(of) {}
    void run() override;
    void dropped() override { keeps_.reset(); }

   private:
    friend class WorkerRun;
    WorkerRun& run_;
    std::shared_ptr<WorkerRun> keeps_{};
  };
  class Flushed;

  LoopServer& server_;
  const std::shared_ptr<actor::Mailbox> mailbox_;
  const Request& request_;
  const Sender sender_;
  Function<void(WorkerSession&)> callback_;
  std::vector<WorkerCall> calls_{};
  std::exception_ptr thrown_{};
  const bool timed_;
  std::optional<std::chrono::nanoseconds> took_{};
  std::atomic<bool> begun_{false};
  Return return_{*this};
};

}  // namespace orrery::server
