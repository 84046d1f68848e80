// The callbacks of a handler: as values, and as the table in which a route keeps them.
//
// Owner   a Callbacks value belongs to its route and serves all its sessions, on all loops at once:
//         what it captures must bear that.
// Thread  every callback of a session runs on the session's loop (or a worker), one at a time.
// Errors  an exception that leaves a callback costs that session alone: close 1011, handler_error.
#pragma once

#include <functional>
#include <string_view>
#include <type_traits>
#include <utility>

#include "orrery/message.h"
#include "orrery/session.h"
#include "orrery/task.h"

namespace orrery {

/// A callback held by value: any callable that returns nothing or a Task<>.
template <typename... Args>
class Callback {
 public:
  Callback() = default;
  template <typename F>
  requires(!std::is_same_v<F, Callback>) Callback(F function) {
    constexpr bool fits = std::is_invocable_v<F&, Session&, const Args&...>;
    static_assert(fits, "this callback does not take what its place in Callbacks gives it");
    if constexpr (fits) {
      using Answer = std::invoke_result_t<F&, Session&, const Args&...>;
      static_assert(detail::is_answer<Answer>,
                    "a callback returns void, or Task<> if it is a coroutine");
      if constexpr (detail::is_answer<Answer>)
        call_ = [held = std::move(function)](Session& session, const Args&... with) mutable {
          return detail::begin(held, session, with...);
        };
      waits_ = detail::is_task<Answer>;
    }
  }

  [[nodiscard]] detail::TaskHandle operator()(Session& session, const Args&... with) const {
    return call_(session, with...);
  }
  explicit operator bool() const { return static_cast<bool>(call_); }
  [[nodiscard]] bool waits() const { return waits_; }

 private:
  bool waits_ = false;
  std::function<detail::TaskHandle(Session&, const Args&...)> call_{};
};

/// on_close, held by value.
class CloseCallback : public std::function<void(Session&, const CloseCause&)> {
 public:
  CloseCallback() = default;
  template <typename F>
  requires(std::is_invocable_v<F&, Session&, const CloseCause&>) CloseCallback(F called)
      : std::function<void(Session&, const CloseCause&)>(std::move(called)) {
    static_assert(!detail::is_task<std::invoke_result_t<F&, Session&, const CloseCause&>>,
                  "on_close is no coroutine: the session can't wait any more");
  }
};

/// A handler out of single functions; those left empty are not called.
struct Callbacks {
  Callback<> on_open{};
  Callback<Message> on_message{};
  Callback<ServerMessage> on_server_message{};  // from an Address, a name or a group
  Callback<std::string_view> on_ping{};         // it was answered already
  Callback<std::string_view> on_pong{};
  Callback<> on_tick{};                       // see Session::tick_every()
  Callback<Presence> on_presence{};           // see Session::track()
  Callback<std::string_view> on_name_lost{};  // without it: closed with 4000
  Callback<> on_drain{};                      // the server is going
  Callback<Dropped> on_dropped{};             // see Limits::overflow
  Callback<Message> on_rate_limited{};        // instead of on_message, and of RatePolicy
  CloseCallback on_close{};
};

namespace detail {

/// One callback of one handler type; empty where it has none. `self` is the handler.
template <typename S, typename... Args>
struct Operation {
  TaskHandle (*call)(void* self, S&, const Args&...) = nullptr;
  bool waits = false;  // it is a coroutine
  constexpr explicit operator bool() const { return call != nullptr; }
};

template <typename S>
struct Operations {
  Operation<S> on_open;
  Operation<S, Message> on_message;
  Operation<S, ServerMessage> on_server_message;
  Operation<S, std::string_view> on_ping;
  Operation<S, std::string_view> on_pong;
  Operation<S> on_tick;
  Operation<S, Presence> on_presence;
  Operation<S, std::string_view> on_name_lost;
  Operation<S> on_drain;
  Operation<S, Dropped> on_dropped;
  Operation<S, Message> on_rate_limited;
  Operation<S, CloseCause> on_close;
  bool ends_with_open = false;            // when on_open has ended, so has the session
  void (*destroy)(void* self) = nullptr;  // null: the route keeps the handler

  /// Whether something holds of any of them.
  template <typename Which>
  [[nodiscard]] constexpr bool any(Which which) const {
    return which(on_open) || which(on_message) || which(on_server_message) || which(on_ping) ||
           which(on_pong) || which(on_tick) || which(on_presence) || which(on_name_lost) ||
           which(on_drain) || which(on_dropped) || which(on_rate_limited) || which(on_close);
  }
};
using HandlerOperations = Operations<Session>;
using WorkerOperations = Operations<WorkerSession>;

/// Whether a callable can be called so, and answers as a callback must.
template <typename F, typename S, typename... Args>
inline constexpr bool answers_to = [] {
  if constexpr (std::is_invocable_v<F&, S&, const Args&...>)
    return is_answer<std::invoke_result_t<F&, S&, const Args&...>>;
  return false;
}();

/// Whether a function is for workers; one that takes any kind of session is not.
template <typename F>
inline constexpr bool works = [] {
  if constexpr (!answers_to<F, Session, Message>) return answers_to<F, WorkerSession, Message>;
  return false;
}();

template <typename F, typename S, typename... Args>
constexpr void bind_function(Operation<S, Args...>& place) {
  place = {[](void* self, S& session, const Args&... with) {
             return begin(*static_cast<F*>(self), session, with...);
           },
           is_task<std::invoke_result_t<F&, S&, const Args&...>>};
}

/// The table of a callable that a route keeps for all its sessions: a function of messages, or a
/// coroutine that is the whole conversation.
template <typename F, typename S>
constexpr Operations<S> operations_of_function() {
  Operations<S> t;
  if constexpr (answers_to<F, S, Message>) {
    bind_function<F>(t.on_message);
  } else if constexpr (answers_to<F, S>) {
    bind_function<F>(t.on_open);
    t.ends_with_open = true;
  }
  return t;
}

template <auto member, typename... Args>
void keep(Operation<Session, Args...>& place, const Callbacks& which) {
  if (!(which.*member)) return;
  place = {[](void* self, Session& session, const Args&... with) {
             return (static_cast<Callbacks*>(self)->*member)(session, with...);
           },
           (which.*member).waits()};
}

inline HandlerOperations operations_of_callbacks(const Callbacks& which) {
  HandlerOperations t;
  keep<&Callbacks::on_open>(t.on_open, which);
  keep<&Callbacks::on_message>(t.on_message, which);
  keep<&Callbacks::on_server_message>(t.on_server_message, which);
  keep<&Callbacks::on_ping>(t.on_ping, which);
  keep<&Callbacks::on_pong>(t.on_pong, which);
  keep<&Callbacks::on_tick>(t.on_tick, which);
  keep<&Callbacks::on_presence>(t.on_presence, which);
  keep<&Callbacks::on_name_lost>(t.on_name_lost, which);
  keep<&Callbacks::on_drain>(t.on_drain, which);
  keep<&Callbacks::on_dropped>(t.on_dropped, which);
  keep<&Callbacks::on_rate_limited>(t.on_rate_limited, which);
  if (which.on_close)
    t.on_close.call = [](void* self, Session& session, const CloseCause& cause) {
      return begin(static_cast<Callbacks*>(self)->on_close, session, cause);
    };
  return t;
}

}  // namespace detail
}  // namespace orrery
