// What a handler may look like, and how a route holds one without knowing its type.
//
// A handler is one of: a callable (Session&, Message); a Callbacks value; or a type with any of the
// members below, of which each session gets an object of its own. on_message is the only one that
// must be there. A callable or Callbacks belongs to its route and serves all its sessions, on all
// loops at once: what it captures must bear that.
//
// Thread  every callback of a session runs on the session's loop, one at a time.
// Errors  an exception that leaves a callback costs that session alone: close 1011, handler_error.
#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "orrery/handshake.h"
#include "orrery/message.h"
#include "orrery/session.h"

namespace orrery {

/// A handler out of single functions; those left empty are not called.
struct Callbacks {
  std::function<void(Session&)> on_open{};
  std::function<void(Session&, Message)> on_message{};
  std::function<void(Session&, std::string_view)> on_ping{};
  std::function<void(Session&, std::string_view)> on_pong{};
  std::function<void(Session&, const CloseCause&)> on_close{};
};

namespace detail {

/// The callbacks of one handler type; null where it has none. `self` is the handler.
struct HandlerOperations {
  void (*on_open)(void* self, Session&) = nullptr;
  void (*on_message)(void* self, Session&, Message) = nullptr;
  void (*on_ping)(void* self, Session&, std::string_view payload) = nullptr;
  void (*on_pong)(void* self, Session&, std::string_view payload) = nullptr;
  void (*on_close)(void* self, Session&, const CloseCause&) = nullptr;
  void (*destroy)(void* self) = nullptr;  // null: the route keeps the handler
};

template <typename T>
concept OpensWith = requires(T& handler, Session& session) {
  { handler.on_open(session) } -> std::same_as<void>;
};
template <typename T>
concept TakesMessages = requires(T& handler, Session& session, const Message message) {
  { handler.on_message(session, message) } -> std::same_as<void>;
};
template <typename T>
concept TakesPings = requires(T& handler, Session& session, const std::string_view payload) {
  { handler.on_ping(session, payload) } -> std::same_as<void>;
};
template <typename T>
concept TakesPongs = requires(T& handler, Session& session, const std::string_view payload) {
  { handler.on_pong(session, payload) } -> std::same_as<void>;
};
template <typename T>
concept HearsClose = requires(T& handler, Session& session, const CloseCause cause) {
  { handler.on_close(session, cause) } -> std::same_as<void>;
};

template <typename T>
concept NamesOpen = requires {
  &T::on_open;
};
template <typename T>
concept NamesMessage = requires {
  &T::on_message;
};
template <typename T>
concept NamesPing = requires {
  &T::on_ping;
};
template <typename T>
concept NamesPong = requires {
  &T::on_pong;
};
template <typename T>
concept NamesClose = requires {
  &T::on_close;
};

template <typename T>
constexpr void check_handler() {
  static_assert(TakesMessages<T> || NamesMessage<T>,
                "this handler has no on_message: write void on_message(Session&, Message)");
  static_assert(TakesMessages<T> || !NamesMessage<T>,
                "on_message has the wrong signature: write void on_message(Session&, Message)");
  static_assert(OpensWith<T> || !NamesOpen<T>,
                "on_open has the wrong signature: write void on_open(Session&)");
  static_assert(TakesPings<T> || !NamesPing<T>,
                "on_ping has the wrong signature: write void on_ping(Session&, std::string_view)");
  static_assert(TakesPongs<T> || !NamesPong<T>,
                "on_pong has the wrong signature: write void on_pong(Session&, std::string_view)");
  static_assert(HearsClose<T> || !NamesClose<T>,
                "on_close has the wrong signature: write void on_close(Session&, CloseCause)");
}

template <typename T>
T& self_of(void* self) {
  return *static_cast<T*>(self);
}

/// The table of a handler type with members.
template <typename T>
constexpr HandlerOperations operations_of() {
  check_handler<T>();
  HandlerOperations table;
  if constexpr (OpensWith<T>)
    table.on_open = [](void* self, Session& s) { self_of<T>(self).on_open(s); };
  if constexpr (TakesMessages<T>)
    table.on_message = [](void* self, Session& s, Message m) { self_of<T>(self).on_message(s, m); };
  if constexpr (TakesPings<T>)
    table.on_ping = [](void* self, Session& s, std::string_view p) {
      self_of<T>(self).on_ping(s, p);
    };
  if constexpr (TakesPongs<T>)
    table.on_pong = [](void* self, Session& s, std::string_view p) {
      self_of<T>(self).on_pong(s, p);
    };
  if constexpr (HearsClose<T>)
    table.on_close = [](void* self, Session& s, const CloseCause& cause) {
      self_of<T>(self).on_close(s, cause);
    };
  table.destroy = [](void* self) { delete static_cast<T*>(self); };
  return table;
}

template <typename F>
concept MessageFunction = requires(F& function, Session& session, const Message message) {
  { function(session, message) } -> std::same_as<void>;
};

/// The table of a callable that a route keeps for all its sessions.
template <MessageFunction F>
constexpr HandlerOperations operations_of_function() {
  HandlerOperations table;
  table.on_message = [](void* self, Session& s, Message m) { self_of<F>(self)(s, m); };
  return table;
}

inline HandlerOperations operations_of_callbacks(const Callbacks& which) {
  HandlerOperations table;
  using C = Callbacks;
  if (which.on_open) table.on_open = [](void* self, Session& s) { self_of<C>(self).on_open(s); };
  if (which.on_message)
    table.on_message = [](void* self, Session& s, Message m) { self_of<C>(self).on_message(s, m); };
  if (which.on_ping)
    table.on_ping = [](void* self, Session& s, std::string_view p) {
      self_of<C>(self).on_ping(s, p);
    };
  if (which.on_pong)
    table.on_pong = [](void* self, Session& s, std::string_view p) {
      self_of<C>(self).on_pong(s, p);
    };
  if (which.on_close)
    table.on_close = [](void* self, Session& s, const CloseCause& cause) {
      self_of<C>(self).on_close(s, cause);
    };
  return table;
}

/// What becomes of a valid opening handshake: a handler and its terms, or an answer in HTTP.
struct Opened {
  void* handler = nullptr;  // null where the session is closed at once
  Terms terms{};
};
using Opening = std::variant<Opened, Response>;
using Opener = std::function<Opening(Handshake&)>;

}  // namespace detail
}  // namespace orrery
