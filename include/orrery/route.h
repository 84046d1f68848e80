// A route as declared: what Router writes down and the server builds its table from.
//
// Owner   the Router's list; a Route or WebsocketRoute is a handle for the line that declares it.
// Thread  one, before Server::start().
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "orrery/handler.h"
#include "orrery/limits.h"

namespace orrery {

/// Runs before admission and before HTTP handlers: it may set values, headers and cookies, or halt
/// with a response. Thread: the connection's loop; it must not block.
using Plug = std::function<std::optional<Response>(Exchange&)>;
/// Answers a plain request. Thread: the connection's loop; it must not block.
using HttpHandler = std::function<Response(const Request&)>;

/// Which executor pool a session belongs to: "gear:chat" or "tenant:acme". A pure function; it is
/// asked for before plugs and admission, and a pool that is unknown answers 404.
using PoolChoice = std::function<std::string(const Request&)>;

/// What happens when a session claims a name that another one holds.
enum class NameConflict : std::uint8_t {
  refuse,   // it is told `taken`
  replace,  // the other one loses it, and is told: on_name_lost, by default close 4000
};

/// Whether a client that offers none of a route's subprotocols is refused with 400.
enum class SubprotocolRule : std::uint8_t { optional, required };

/// What a scope hands down to its routes.
struct RouteScope {
  std::string gear = "main";
  std::string host{};    // "": any; "example.com"; "*.example.com"
  std::string prefix{};  // "/api"
  std::vector<Plug> plugs{};
  std::vector<RouteLimits> limits{};                  // outermost first
  std::optional<std::vector<std::string>> origins{};  // nothing: the server's
  PoolChoice pool{};                                  // empty: the gear's own
};

struct RouteSpec {
  enum class Kind : std::uint8_t { http, websocket, files };

  Kind kind;
  std::string path{};  // with the scope's prefix
  std::string name{};  // for Router::url_for()
  RouteScope scope{};
  // http
  std::string method{};  // "GET", or "*" for any that has no handler of its own
  HttpHandler handler{};
  // files
  std::string directory{};
  // websocket
  detail::Opener open{};  // both empty: the handler needs an admission that was not given
  detail::LaterOpener open_later{};  // of an admission that is a coroutine
  detail::HandlerOperations operations{};
  detail::WorkerOperations worker_operations{};  // of a handler that takes WorkerSession&
  bool on_workers = false;
  NameConflict name_conflict = NameConflict::refuse;
  std::vector<std::string> subprotocols{};  // in our order of preference
  SubprotocolRule subprotocol_rule = SubprotocolRule::optional;
  bool keep_request = false;
};

/// A plain route or a folder of files.
class Route {
 public:
  explicit Route(RouteSpec& spec) : spec_(&spec) {}
  Route& name(std::string name) { return spec_->name = std::move(name), *this; }
  Route& plug(Plug plug) { return spec_->scope.plugs.push_back(std::move(plug)), *this; }

 private:
  RouteSpec* spec_;
};

namespace detail {

/// Writes the callbacks of a handler type down.
template <typename T>
void describe(RouteSpec& spec) {
  if constexpr (for_workers<T>) {
    static_assert(!find_callbacks<T, Session>().any([](auto& each) { return bool(each); }),
                  "this handler is for workers, so each of its callbacks takes a WorkerSession&");
    constexpr auto found = operations_of<T, WorkerSession>();
    static_assert(!found.any([](auto& each) { return each.waits; }),
                  "a callback for workers is no coroutine: a worker runs it to its end, so it may "
                  "block instead");
    spec.worker_operations = found;
  } else {
    spec.operations = operations_of<T, Session>();
  }
}

/// The same for a function that serves all sessions of a route.
template <typename F>
void describe_function(RouteSpec& spec) {
  if constexpr (works<F>) {
    constexpr auto found = operations_of_function<F, WorkerSession>();
    static_assert(!found.on_message.waits,
                  "a handler function for workers is no coroutine: a worker runs it to its end, so "
                  "it may block instead");
    spec.worker_operations = found;
  } else {
    constexpr auto found = operations_of_function<F, Session>();
    static_assert(found.on_message || found.on_open.waits,
                  "a handler function must take (Session&, Message) and return void, or be a "
                  "coroutine that takes (Session&); for a handler type write "
                  "websocket<Type>(path, arguments...)");
    spec.operations = found;
  }
}

}  // namespace detail

/// A WebSocket route.
template <typename Maker>
class WebsocketRoute {
 public:
  WebsocketRoute(RouteSpec& spec, Maker maker)
      : spec_(&spec), maker_(std::make_shared<Maker>(std::move(maker))) {
    if constexpr (Maker::template can_make<Nothing>)
      admit([](const Handshake&) -> Admission<> { return accept(); });
  }

  /// Asks `check(handshake, bound...)`, which answers an Admission<Value>, or is a coroutine
  /// Task<Admission<Value>>, before each session. The handler is built from (Value, arguments...)
  /// where it can be, else from (arguments...).
  template <typename Check, typename... Bound>
  WebsocketRoute& admit(Check check, Bound... bound) {
    using Answer = std::invoke_result_t<Check&, Handshake&, std::unwrap_reference_t<Bound>&...>;
    using Admitted = typename detail::Awaited<Answer>::Type;
    static_assert(Maker::template can_make<typename Admitted::Value>,
                  "this handler can be built neither from the admitted value and the route's "
                  "arguments nor from those arguments alone");
    auto ask = [check = std::move(check),
                bound = std::make_tuple(std::move(bound)...)](Handshake& hello) mutable {
      const auto call = [&](auto&... with) { return check(hello, detail::unwrap(with)...); };
      return std::apply(call, bound);
    };
    if constexpr (detail::is_task<Answer>)
      spec_->open_later = [maker = maker_, ask = std::move(ask)](Handshake& hello) mutable {
        return detail::settle_later(ask(hello), hello, maker);
      };
    else
      spec_->open = [maker = maker_, ask = std::move(ask)](Handshake& hello) mutable {
        return detail::settle(ask(hello), hello, *maker);
      };
    return *this;
  }

  WebsocketRoute& limits(RouteLimits limits) {
    return spec_->scope.limits.push_back(limits), *this;
  }
  /// Which pages may connect: "same-origin" (the default), "https://app.example",
  /// "https://*.example", or "allow-any-origin". Clients that send no Origin always may.
  WebsocketRoute& origins(std::vector<std::string> which) {
    return spec_->scope.origins = std::move(which), *this;
  }
  /// Subprotocols in our order of preference; the first that the client offers too is agreed on.
  WebsocketRoute& subprotocols(std::vector<std::string> names,
                               SubprotocolRule rule = SubprotocolRule::optional) {
    spec_->subprotocols = std::move(names);
    return spec_->subprotocol_rule = rule, *this;
  }
  /// Runs the callbacks, which take a WorkerSession&, on the worker threads of the session's pool:
  /// there they may block. One at a time per session all the same; while the pool's queue is full
  /// the session is not read.
  WebsocketRoute& on_workers() {
    static_assert(Maker::for_workers,
                  "on_workers() is for handlers that take a WorkerSession&; in others write "
                  "co_await session.on_workers(function)");
    return spec_->on_workers = true, *this;
  }
  WebsocketRoute& on_name_conflict(NameConflict policy) {
    return spec_->name_conflict = policy, *this;
  }
  WebsocketRoute& pool(PoolChoice choice) { return spec_->scope.pool = std::move(choice), *this; }
  /// Keeps headers, cookies and values of the request as long as the session.
  WebsocketRoute& keep_request() { return spec_->keep_request = true, *this; }
  WebsocketRoute& plug(Plug plug) { return spec_->scope.plugs.push_back(std::move(plug)), *this; }
  WebsocketRoute& name(std::string name) { return spec_->name = std::move(name), *this; }

 private:
  RouteSpec* spec_;
  std::shared_ptr<Maker> maker_;
};

}  // namespace orrery
