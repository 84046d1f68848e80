#include "orrery/router.h"

#include "http/router.h"

namespace orrery {

Router::Router(const GearSettings& settings)
    : specs_(std::make_shared<std::vector<std::unique_ptr<RouteSpec>>>()), settings_(settings) {}

RouteSpec& Router::add(RouteSpec::Kind kind, std::string path) {
  auto spec = std::make_unique<RouteSpec>(RouteSpec{kind});
  spec->path = scope_.prefix + path;
  if (spec->path.empty()) spec->path = "/";
  spec->scope = scope_;
  specs_->push_back(std::move(spec));
  return *specs_->back();
}

Route Router::http(std::string method, std::string path, HttpHandler handler) {
  RouteSpec& spec = add(RouteSpec::Kind::http, std::move(path));
  spec.method = std::move(method);
  spec.handler = std::move(handler);
  return Route(spec);
}

Route Router::get(std::string path, HttpHandler handler) {
  return http("GET", std::move(path), std::move(handler));
}
Route Router::post(std::string path, HttpHandler handler) {
  return http("POST", std::move(path), std::move(handler));
}
Route Router::put(std::string path, HttpHandler handler) {
  return http("PUT", std::move(path), std::move(handler));
}
Route Router::patch(std::string path, HttpHandler handler) {
  return http("PATCH", std::move(path), std::move(handler));
}
Route Router::del(std::string path, HttpHandler handler) {
  return http("DELETE", std::move(path), std::move(handler));
}

Route Router::files(std::string path, std::string directory) {
  while (path.ends_with('/')) path.pop_back();
  RouteSpec& spec = add(RouteSpec::Kind::files, path + "/*file");
  spec.directory = std::move(directory);
  return Route(spec);
}

void Router::scope(std::string_view prefix, const std::function<void(Router&)>& declare) {
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  Router inner = *this;
  inner.scope_.prefix += prefix;
  declare(inner);
}

void Router::host(std::string_view host, const std::function<void(Router&)>& declare) {
  Router inner = *this;
  inner.scope_.host = host;
  declare(inner);
}

void Router::gear(std::string_view name, std::string_view prefix,
                  const std::function<void(Router&)>& declare) {
  scope(prefix, [&](Router& inner) {
    inner.scope_.gear = name;
    declare(inner);
  });
}

void Router::mount(Gear& mounted, std::string_view path, std::string_view host_name) {
  const auto declare = [&](Router& router) {
    router.gear(mounted.name(), path, [&](Router& inner) {
      inner.pool([&mounted](const Request& request) { return mounted.pool(request); });
      mounted.routes(inner);
    });
  };
  if (host_name.empty())
    declare(*this);
  else
    host(host_name, declare);
}

Result<std::string> Router::url_for(std::string_view name,
                                    const std::map<std::string, std::string>& params) const {
  for (const auto& spec : *specs_) {
    if (spec->name != name) continue;
    std::vector<http::PathValue> values;
    for (const auto& [key, value] : params) values.push_back({key, value});
    return http::url_for(spec->path, values);
  }
  return Error{"no route is named \"" + std::string(name) + "\""};
}

}  // namespace orrery
