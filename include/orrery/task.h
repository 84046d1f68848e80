// A Task<T> is a coroutine: a callback that waits without blocking its loop, or a part of one.
//
//   Task<> on_open(Session& client) {
//     while (auto message = co_await client.receive()) client.send(*message);
//   }
//
// Owner   the session, once a callback has returned it; else whoever awaits it. Destroying a Task
//         destroys its frame, and with it what it awaits: innermost first.
// Thread  its session's loop.
// Limit   one live coroutine per session. Frames of coroutines that take a Session& come from the
//         loop's free list: after warm-up they allocate nothing.
// Errors  an exception leaves through whoever awaits it; out of a callback it costs the session.
#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <functional>
#include <optional>
#include <type_traits>
#include <utility>

namespace orrery {

class Session;
template <typename T = void>
class Task;

namespace detail {

/// Memory for a coroutine's frame: of the session's loop, or of the heap where there is no session.
[[nodiscard]] void* new_frame(Session* session, std::size_t bytes);
void delete_frame(void* frame) noexcept;

/// The first Session& among a coroutine's parameters.
inline Session* session_among() {
  return nullptr;
}
template <typename First, typename... Rest>
Session* session_among(First& first, Rest&... rest) {
  if constexpr (std::is_same_v<First, Session>)
    return &first;
  else
    return session_among(rest...);
}

struct PromiseBase {
  /// Goes on with whoever awaits this coroutine; nobody awaits a callback.
  struct Finish {
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <typename P>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<P> done) const noexcept {
      const auto next = done.promise().awaiter;
      return next ? next : std::noop_coroutine();
    }
    void await_resume() const noexcept {}
  };

  [[nodiscard]] std::suspend_always initial_suspend() const noexcept { return {}; }
  [[nodiscard]] Finish final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { thrown = std::current_exception(); }

  template <typename... Parameters>
  static void* operator new(std::size_t bytes, Parameters&... parameters) {
    return new_frame(session_among(parameters...), bytes);
  }
  static void operator delete(void* frame) noexcept { delete_frame(frame); }

  std::coroutine_handle<> awaiter{};
  std::exception_ptr thrown{};
};

template <typename T>
struct Promise : PromiseBase {
  Task<T> get_return_object();
  template <typename V>
  void return_value(V&& value) {
    result.emplace(std::forward<V>(value));
  }
  std::optional<T> result{};
};

template <>
struct Promise<void> : PromiseBase {
  Task<void> get_return_object();
  void return_void() const noexcept {}
};

/// A callback's coroutine in the hands of the engine.
using TaskHandle = std::coroutine_handle<Promise<void>>;

}  // namespace detail

template <typename T>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::Promise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  explicit Task(Handle handle) : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  // For co_await: it begins when it is awaited.
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  Handle await_suspend(std::coroutine_handle<> awaiter) noexcept {
    handle_.promise().awaiter = awaiter;
    return handle_;
  }
  T await_resume() {
    auto& promise = handle_.promise();
    if (promise.thrown) std::rethrow_exception(promise.thrown);
    if constexpr (!std::is_void_v<T>) return std::move(*promise.result);
  }

  /// For the engine: the coroutine, which stays the Task's.
  [[nodiscard]] Handle handle() const { return handle_; }
  /// For the engine: the coroutine, not begun, which the caller owns from now on.
  [[nodiscard]] Handle release() { return std::exchange(handle_, {}); }

 private:
  Handle handle_;
};

namespace detail {

template <typename T>
Task<T> Promise<T>::get_return_object() {
  return Task<T>(std::coroutine_handle<Promise>::from_promise(*this));
}
inline Task<void> Promise<void>::get_return_object() {
  return Task<void>(TaskHandle::from_promise(*this));
}

template <typename T>
inline constexpr bool is_task = false;
template <typename T>
inline constexpr bool is_task<Task<T>> = true;

/// What a function's answer is in the end: what its coroutine yields, or itself.
template <typename T>
struct Awaited {
  using Type = T;
};
template <typename T>
struct Awaited<Task<T>> {
  using Type = T;
};

template <typename R>
inline constexpr bool is_answer = std::is_void_v<R> || std::is_same_v<R, Task<>>;

/// Calls something that returns nothing or a Task<>; what the engine has to run is the handle.
template <typename F, typename... Args>
TaskHandle begin(F&& call, Args&&... with) {
  if constexpr (std::is_void_v<std::invoke_result_t<F, Args...>>) {
    std::invoke(std::forward<F>(call), std::forward<Args>(with)...);
    return {};
  } else {
    return std::invoke(std::forward<F>(call), std::forward<Args>(with)...).release();
  }
}

}  // namespace detail

}  // namespace orrery
