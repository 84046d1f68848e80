// Plain HTTP beside WebSockets: parameters, plugs, scopes, reverse routes and files on one port.
#include <orrery/orrery.h>

#include <cctype>

#include "until_signal.h"

using namespace orrery;

// A plug runs before handlers and admissions: it may set headers, leave a value, or answer itself.
std::optional<Response> require_key(Exchange& exchange) {
  const auto key = exchange.request.header("X-Api-Key");
  if (!key) return Response::json(R"({"error":"X-Api-Key is missing"})", 401);
  exchange.request.set_value("key", std::string(*key));
  exchange.set_header("Cache-Control", "no-store");
  return std::nullopt;
}

Response hello(const Request& request) {
  const auto greeting = request.query("greeting").value_or("Hello");
  return Response::text(greeting + ", " + std::string(request.param("name")) + "!\n");
}

Response who_am_i(const Request& request) {
  return Response::text("you came with the key " + *request.value<std::string>("key") + "\n");
}

int main(int argc, char** argv) {
  Server server;
  Router& routes = server.routes();
  routes.get("/hello/:name", hello).name("hello");
  routes.post("/shout", [](const Request& request) {
    std::string body(request.body());
    for (char& c : body) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return Response::text(body);
  });

  // No path is written twice: url_for() knows where the route is, and escapes its parameters.
  routes.get("/", [&routes](const Request&) {
    return Response::redirect(*routes.url_for("hello", {{"name", "green tea"}}));
  });

  routes.scope("/api", [](Router& api) {
    api.plug(require_key);
    api.get("/me", who_am_i);
  });

  routes.files("/files", argc > 2 ? argv[2] : "examples/public");
  return examples::serve_until_signal(server, argc, argv);
}
