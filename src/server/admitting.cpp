// Admissions that are coroutines: the connection is not read while one waits for a worker.
#include "server/admitting.h"

#include "base/exceptions.h"
#include "server/http_protocol.h"
#include "server/loop_server.h"

namespace orrery::server {

namespace {

/// A worker has done the job of the admission on one connection.
class Returned final : public net::InboxNode {
 public:
  Returned(LoopServer& server, SlotId connection) : server_(server), connection_(connection) {}
  void run() override {
    const std::unique_ptr<Returned> self(this);
    Connection* const connection = server_.find(connection_);
    if (!connection || connection->finishing()) return;
    if (auto* const http = dynamic_cast<HttpProtocol*>(connection->protocol()))
      http->work_returned();
  }
  void dropped() override { delete this; }

 private:
  LoopServer& server_;
  const SlotId connection_;
};

}  // namespace

HttpProtocol::~HttpProtocol() = default;

void HttpProtocol::on_gone() {
  admitting_.reset();
}

Progress HttpProtocol::admit_later(std::unique_ptr<Admitting> admitting) {
  admitting_ = std::move(admitting);
  admitting_->handshake.set_host(*this);
  wait_for(Waiting::admission);
  connection_.pause();
  admitting_->task.emplace(admitting_->route.spec->open_later(admitting_->handshake));
  auto& task = *admitting_->task;
  admitting_->waiter = task.handle();
  return go_on_admitting();
}

// Lets the coroutine run until it waits again, or has ended.
Progress HttpProtocol::go_on_admitting() {
  std::exchange(admitting_->waiter, {}).resume();
  auto& task = *admitting_->task;
  if (!task.handle().done()) return Progress::paused;
  const auto admitting = std::move(admitting_);
  connection_.resume();
  try {
    return settle(*admitting, task.await_resume());
  } catch (...) {
    return threw(*admitting->route.spec, std::current_exception());
  }
}

void HttpProtocol::work(std::coroutine_handle<> waiter, std::function<void()> job) {
  admitting_->waiter = waiter;
  Function<void()> run = [job = std::move(job), door = server().door(), &home = server(),
                          id = connection_.id()] {
    job();
    auto returned = std::make_unique<Returned>(home, id);
    if (door->post(*returned)) (void)returned.release();  // it deletes itself
  };
  if (admitting_->permit.giver()->workers().run(std::move(run))) return;
  admitting_->waiter = {};  // no room in the pool's queue: refused at the turn's end
  server().continue_later(connection_);
}

void HttpProtocol::work_returned() {
  if (!admitting_ || !admitting_->waiter) return;
  const auto admission_goes_on = [this] {
    const pools::Holding::Callback held(server().holding(), admitting_->route.origin);
    return go_on_admitting();
  };
  if (admission_goes_on() == Progress::replaced) connection_.start_replaced();
}

void HttpProtocol::on_again() {
  if (!admitting_ || admitting_->waiter) return;
  const auto admitting = std::move(admitting_);
  (void)refuse(*admitting, Response::text("too much to do\n", 503).with("Retry-After", "1"),
               "worker queue full");
}

}  // namespace orrery::server
