// Admission: what happens between a valid opening handshake and the 101 (RFC 6455 §4.2.2).
//
//   Admission<User> admit(const Handshake& hello, const Tokens& tokens) {
//     const auto user = tokens.verify(hello.request.bearer_token());
//     if (!user) return reject(401, "sign in first");
//     return accept(*user);
//   }
//
// It may be a coroutine: Task<Admission<User>> admit(Handshake& hello), which waits for what blocks
// with `co_await hello.on_workers(function)`.
//
// Thread  the connection's loop: an admission must not block.
// Limit   Limits::admission_timeout for one that waits: 503.
#pragma once

#include <chrono>
#include <coroutine>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "orrery/http.h"
#include "orrery/session_waits.h"

namespace orrery {

/// A request on its way to its handler: what plugs see, for plain and WebSocket routes alike.
class Exchange {
 public:
  explicit Exchange(Request& of) : request(of) {}

  Request& request;

  /// Adds a header to whatever will be answered, the 101 included.
  void set_header(std::string name, std::string value) {
    headers.emplace_back(std::move(name), std::move(value));
  }
  void set_cookie(std::string_view name, std::string_view value,
                  const CookieOptions& options = {}) {
    set_header("Set-Cookie", orrery::set_cookie(name, value, options));
  }

  HeaderList headers{};
};

namespace detail {

/// Runs a job of an admission on a worker, and then goes on with it.
class AdmissionHost {
 public:
  virtual void work(std::coroutine_handle<> waiter, std::function<void()> job) = 0;

 protected:
  ~AdmissionHost() = default;
};

}  // namespace detail

/// The client's side of an opening handshake that is known to be valid.
class Handshake : public Exchange {
 public:
  Handshake(Request& of, std::vector<std::string_view> offered)
      : Exchange(of), offered_(std::move(offered)) {}

  /// The subprotocols that the client offers, in its order of preference (RFC 6455 §1.9).
  [[nodiscard]] const std::vector<std::string_view>& offered() const { return offered_; }
  /// The first of `ours`, in our order of preference, that the client offers too.
  [[nodiscard]] std::optional<std::string_view> choose(
      std::initializer_list<std::string_view> ours) const {
    for (const auto name : ours)
      for (const auto theirs : offered_)
        if (name == theirs) return name;
    return std::nullopt;
  }

  /// For an admission that is a coroutine: runs `work(arguments...)` on a worker thread of the
  /// session's pool and yields what it returns. It must not touch the handshake: what it needs it
  /// is given, by value.
  template <typename Work, typename... Arguments>
  [[nodiscard]] auto on_workers(Work&& work, Arguments&&... arguments) {
    return detail::work_for(*this, std::forward<Work>(work), std::forward<Arguments>(arguments)...);
  }

  /// For the server: who runs jobs.
  void set_host(detail::AdmissionHost& host) { host_ = &host; }
  [[nodiscard]] detail::AdmissionHost& host() const { return *host_; }

 private:
  std::vector<std::string_view> offered_;
  detail::AdmissionHost* host_ = nullptr;
};

inline void detail::await_worker(Handshake& handshake, std::coroutine_handle<> waiter,
                                 std::function<void()> job) {
  handshake.host().work(waiter, std::move(job));
}

/// The terms on which a client is accepted.
struct Terms {
  std::string subprotocol{};  // one that the client offered; anything else is the gear's error: 500
  std::optional<std::chrono::system_clock::time_point> expires_at{};  // then closed: 4003
  std::optional<std::uint16_t> close_code{};  // accept_then_close(): opened, and closed at once
  std::string close_reason{};
};

struct Nothing {};

/// Accepted, with the value that the handler is built from.
template <typename T>
struct Accepted {
  T value;
  Terms terms{};

  /// Answers with this subprotocol, which the client must have offered.
  Accepted&& speaking(std::string_view subprotocol) && {
    terms.subprotocol = subprotocol;
    return std::move(*this);
  }
  /// Closes the session with 4003 "token expired" at `time`, unless Session::extend() came first.
  Accepted&& until(std::chrono::system_clock::time_point time) && {
    terms.expires_at = time;
    return std::move(*this);
  }
};

/// Refused, with the HTTP answer that the client gets.
struct Rejected {
  Response response;
};

/// Opened and closed at once: browsers hide the HTTP status of a refusal from scripts.
struct AcceptedThenClosed {
  Terms terms;
};

/// What an admission answers; T is what the handler is built from.
template <typename T = Nothing>
class Admission {
 public:
  using Value = T;
  Admission(Accepted<T> accepted) : outcome(std::move(accepted)) {}
  Admission(Rejected rejected) : outcome(std::move(rejected)) {}
  Admission(AcceptedThenClosed closed) : outcome(std::move(closed)) {}

  std::variant<Accepted<T>, Rejected, AcceptedThenClosed> outcome;
};

inline Accepted<Nothing> accept() {
  return {Nothing{}};
}
template <typename T>
Accepted<std::decay_t<T>> accept(T&& value) {
  return {std::forward<T>(value)};
}

inline Rejected reject(int status = 400, std::string body = {}) {
  return {Response::text(std::move(body), status)};
}
inline Rejected reject(Response response) {
  return {std::move(response)};
}

/// Codes and reason as in Session::close().
inline AcceptedThenClosed accept_then_close(std::uint16_t code, std::string_view reason = {}) {
  Terms terms;
  terms.close_code = code;
  terms.close_reason = reason;
  return {std::move(terms)};
}

namespace detail {

/// What becomes of a valid opening handshake: a handler and its terms, or an answer in HTTP.
struct Opened {
  void* handler = nullptr;  // null where the session is closed at once
  Terms terms{};
};
using Opening = std::variant<Opened, Response>;
using Opener = std::function<Opening(Handshake&)>;
using LaterOpener = std::function<Task<Opening>(Handshake&)>;

}  // namespace detail
}  // namespace orrery
