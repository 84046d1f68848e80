#include "admin/admin_gear.h"

namespace orrery::admin {
namespace {

// As Request::remote_address() writes it.
bool is_this_machine(std::string_view remote_address) {
  return remote_address == "unix" || remote_address == "::1" || remote_address.starts_with("127.");
}

// The host of "example.com:7513" or "[::1]:7513".
std::string_view without_port(std::string_view host) {
  const auto end = host.starts_with("[") ? host.find(']') : host.find(':');
  if (end == host.npos) return host;
  return host.substr(0, host.starts_with("[") ? end + 1 : end);
}

bool names_this_machine(std::string_view host) {
  const std::string_view name = without_port(host);
  return name == "localhost" || name == "[::1]" || name.starts_with("127.");
}

// What a page of another origin sends behind the back of whoever looks at it (RFC 6454 §7). Without
// a token the host must be this machine by name, too: a page may have bent its own name to here.
bool is_sent_by_a_foreign_page(const Request& request, bool token_was_shown) {
  const auto origin = request.header("Origin");
  if (!origin) return false;
  const std::string own = (request.secure() ? "https://" : "http://") + std::string(request.host());
  return *origin != own || !(token_was_shown || names_this_machine(request.host()));
}

std::string_view word(bool yes) {
  return yes ? "true" : "false";
}

// In JSON's quotes.
std::string quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char each : text) {
    if (each == '"' || each == '\\') quoted += '\\';
    if (static_cast<unsigned char>(each) >= ' ') quoted += each;
  }
  return quoted + '"';
}

}  // namespace

bool same_secret(std::string_view shown, std::string_view secret) {
  if (secret.empty()) return shown.empty();
  std::size_t difference = shown.size() ^ secret.size();
  for (std::size_t i = 0; i < shown.size(); ++i)
    difference |= static_cast<unsigned char>(shown[i] ^ secret[i % secret.size()]);
  return difference == 0;
}

void AdminGear::routes(Router& routes) {
  routes.plug([this](Exchange& exchange) { return stop_strangers(exchange.request); });
  routes.get("/healthz", [](const Request&) { return Response::text("ok\n"); });
  routes.get("/readyz", [this](const Request&) { return readiness(); });
  routes.get("/api/status", [this](const Request&) { return status(); });
  routes.get("/metrics", [this](const Request&) {
    return Response{200, {{"Content-Type", "text/plain; version=0.0.4"}}, node_.metrics()};
  });
  routes.post("/api/reload", [this](const Request&) { return node_.reload(); });
  routes.post("/api/drain", [this](const Request&) { return begin_drain(); });
}

std::optional<Response> AdminGear::stop_strangers(const Request& request) const {
  const bool asks_token = !options_.token.empty();
  const bool may_ask = asks_token ? same_secret(request.bearer_token(), options_.token)
                                  : is_this_machine(request.remote_address());
  if (!may_ask)
    return Response::text("show admin.token as \"Authorization: Bearer TOKEN\"\n", 401)
        .with("WWW-Authenticate", "Bearer");
  if (is_sent_by_a_foreign_page(request, asks_token))
    return Response::text("pages of other origins may not ask this\n", 403);
  return std::nullopt;
}

Response AdminGear::readiness() const {
  const ServerStatus now = node_.status();
  if (now.ready) return Response::text("ready\n");
  return Response::text(now.draining ? "draining\n" : "starting\n", 503);
}

Response AdminGear::status() const {
  const ServerStatus now = node_.status();
  std::string body = "{\"ready\":";
  body.append(word(now.ready)).append(",\"draining\":").append(word(now.draining));
  body.append(",\"sessions\":").append(std::to_string(now.sessions));
  body.append(",\"loops\":").append(std::to_string(now.loops));
  body.append(",\"version\":").append(quoted(options_.version)).append("}\n");
  return Response::json(std::move(body)).with("Cache-Control", "no-store");
}

Response AdminGear::begin_drain() const {
  node_.drain();
  return status().with_status(202);
}

}  // namespace orrery::admin
