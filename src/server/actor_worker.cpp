// A session's callbacks on the worker threads of its pool: one at a time, and nothing else
// meanwhile.
#include <system_error>
#include <utility>

#include "base/exceptions.h"
#include "server/loop_server.h"
#include "server/session.h"
#include "server/session_actor.h"
#include "server/worker_run.h"

namespace orrery::server {

void SessionActor::work(Function<void(WorkerSession&)> callback, std::size_t bytes) {
  work_bytes_ = bytes;
  working_ = std::make_shared<WorkerRun>(server(), mailbox(), session_.request(), session_.sender(),
                                         std::move(callback));
  retry_work();
}

// Until the pool's queue has room, the session waits, and is not read.
void SessionActor::retry_work() {
  if (!working_ || under_way_) return;
  Function<void()> job = [run = working_] { run->run(); };
  try {
    under_way_ = session_.pool().workers().run(std::move(job));
  } catch (const std::system_error& error) {  // no thread could be started
    working_.reset();
    session_.failed(error.what());
    return session_.went_on_from_worker();
  }
  if (!under_way_) server().wait_for_worker(session_.pool(), session_.id());
}

void SessionActor::worker_done(WorkerRun& run) {
  const auto kept = std::exchange(working_, nullptr);
  under_way_ = false;
  if (run.took()) session_.counters().callbacks.add(*run.took());
  session_.apply(run.take_calls());
  if (run.thrown()) session_.failed(run.thrown());
  if (!session_.is_open()) return session_.went_on_from_worker();
  if (opening_ && !gate_posted_) session_.opened();
  pump();
}

void SessionActor::finish_work_here() {
  const auto run = std::exchange(working_, nullptr);
  if (!run->begun()) run->run();
  session_.apply(run->take_calls());
  if (run->thrown()) session_.failed(run->thrown());
}

void SessionActor::suspend_for_worker(std::function<void()> job, std::coroutine_handle<> waiter) {
  suspend(Suspended::worker, waiter);
  const std::uint32_t number = ++suspensions_;
  job_ = [job = std::move(job), to = mailbox(), &loop = server(), number] {
    {
      const actor::Mailbox::OnWorker here(*to);
      job();
    }
    loop.work_returned(*to, number);
  };
  retry_job();
}

void SessionActor::retry_job() {
  if (!job_) return;
  try {
    if (!session_.pool().workers().run(std::move(job_)))
      return server().wait_for_worker(session_.pool(), session_.id());
  } catch (const std::system_error& error) {  // no thread could be started
    session_.failed(error.what());
  }
  job_ = {};
}

// A coroutine that was destroyed meanwhile, or waits for something else now, is not concerned.
void SessionActor::work_returned(std::uint32_t suspension) {
  if (suspended_ != Suspended::worker || suspension != suspensions_) return;
  resume();
  pump();
}

void SessionActor::room_for_work() {
  retry_work();
  retry_job();
}

namespace {

template <typename... Args>
using WorkerOperation = detail::Operation<WorkerSession, Args...>;

// A callback with copies of what it views.
Function<void(WorkerSession&)> bound(const WorkerOperation<ServerMessage>& operation, void* handler,
                                     std::unique_ptr<actor::Letter> letter) {
  return [&operation, handler, kept = std::move(letter)](WorkerSession& session) {
    const auto& text = std::get<actor::TextLetter>(kept->content());
    operation.call(handler, session,
                   ServerMessage(text.type, text.payload.view(), text.group, text.position));
  };
}

Function<void(WorkerSession&)> bound(const WorkerOperation<Presence>& operation, void* handler,
                                     std::unique_ptr<actor::Letter> letter) {
  return [&operation, handler, kept = std::move(letter)](WorkerSession& session) {
    const auto& presence = std::get<actor::PresenceLetter>(kept->content());
    operation.call(handler, session,
                   Presence{presence.kind, presence.group, presence.who, presence.metadata});
  };
}

}  // namespace

void SessionActor::handle_letter_on_worker(std::unique_ptr<actor::Letter> letter) {
  const auto& operations = session_.route().worker_operations;
  void* const handler = session_.handler();
  const auto& content = letter->content();
  if (const auto* text = std::get_if<actor::TextLetter>(&content)) {
    if (operations.on_server_message)
      work(bound(operations.on_server_message, handler, std::move(letter)));
    else
      session_.send_data(static_cast<websocket::Opcode>(text->type), text->payload.view(), {});
  } else if (std::holds_alternative<actor::PresenceLetter>(content)) {
    if (operations.on_presence) work(bound(operations.on_presence, handler, std::move(letter)));
  } else {
    const auto& lost = std::get<actor::NameLostLetter>(content);
    if (!operations.on_name_lost)
      return session_.begin_close(CloseCause::Kind::name_lost, 4000, "name taken over");
    work([&operations, handler, name = lost.name](WorkerSession& session) {
      operations.on_name_lost.call(handler, session, name);
    });
  }
}

void SessionActor::handle_on_worker(Waiting event) {
  const auto& operations = session_.route().worker_operations;
  void* const handler = session_.handler();
  if (auto* letter = std::get_if<std::unique_ptr<actor::Letter>>(&event))
    return handle_letter_on_worker(std::move(*letter));
  const auto plain = [&](const WorkerOperation<>& operation) {
    if (!operation) return;
    work([&operation, handler](WorkerSession& session) { operation.call(handler, session); });
  };
  if (std::holds_alternative<Tick>(event)) return plain(operations.on_tick);
  if (std::holds_alternative<Drain>(event)) return plain(operations.on_drain);
  if (const auto* dropped = std::get_if<Dropped>(&event); dropped && operations.on_dropped)
    work([&operations, handler, what = *dropped](WorkerSession& session) {
      operations.on_dropped.call(handler, session, what);
    });
}

}  // namespace orrery::server
