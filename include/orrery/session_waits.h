// What a coroutine can wait for: the values behind `co_await session.receive()` and the like.
//
// Owner   the expression that awaits them.
// Thread  the session's loop.
// Errors  what a worker's function throws is thrown again where it is awaited.
#pragma once

#include <coroutine>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "orrery/address.h"
#include "orrery/limits.h"
#include "orrery/message.h"
#include "orrery/task.h"

namespace orrery {

class Handshake;

/// What Session::tick_every() asked for.
struct Tick {};
/// A name went to another session, under the policy `replace`, or with a lease that ran out.
struct NameLost {
  std::string_view name;
};
/// The server is going: what has to be said before the close frame can be said now.
struct Drain {};

/// Whatever can come to a session: see Session::next().
using Event = std::variant<Message, ServerMessage, Presence, Tick, NameLost, Drain, Dropped>;

/// The answer to Session::register_name().
struct NameAnswer {
  enum class Kind : std::uint8_t {
    registered,   // by this session; it may have held it before
    taken,        // by another one
    unavailable,  // the cluster could not say, in time
  };

  Kind kind;
  std::string holder{};  // taken: the node that the other one is on

  explicit operator bool() const { return kind == Kind::registered; }
};

enum class NameReleased : std::uint8_t { released, not_held };

/// A message of a group's history.
struct PastMessage {
  Position position;
  MessageType type;
  std::string payload;
};

/// What Session::join(group, since) answers.
struct Recovery {
  enum class Kind : std::uint8_t {
    complete,  // `missed` is all that was published since
    gap,       // some of it is not kept any more: the client must start anew
  };

  Kind kind;
  Position now;                     // where the group stands
  std::vector<PastMessage> missed;  // oldest first; empty after a gap
};

namespace detail {

struct Receiving {
  Session& session;
  [[nodiscard]] bool await_ready() const;
  void await_suspend(std::coroutine_handle<> waiter) const;
  [[nodiscard]] std::optional<Message> await_resume() const;
};

struct Expecting {
  Session& session;
  [[nodiscard]] bool await_ready() const;
  void await_suspend(std::coroutine_handle<> waiter) const;
  [[nodiscard]] std::optional<Event> await_resume() const;
};

struct Draining {
  Session& session;
  [[nodiscard]] bool await_ready() const;
  void await_suspend(std::coroutine_handle<> waiter) const;
  void await_resume() const {}
};

struct Sleeping {
  Session& session;
  milliseconds time;
  [[nodiscard]] bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> waiter) const;
  void await_resume() const {}
};

struct Naming {
  Session& session;
  std::string name;
  [[nodiscard]] bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> waiter) const;
  [[nodiscard]] NameAnswer await_resume() const;
};

/// Hands a job to the workers of the pool; `waiter` goes on when it is done.
void await_worker(Session& session, std::coroutine_handle<> waiter, std::function<void()> job);
void await_worker(Handshake& handshake, std::coroutine_handle<> waiter, std::function<void()> job);

/// `Host`: what the coroutine belongs to, a Session or a Handshake.
template <typename Host, typename Work>
class Working {
 public:
  using Value = std::invoke_result_t<Work&>;
  static_assert(
      !is_task<Value>,
      "on_workers() takes a plain function: a worker runs it to its end, so it can't wait; "
      "use co_await outside of it");
  static_assert(!std::is_reference_v<Value>, "what on_workers() returns is moved: return a value");

  Working(Host& host, Work work) : host_(host), call_(std::make_shared<Call>(std::move(work))) {}

  [[nodiscard]] bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> waiter) const {
    await_worker(host_, waiter, [call = call_] { call->run(); });
  }
  Value await_resume() const {
    if (call_->thrown) std::rethrow_exception(call_->thrown);
    if constexpr (!std::is_void_v<Value>) return std::move(*call_->value);
  }

 private:
  /// Outlives the session if the worker takes longer.
  struct Call {
    explicit Call(Work of) : work(std::move(of)) {}
    void run() noexcept {
      try {
        if constexpr (std::is_void_v<Value>)
          work();
        else
          value.emplace(work());
      } catch (...) {
        thrown = std::current_exception();
      }
    }
    Work work;
    std::optional<std::conditional_t<std::is_void_v<Value>, Tick, Value>> value{};
    std::exception_ptr thrown{};
  };

  Host& host_;
  std::shared_ptr<Call> call_;
};

// Before version 13 GCC destroys what a lambda within a co_await expression has captured twice (its
// bug 100611).
#if defined(__GNUC__) && !defined(__clang__) && __GNUC__ < 13
template <typename Work>
inline constexpr bool bears_co_await =
    std::is_lvalue_reference_v<Work> || std::is_trivially_destructible_v<Work>;
#else
template <typename Work>
inline constexpr bool bears_co_await = true;
#endif

/// What on_workers() awaits: `work(arguments...)`, with copies of them.
template <typename Host, typename Work, typename... Arguments>
[[nodiscard]] auto work_for(Host& host, Work&& work, Arguments&&... arguments) {
  static_assert(bears_co_await<Work>,
                "GCC 12 breaks a lambda with such captures inside co_await: write "
                "on_workers(function, arguments...), or give the lambda a name before");
  if constexpr (sizeof...(Arguments) == 0) {
    return Working<Host, std::decay_t<Work>>(host, std::forward<Work>(work));
  } else {
    auto bound = [call = std::decay_t<Work>(std::forward<Work>(work)),
                  ... given = std::decay_t<Arguments>(std::forward<Arguments>(arguments))]() mutable
        -> decltype(auto) { return std::invoke(call, std::move(given)...); };
    return Working<Host, decltype(bound)>(host, std::move(bound));
  }
}

}  // namespace detail
}  // namespace orrery
