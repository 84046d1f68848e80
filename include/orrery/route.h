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
  detail::Opener open{};  // empty: the handler needs an admission that was not given
  detail::HandlerOperations operations{};
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

  /// Asks `check(handshake, bound...)`, which answers an Admission<Value>, before each session. The
  /// handler is built from (Value, arguments...) where it can be, else from (arguments...).
  template <typename Check, typename... Bound>
  WebsocketRoute& admit(Check check, Bound... bound) {
    using Answer = std::invoke_result_t<Check&, Handshake&, std::unwrap_reference_t<Bound>&...>;
    static_assert(Maker::template can_make<typename Answer::Value>,
                  "this handler can be built neither from the admitted value and the route's "
                  "arguments nor from those arguments alone");
    spec_->open = [maker = maker_, check = std::move(check),
                   bound = std::make_tuple(std::move(bound)...)](Handshake& hello) mutable {
      const auto ask = [&](auto&... with) { return check(hello, detail::unwrap(with)...); };
      return detail::settle(std::apply(ask, bound), hello, *maker);
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
  /// Keeps headers, cookies and values of the request as long as the session.
  WebsocketRoute& keep_request() { return spec_->keep_request = true, *this; }
  WebsocketRoute& plug(Plug plug) { return spec_->scope.plugs.push_back(std::move(plug)), *this; }
  WebsocketRoute& name(std::string name) { return spec_->name = std::move(name), *this; }

 private:
  RouteSpec* spec_;
  std::shared_ptr<Maker> maker_;
};

}  // namespace orrery
