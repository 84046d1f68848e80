// A Router is where a gear says which paths it serves, and how.
//
//   routes.get("/hello/:name", [](const Request& r) { return Response::text(hello(r)); });
//   routes.websocket<Chat>("/rooms/:room", store).admit(check_token, keys).limits({.idle = 30s});
//   routes.scope("/api", [](Router& api) { api.plug(require_token); api.get("/me", me); });
//
// Paths are static segments, `:param` (one segment) and `*rest` (all that is left); the most
// specific route wins, whatever the order. HEAD follows GET; OPTIONS and 405 are answered.
//
// Owner   the Server; routes are fixed when it starts, and mistakes in them are told then.
// Thread  one, before Server::start().
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "orrery/result.h"
#include "orrery/route.h"

namespace orrery {

/// What the operator has set for all gears alike: see Router::settings().
struct GearSettings {
  /// Whether clients are sent messages about their own connection, such as TokenExpired in Kuzzle's
  /// protocol. In the configuration: server.protocols.websocket.realtimeNotifications.
  bool realtime_notifications = true;
};

class Gear;

class Router {
 public:
  explicit Router(const GearSettings& settings = {});

  Route get(std::string path, HttpHandler handler);
  Route post(std::string path, HttpHandler handler);
  Route put(std::string path, HttpHandler handler);
  Route patch(std::string path, HttpHandler handler);
  Route del(std::string path, HttpHandler handler);
  /// Any other method, or "*" for every one that has no handler of its own.
  Route http(std::string method, std::string path, HttpHandler handler);
  /// Serves the files below `directory` under `path`: index.html for folders, ranges, ETag; nothing
  /// above the directory and nothing hidden.
  Route files(std::string path, std::string directory);

  /// A WebSocket route whose sessions each get a T(arguments...). Arguments are copied once; wrap
  /// in std::ref what is shared and outlives the server.
  template <typename T, typename... Args>
  auto websocket(std::string path, Args... arguments) {
    RouteSpec& spec = add(RouteSpec::Kind::websocket, std::move(path));
    detail::describe<T>(spec);
    using Maker = detail::ObjectMaker<T, Args...>;
    return WebsocketRoute<Maker>(spec, Maker{std::tuple<Args...>(std::move(arguments)...)});
  }

  /// A WebSocket route with one handler for all its sessions: a function (Session&, Message), a
  /// coroutine (Session&), or Callbacks{...}; or with a factory of handlers:
  /// (const Request&) -> std::unique_ptr<Handler>.
  template <typename F>
  auto websocket(std::string path, F handler) {
    RouteSpec& spec = add(RouteSpec::Kind::websocket, std::move(path));
    if constexpr (std::is_invocable_v<F&, const Request&>) {
      detail::describe<typename std::invoke_result_t<F&, const Request&>::element_type>(spec);
      return WebsocketRoute<detail::FactoryMaker<F>>(spec, {std::move(handler)});
    } else if constexpr (std::is_same_v<F, Callbacks>) {
      spec.operations = detail::operations_of_callbacks(handler);
      return WebsocketRoute<detail::SharedMaker<F>>(spec, {std::move(handler)});
    } else {
      detail::describe_function<F>(spec);
      return WebsocketRoute<detail::SharedMaker<F>>(spec, {std::move(handler)});
    }
  }

  /// Declares routes below a prefix; plugs, limits and origins said inside stay inside.
  void scope(std::string_view prefix, const std::function<void(Router&)>& declare);
  /// The same for one host: "example.com", or "*.example.com" for all hosts below it.
  void host(std::string_view host, const std::function<void(Router&)>& declare);
  /// The same for a gear: its name stands in logs and metrics.
  void gear(std::string_view name, std::string_view prefix,
            const std::function<void(Router&)>& declare);

  /// Declares the routes of a gear below `path`, on one host if named. The gear must outlive the
  /// server.
  void mount(Gear& mounted, std::string_view path, std::string_view host_name = {});

  /// For a gear to heed while it declares its routes; they change with a new start only.
  [[nodiscard]] const GearSettings& settings() const { return settings_; }

  /// For the routes declared after it in this scope.
  void plug(Plug plug) { scope_.plugs.push_back(std::move(plug)); }
  void limits(RouteLimits limits) { scope_.limits.push_back(limits); }
  void origins(std::vector<std::string> which) { scope_.origins = std::move(which); }
  void pool(PoolChoice choice) { scope_.pool = std::move(choice); }

  /// The path of a named route: url_for("room", {{"room", "green tea"}}) is "/rooms/green%20tea".
  [[nodiscard]] Result<std::string> url_for(
      std::string_view name, const std::map<std::string, std::string>& params = {}) const;

  /// All routes declared so far, in order.
  [[nodiscard]] const std::vector<std::unique_ptr<RouteSpec>>& specs() const { return *specs_; }

 private:
  RouteSpec& add(RouteSpec::Kind kind, std::string path);

  std::shared_ptr<std::vector<std::unique_ptr<RouteSpec>>> specs_;
  RouteScope scope_{};
  GearSettings settings_;
};

/// A gear: a small application with a name. Server::mount() serves it below a path.
class Gear {
 public:
  virtual ~Gear() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  virtual void routes(Router& routes) = 0;
  /// The executor pool of a request, named "tenant:<id>"; empty: the gear's own, "gear:<name>".
  [[nodiscard]] virtual std::string pool(const Request&) const { return {}; }
};

}  // namespace orrery
