#include "server/worker_run.h"

#include <utility>

#include "server/loop_server.h"
#include "server/session.h"

namespace orrery::server {

/// What a callback asked for before it ended.
class WorkerRun::Flushed final : public net::InboxNode {
 public:
  Flushed(LoopServer& server, SlotId session, std::vector<WorkerCall> calls)
      : server_(server), session_(session), calls_(std::move(calls)) {}
  void run() override {
    const std::unique_ptr<Flushed> self(this);
    if (Session* const session = server_.session(session_)) session->apply(calls_);
  }
  void dropped() override { delete this; }

 private:
  LoopServer& server_;
  const SlotId session_;
  const std::vector<WorkerCall> calls_;
};

WorkerRun::WorkerRun(LoopServer& server, std::shared_ptr<actor::Mailbox> mailbox,
                     const Request& request, Sender sender, Function<void(WorkerSession&)> callback)
    : server_(server),
      mailbox_(std::move(mailbox)),
      request_(request),
      sender_(std::move(sender)),
      callback_(std::move(callback)),
      timed_(server.times_this_one()) {}

void WorkerRun::run() {
  begun_.store(true, std::memory_order_release);
  const Clock& clock = server_.node().environment.clock;
  const auto began = timed_ ? clock.stopwatch() : 0ns;
  WorkerSession session(*this);
  try {
    const actor::Mailbox::OnWorker here(*mailbox_);
    callback_(session);
  } catch (...) {
    thrown_ = std::current_exception();
  }
  if (timed_) took_ = clock.stopwatch() - began;
  return_.keeps_ = shared_from_this();
  if (!mailbox_->door().post(return_)) return_.keeps_.reset();
}

void WorkerRun::Return::run() {
  const auto kept = std::move(keeps_);
  if (Session* const session = run_.server_.session(run_.mailbox_->session()))
    session->worker_done(run_);
}

void WorkerRun::flush() {
  if (calls_.empty()) return;
  auto flushed = std::make_unique<Flushed>(server_, mailbox_->session(), std::move(calls_));
  calls_.clear();
  if (mailbox_->door().post(*flushed)) (void)flushed.release();  // it deletes itself
}

}  // namespace orrery::server

namespace orrery {

using Kind = server::WorkerCall::Kind;

const Request& WorkerSession::request() const {
  return run_->request();
}
Address WorkerSession::address() const {
  return Address(run_->mailbox());
}
Sender WorkerSession::sender() const {
  return run_->sender();
}

void WorkerSession::send(std::string_view text) {
  send(Message(MessageType::text, text));
}
void WorkerSession::send(Message message) {
  run_->note({Kind::send, {}, std::string(message.payload()), message.type()});
}
void WorkerSession::close(std::uint16_t code, std::string_view reason) {
  run_->note({Kind::close, {}, std::string(reason), MessageType::text, code});
}
void WorkerSession::join(std::string_view group, std::string_view metadata) {
  run_->note({Kind::join, std::string(group), std::string(metadata)});
}
void WorkerSession::leave(std::string_view group) {
  run_->note({Kind::leave, std::string(group)});
}
void WorkerSession::publish(std::string_view group, std::string_view text) {
  publish(group, Message(MessageType::text, text));
}
void WorkerSession::publish(std::string_view group, Message message) {
  run_->note({Kind::publish, std::string(group), std::string(message.payload()), message.type()});
}
void WorkerSession::flush() {
  run_->flush();
}

}  // namespace orrery
