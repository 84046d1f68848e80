#include "admin/admin_gear.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <functional>
#include <span>

#include "admin/live.h"

namespace orrery::admin {

/// Name and text: see orrery_embed() in cmake/folders.cmake.
extern const std::span<const std::pair<std::string_view, std::string_view>> dashboard_files;

namespace {

// As Request::remote_address() writes it.
bool is_this_machine(std::string_view remote_address) {
  return remote_address == "unix" || remote_address == "::1" || remote_address.starts_with("127.");
}

// Whom a proxy on this machine speaks for may be anywhere.
bool comes_through_a_proxy(const Request& request) {
  return request.header("Forwarded") || request.header("X-Forwarded-For");
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
  const auto scheme_end = origin->find("://");  // a proxy may speak TLS for us
  const auto place = scheme_end == origin->npos ? *origin : origin->substr(scheme_end + 3);
  return place != request.host() || !(token_was_shown || names_this_machine(request.host()));
}

// A dashboard can't give its WebSocket a header of its own: it offers the token, in hexadecimal,
// as a subprotocol.
constexpr std::string_view token_subprotocol = "orrery.token.";
constexpr std::string_view live_subprotocol = "orrery.live";

std::string in_hexadecimal(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const char each : bytes) {
    const auto byte = static_cast<unsigned char>(each);
    text += digits[byte >> 4];
    text += digits[byte & 0xf];
  }
  return text;
}

bool offers_token(const Request& request, std::string_view token) {
  std::string_view offered = request.header("Sec-WebSocket-Protocol").value_or("");
  const auto at = offered.find(token_subprotocol);
  if (at == offered.npos) return false;
  offered.remove_prefix(at + token_subprotocol.size());
  return same_secret(offered.substr(0, offered.find_first_of(", ")), in_hexadecimal(token));
}

Response fresh(std::string json, int status = 200) {
  return Response::json(std::move(json), status).with("Cache-Control", "no-store");
}

constexpr std::size_t most_listed = 1000;

std::size_t listed(const Request& request) {
  const std::string text = request.query("limit").value_or("");
  std::size_t limit = SessionQuery{}.limit;
  std::from_chars(text.data(), text.data() + text.size(), limit);
  return std::min(limit, most_listed);
}

std::string_view type_of(std::string_view file) {
  if (file.ends_with(".css")) return "text/css; charset=utf-8";
  if (file.ends_with(".js")) return "text/javascript; charset=utf-8";
  return "text/html; charset=utf-8";
}

// Nothing but its own files may run in the page, and no other page may show it in a frame.
Response page(std::string_view file, std::string_view text) {
  return Response{200,
                  {{"Content-Type", std::string(type_of(file))},
                   {"Content-Security-Policy",
                    "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; "
                    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"},
                   {"X-Content-Type-Options", "nosniff"},
                   {"Cache-Control", "no-cache"}},
                  std::string(text)};
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
  for (const auto& [file, text] : dashboard_files)
    routes.get(file == "index.html" ? "/" : "/" + std::string(file),
               [file, text](const Request&) { return page(file, text); });
  routes.get("/healthz", [](const Request&) { return Response::text("ok\n"); });
  routes.get("/readyz", [this](const Request&) { return readiness(); });
  routes.plug([this](Exchange& exchange) { return stop_strangers(exchange.request); });
  routes.get("/metrics", [this](const Request&) {
    return Response{200, {{"Content-Type", "text/plain; version=0.0.4"}}, node_.metrics()};
  });
  routes.get("/api/status", [this](const Request&) { return status(); });
  routes.get("/api/sessions", [this](const Request& request) { return sessions(request); });
  routes.post("/api/sessions/:id/close",
              [this](const Request& request) { return close_session(request); });
  routes.post("/api/reload", [this](const Request&) { return node_.reload(); });
  routes.post("/api/drain", [this](const Request&) { return begin_drain(); });
  routes.websocket<Live>("/api/live", std::cref(node_), std::cref(options_.facts))
      .subprotocols({std::string(live_subprotocol)});
}

std::optional<Response> AdminGear::stop_strangers(const Request& request) const {
  const bool asks_token = !options_.token.empty();
  const bool may_ask =
      asks_token ? same_secret(request.bearer_token(), options_.token) ||
                       offers_token(request, options_.token)
                 : is_this_machine(request.remote_address()) && !comes_through_a_proxy(request);
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
  return fresh(status_json(node_.status(), options_.facts, std::chrono::system_clock::now()));
}

Response AdminGear::sessions(const Request& request) const {
  const auto asked = [&](std::string_view name) { return request.query(name).value_or(""); };
  return fresh(sessions_json(node_.sessions({.gear = asked("gear"),
                                             .pool = asked("pool"),
                                             .name = asked("name"),
                                             .group = asked("group"),
                                             .text = asked("text"),
                                             .limit = listed(request)})));
}

Response AdminGear::close_session(const Request& request) const {
  const std::string_view id = request.param("id");
  const Asked asked = node_.kick(id, request.remote_address());
  if (asked == Asked::no_such_session) return Response::text("there is no such session\n", 404);
  if (asked == Asked::no_answer)
    return Response::text("its loop is held by a callback: it may still be closed\n", 503);
  return fresh(closed_json(id), 202);
}

Response AdminGear::begin_drain() const {
  node_.drain();
  return status().with_status(202);
}

}  // namespace orrery::admin
