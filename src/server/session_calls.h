// How a Session calls its handler. Part of session.h; it stands apart because it is templates, and
// what every callback runs through.
#pragma once

#include "server/loop_server.h"
#include "server/session.h"
#include "server/session_actor.h"

namespace orrery::server {

LoopServer::Running::Running(LoopServer& server, const Session& session,
                             const pools::CallbackOrigin& origin, Timing timing)
    : server_(server) {
  server.door_->runs(session.id());
  server.holding_.enter(origin);
  if (timing == Timing::one_in_64 && server.times_this_one()) begin_timing(session);
}

LoopServer::Running::~Running() {
  if (timed_) end_timing();
  server_.door_->rests();
  server_.holding_.leave();
}

template <typename Call>
void Session::inside_callback(Call&& call) {
  const LoopServer::Running running(server(), *this, route_.origin);
  call();
}

template <typename Call>
void Session::guarded(Call&& call) {
  try {
    inside_callback(std::forward<Call>(call));
  } catch (...) {
    failed(std::current_exception());
  }
}

namespace detail_calls {

// What a coroutine may look at for as long as it likes, even if it takes it by reference; letters
// are kept by the actor already.
inline const Message& kept(SessionActor& actor, const Message& message) {
  return actor.hold(actor.keep(message));
}
inline const std::string_view& kept(SessionActor& actor, const std::string_view& text) {
  return actor.hold(actor.keep(text));
}
template <typename T>
const T& kept(SessionActor& actor, const T& value) {
  return actor.hold(value);
}

}  // namespace detail_calls

template <typename... Args>
void Session::call(const detail::Operation<orrery::Session, Args...>& operation,
                   const Args&... with) {
  if (!operation || (operation.waits && actor_ && actor_->has_task())) return;
  orrery::detail::TaskHandle task{};
  guarded([&] {
    if (!operation.waits)
      operation.call(handler_, *this, with...);
    else
      task = operation.call(handler_, *this, detail_calls::kept(actor(), with)...);
  });
  if (task) actor().run(task, SessionActor::Callback::other);
}

}  // namespace orrery::server
