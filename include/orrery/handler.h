// What a handler may look like, and how a route holds one without knowing its type.
//
// A handler is one of: a callable (Session&, Message); a coroutine (Session&) that talks until it
// returns; a Callbacks value; or a type with any of the members named in Callbacks, of which each
// session gets an object of its own. Every callback but on_close may be a coroutine (return
// Task<>). With WorkerSession& instead of Session& it runs on the worker threads of its pool and
// may block. A callable or Callbacks belongs to its route and serves all its sessions, on all loops
// at once: what it captures must bear that.
//
// Thread  every callback of a session runs on the session's loop (or a worker), one at a time.
// Errors  an exception that leaves a callback costs that session alone: close 1011, handler_error.
#pragma once

#include <functional>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include "orrery/callbacks.h"
#include "orrery/handshake.h"

namespace orrery::detail {

/// Fills one place of the table with a member function, static or not, if it takes what it is
/// given.
template <auto member, typename T, typename S, typename... Args>
constexpr void bind(Operation<S, Args...>& place) {
  using Member = decltype(member);
  if constexpr (std::is_invocable_v<Member, T&, S&, const Args&...>) {
    using Answer = std::invoke_result_t<Member, T&, S&, const Args&...>;
    if constexpr (is_answer<Answer>)
      place = {[](void* self, S& session, const Args&... with) {
                 return begin(member, *static_cast<T*>(self), session, with...);
               },
               is_task<Answer>};
  } else if constexpr (answers_to<Member, S, Args...>) {
    place = {[](void*, S& session, const Args&... with) { return begin(member, session, with...); },
             is_task<std::invoke_result_t<Member, S&, const Args&...>>};
  }
}

template <typename T, typename S>
constexpr Operations<S> find_callbacks() {
  Operations<S> t;
  if constexpr (requires { &T::on_open; }) bind<&T::on_open, T>(t.on_open);
  if constexpr (requires { &T::on_message; }) bind<&T::on_message, T>(t.on_message);
  if constexpr (requires { &T::on_server_message; })
    bind<&T::on_server_message, T>(t.on_server_message);
  if constexpr (requires { &T::on_ping; }) bind<&T::on_ping, T>(t.on_ping);
  if constexpr (requires { &T::on_pong; }) bind<&T::on_pong, T>(t.on_pong);
  if constexpr (requires { &T::on_tick; }) bind<&T::on_tick, T>(t.on_tick);
  if constexpr (requires { &T::on_presence; }) bind<&T::on_presence, T>(t.on_presence);
  if constexpr (requires { &T::on_name_lost; }) bind<&T::on_name_lost, T>(t.on_name_lost);
  if constexpr (requires { &T::on_drain; }) bind<&T::on_drain, T>(t.on_drain);
  if constexpr (requires { &T::on_dropped; }) bind<&T::on_dropped, T>(t.on_dropped);
  if constexpr (requires { &T::on_rate_limited; }) bind<&T::on_rate_limited, T>(t.on_rate_limited);
  if constexpr (requires { &T::on_close; }) bind<&T::on_close, T>(t.on_close);
  t.destroy = [](void* self) { delete static_cast<T*>(self); };
  return t;
}

/// The table of a handler type; what is wrong with the type is a compile error that says so.
template <typename T, typename S>
constexpr Operations<S> operations_of() {
  constexpr Operations<S> t = find_callbacks<T, S>();
  static_assert(
      requires { &T::on_message; } || t.on_open.waits,
      "this handler has no on_message: write void on_message(Session&, Message)");
  static_assert(
      static_cast<bool>(t.on_open) || !requires { &T::on_open; },
      "on_open has the wrong signature: write void on_open(Session&)");
  static_assert(
      static_cast<bool>(t.on_message) || !requires { &T::on_message; },
      "on_message has the wrong signature: write void on_message(Session&, Message)");
  static_assert(
      static_cast<bool>(t.on_server_message) || !requires { &T::on_server_message; },
      "on_server_message has the wrong signature: write void on_server_message(Session&, "
      "ServerMessage)");
  static_assert(
      static_cast<bool>(t.on_ping) || !requires { &T::on_ping; },
      "on_ping has the wrong signature: write void on_ping(Session&, std::string_view)");
  static_assert(
      static_cast<bool>(t.on_pong) || !requires { &T::on_pong; },
      "on_pong has the wrong signature: write void on_pong(Session&, std::string_view)");
  static_assert(
      static_cast<bool>(t.on_tick) || !requires { &T::on_tick; },
      "on_tick has the wrong signature: write void on_tick(Session&)");
  static_assert(
      static_cast<bool>(t.on_presence) || !requires { &T::on_presence; },
      "on_presence has the wrong signature: write void on_presence(Session&, const Presence&)");
  static_assert(
      static_cast<bool>(t.on_name_lost) || !requires { &T::on_name_lost; },
      "on_name_lost has the wrong signature: write void on_name_lost(Session&, std::string_view)");
  static_assert(
      static_cast<bool>(t.on_drain) || !requires { &T::on_drain; },
      "on_drain has the wrong signature: write void on_drain(Session&)");
  static_assert(
      static_cast<bool>(t.on_dropped) || !requires { &T::on_dropped; },
      "on_dropped has the wrong signature: write void on_dropped(Session&, Dropped)");
  static_assert(
      static_cast<bool>(t.on_rate_limited) || !requires { &T::on_rate_limited; },
      "on_rate_limited has the wrong signature: write void on_rate_limited(Session&, Message)");
  static_assert(
      static_cast<bool>(t.on_close) || !requires { &T::on_close; },
      "on_close has the wrong signature: write void on_close(Session&, CloseCause)");
  static_assert(!t.on_close.waits, "on_close is no coroutine: the session can't wait any more");
  return t;
}

/// Types whose on_message takes a WorkerSession& run on workers.
template <typename T>
inline constexpr bool for_workers = [] {
  if constexpr (requires { &T::on_message; })
    return std::is_invocable_v<decltype(&T::on_message), T&, WorkerSession&, const Message&> ||
           answers_to<decltype(&T::on_message), WorkerSession, Message>;
  return false;
}();

template <typename A>
A& unwrap(A& value) {
  return value;
}
template <typename A>
A& unwrap(std::reference_wrapper<A>& value) {
  return value.get();
}

/// Makes a T of its own for each session.
template <typename T, typename... Args>
struct ObjectMaker {
  static constexpr bool for_workers = detail::for_workers<T>;
  std::tuple<Args...> arguments;

  template <typename Value>
  static constexpr bool takes =
      !std::is_same_v<Value, Nothing> &&
      std::is_constructible_v<T, Value, std::unwrap_reference_t<Args>&...>;
  template <typename Value>
  static constexpr bool can_make =
      takes<Value> || std::is_constructible_v<T, std::unwrap_reference_t<Args>&...>;

  template <typename Value>
  void* make(Value& value, const Handshake&) {
    const auto build = [&](auto&... with) -> void* {
      if constexpr (takes<Value>)
        return new T(std::move(value), unwrap(with)...);
      else
        return new T(unwrap(with)...);
    };
    return std::apply(build, arguments);
  }
};

/// Gives every session the handler that the route keeps.
template <typename F>
struct SharedMaker {
  static constexpr bool for_workers = works<F>;
  F handler;
  template <typename Value>
  static constexpr bool can_make = true;
  template <typename Value>
  void* make(Value&, const Handshake&) {
    return &handler;
  }
};

/// Asks a function (const Request&) -> std::unique_ptr<T> for each session.
template <typename F>
struct FactoryMaker {
  using Made = typename std::invoke_result_t<F&, const Request&>::element_type;
  static constexpr bool for_workers = detail::for_workers<Made>;
  F factory;
  template <typename Value>
  static constexpr bool can_make = true;
  template <typename Value>
  void* make(Value&, const Handshake& hello) {
    return factory(hello.request).release();
  }
};

template <typename Value, typename Maker>
Opening settle(Admission<Value> admission, const Handshake& hello, Maker& maker) {
  auto& outcome = admission.outcome;
  if (auto* rejected = std::get_if<Rejected>(&outcome)) return std::move(rejected->response);
  if (auto* closed = std::get_if<AcceptedThenClosed>(&outcome))
    return Opened{nullptr, std::move(closed->terms)};
  auto& accepted = std::get<Accepted<Value>>(outcome);
  return Opened{maker.make(accepted.value, hello), std::move(accepted.terms)};
}

template <typename Value, typename Maker>
Task<Opening> settle_later(Task<Admission<Value>> asked, Handshake& hello,
                           std::shared_ptr<Maker> maker) {
  co_return settle(co_await asked, hello, *maker);
}

}  // namespace orrery::detail
