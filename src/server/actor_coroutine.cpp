// A session's coroutine: how it is begun, suspended, resumed and ended.
#include <cassert>
#include <utility>

#include "orrery/session_waits.h"
#include "server/session_actor.h"
#include "server/session_calls.h"

namespace orrery::server {

void SessionActor::run(detail::TaskHandle task, Callback which) {
  assert(!task_ && "one live coroutine per session");
  task_ = task;
  task_is_open_ = which == Callback::on_open;
  waiter_ = task;
  resume();
}

void SessionActor::resume() {
  suspended_ = Suspended::nowhere;
  goes_on_ = false;
  const auto waiter = std::exchange(waiter_, {});
  runs_ = true;
  session_.inside_callback([&] { waiter.resume(); });
  runs_ = false;
  if (task_.done()) return finish_task();
  if (suspended_ == Suspended::nowhere) {
    cancel_task();
    return session_.failed(
        "a coroutine awaited what its session does not know: co_await a Task, "
        "or what Session offers");
  }
  const bool listens = suspended_ == Suspended::receive || suspended_ == Suspended::next;
  if (task_is_open_ && listens) end_opening();
}

void SessionActor::finish_task() {
  const auto thrown = task_.promise().thrown;
  std::exchange(task_, {}).destroy();
  takes_all_ = false;
  release_copy();
  argument_ = {};
  if (!thrown && !opening_) send_straight();
  if (thrown) session_.failed(thrown);
  if (!std::exchange(task_is_open_, false)) return;
  session_.opened();
  if (session_.route().operations.ends_with_open)
    session_.begin_close(CloseCause::Kind::server, 1000, {});
}

// One that waits for messages hears, once, that there are no more; any other is destroyed where it
// stands, innermost frame first.
void SessionActor::cancel_task() {
  if (!task_) return;
  const bool listens = suspended_ == Suspended::receive || suspended_ == Suspended::next;
  if (listens && !std::exchange(told_end_, true)) {
    message_.reset();
    expected_.reset();
    resume();
  }
  if (!task_) return;
  std::exchange(task_, {}).destroy();
  net::TimerWheel::cancel(sleep_);  // whatever it waited for last
  job_ = {};
  goes_on_ = false;
  waiter_ = {};
  suspended_ = Suspended::nowhere;
  release_copy();
  argument_ = {};
}

bool SessionActor::yields_end() {
  return !session_.is_open() && !std::exchange(told_end_, true);
}

void SessionActor::suspend(Suspended in, std::coroutine_handle<> waiter) {
  assert(runs_ && "a session's coroutine awaits its own session only");
  suspended_ = in;
  waiter_ = waiter;
  if (in == Suspended::next) takes_all_ = true;
  if (in == Suspended::receive || in == Suspended::next) release_copy();
}

void SessionActor::suspend_for(milliseconds time, std::coroutine_handle<> waiter) {
  suspend(Suspended::sleep, waiter);
  server().loop().timers().arm(sleep_, server().loop().now() + time);
}

void SessionActor::slept() {
  if (!session_.is_open()) return;  // it waits for its end
  resume();
  pump();
}

void SessionActor::flushed() {
  if (suspended_ != Suspended::drained) return;
  if (session_.queued_bytes() > 0) return session_.wants_flushed();
  goes_on_ = true;
  session_.again();
}

bool SessionActor::offer(Message message) {
  if (!task_ || opening_) return false;
  if (suspended_ == Suspended::receive)
    message_ = keep(message);
  else if (suspended_ == Suspended::next)
    expected_ = keep(message);
  else
    return false;
  resume();
  pump();  // events may have waited for it
  return true;
}

Message SessionActor::keep(Message message) {
  return {message.type(), keep(message.payload())};
}

std::string_view SessionActor::keep(std::string_view text) {
  if (copy_.capacity() <= std::string().capacity()) copy_ = server().take_buffer();
  return copy_.assign(text);
}

// An idle session keeps no buffer.
void SessionActor::release_copy() {
  letter_.reset();
  if (copy_.capacity() > std::string().capacity()) server().keep_buffer(std::move(copy_));
  copy_ = {};
}

std::optional<Message> SessionActor::take_message() {
  return std::exchange(message_, std::nullopt);
}

std::optional<Event> SessionActor::take_event() {
  return std::exchange(expected_, std::nullopt);
}

}  // namespace orrery::server

namespace orrery::detail {

namespace {

// In front of each frame: where its memory goes.
struct alignas(std::max_align_t) FrameOrigin {
  actor::FramePool* pool;
  std::size_t bytes;
};

server::SessionActor& actor_of(Session& session) {
  auto& live = static_cast<server::Session&>(session);
  live.assert_own_thread();
  return live.actor();
}

}  // namespace

void* new_frame(Session* session, std::size_t bytes) {
  bytes += sizeof(FrameOrigin);
  actor::FramePool* pool = nullptr;
  if (session) pool = &static_cast<server::Session*>(session)->server().frames();
  void* const memory = pool ? pool->take(bytes) : ::operator new(bytes);
  return new (memory) FrameOrigin{pool, bytes} + 1;
}

void delete_frame(void* frame) noexcept {
  auto* const origin = static_cast<FrameOrigin*>(frame) - 1;
  if (origin->pool) return origin->pool->keep(origin, origin->bytes);
  ::operator delete(origin);
}

bool Receiving::await_ready() const {
  return actor_of(session).yields_end();
}
void Receiving::await_suspend(std::coroutine_handle<> waiter) const {
  actor_of(session).suspend(server::Suspended::receive, waiter);
}
std::optional<Message> Receiving::await_resume() const {
  return actor_of(session).take_message();
}

bool Expecting::await_ready() const {
  return actor_of(session).yields_end();
}
void Expecting::await_suspend(std::coroutine_handle<> waiter) const {
  actor_of(session).suspend(server::Suspended::next, waiter);
}
std::optional<Event> Expecting::await_resume() const {
  return actor_of(session).take_event();
}

bool Draining::await_ready() const {
  return session.queued_bytes() == 0;
}
void Draining::await_suspend(std::coroutine_handle<> waiter) const {
  actor_of(session).suspend(server::Suspended::drained, waiter);
  static_cast<server::Session&>(session).wants_flushed();
}

void Sleeping::await_suspend(std::coroutine_handle<> waiter) const {
  actor_of(session).suspend_for(time, waiter);
}

void Naming::await_suspend(std::coroutine_handle<> waiter) const {
  actor_of(session).suspend_for_name(name, waiter);
}
NameAnswer Naming::await_resume() const {
  return actor_of(session).take_answer();
}

void await_worker(Session& session, std::coroutine_handle<> waiter, std::function<void()> job) {
  actor_of(session).suspend_for_worker(std::move(job), waiter);
}

}  // namespace orrery::detail
