// How HttpProtocol turns a request into a Session: websocket.md's order, step by step.
#include <algorithm>

#include <fmt/format.h>

#include "base/exceptions.h"
#include "http/response_writer.h"
#include "server/admitting.h"
#include "server/http_protocol.h"
#include "server/loop_server.h"
#include "server/request_data.h"
#include "server/session.h"
#include "websocket/handshake.h"

namespace orrery::server {

namespace {

constexpr milliseconds linger = 2s;
const std::optional<websocket::CompressionRules> no_compression;

// The route's, but for clients that are known to do it badly.
const std::optional<websocket::CompressionRules>& compression_for(const http::RequestHead& head,
                                                                  const WebsocketEntry& route) {
  const std::string_view agent = head.headers.find("User-Agent").value_or("");
  const auto& except = route.limits.compression_except;
  const bool excepted = std::ranges::any_of(
      except, [agent](const std::string& part) { return agent.find(part) != agent.npos; });
  return excepted ? no_compression : route.compression;
}

// The first of ours that the client offers; nothing if there is none.
std::string_view agreed(const std::vector<std::string>& ours,
                        const std::vector<std::string_view>& offered) {
  for (const auto& name : ours)
    if (std::ranges::find(offered, name) != offered.end()) return name;
  return {};
}

}  // namespace

// Method, upgrade headers, key, version; then Origin; then what the gear says.
Progress HttpProtocol::upgrade(RouteTable::Found found) {
  const http::RequestHead& head = reader_.head();
  const WebsocketEntry& route = *found.entry->websocket;
  if (server().draining())
    return refuse(Response::text("the server is going away\n", 503).with("Retry-After", "1"),
                  "draining");
  if (head.method != "GET")
    return refuse(
        Response::text("an opening handshake is a GET\n", 405).with("Allow", found.entry->allow),
        "method");
  auto checked = websocket::check_upgrade(head, reader_.has_body(), compression_for(head, route));
  if (auto* refusal = std::get_if<websocket::Refusal>(&checked)) {
    Response response = Response::text(refusal->reason + "\n", refusal->status);
    std::ranges::move(refusal->headers, std::back_inserter(response.headers));
    return refuse(std::move(response), refusal->reason);
  }
  const ClientSeen client = client_seen();
  if (!route.origins.allows(head.headers.find("Origin"), client.secure, client.host))
    return refuse(Response::text("pages of this origin may not connect; see origins\n", 403),
                  refused_origin);
  auto& upgrade = std::get<websocket::Upgrade>(checked);
  const RouteSpec& spec = *route.spec;
  if (spec.subprotocol_rule == SubprotocolRule::required &&
      agreed(spec.subprotocols, upgrade.offered_protocols).empty())
    return refuse(Response::text("no subprotocol in common\n", 400), "subprotocol");
  Request request = make_request(head, *reader_.target(), {}, std::move(found.params),
                                 connection_.stream(), client);
  pools::Pool* pool = nullptr;
  try {
    const pools::Holding::Callback held(server().holding(), route.origin);
    pool = pool_of(spec, request);
  } catch (...) {
    return threw(spec, std::current_exception());
  }
  if (!pool) return refuse(Response::text("there is no such pool\n", 404), "pool");
  pools::Permit permit = pool->try_enter();
  if (!permit)
    return refuse(Response::text("too many sessions\n", 503).with("Retry-After", "1"), "pool full");
  auto admitting =
      std::make_unique<Admitting>(route, std::move(upgrade), std::move(request), std::move(permit));
  if (!count_address(*admitting))
    return refuse(
        Response::text("too many sessions from this address\n", 503).with("Retry-After", "1"),
        "address");
  return admit(std::move(admitting));
}

// False: this address has as many sessions as one may have.
bool HttpProtocol::count_address(Admitting& admitting) {
  const std::uint32_t limit = admitting.route.limits.sessions_per_ip;
  if (limit == 0) return true;
  const auto address = pools::RemoteAddress::parse(admitting.request.remote_address());
  if (!address) return true;  // a unix socket's
  auto ticket = server().node().addresses.try_enter(*address, limit);
  if (!ticket) return false;
  admitting.ticket = std::move(*ticket);
  return true;
}

// Null: there is none of that name, or not for this gear.
pools::Pool* HttpProtocol::pool_of(const RouteSpec& spec, const Request& request) {
  const std::string& gear = spec.scope.gear;
  std::string name;
  if (spec.scope.pool) name = spec.scope.pool(request);
  if (name.empty()) name = "gear:" + gear;
  return server().node().pools.find(name, gear);
}

std::optional<Response> HttpProtocol::run_plugs(const RouteSpec& spec, Exchange& exchange) {
  for (const Plug& plug : spec.scope.plugs)
    if (auto halted = plug(exchange)) return halted;
  return std::nullopt;
}

Progress HttpProtocol::admit(std::unique_ptr<Admitting> admitting) {
  const RouteSpec& spec = *admitting->route.spec;
  const pools::Holding::Callback held(server().holding(), admitting->route.origin);
  try {
    if (auto halted = run_plugs(spec, admitting->handshake))
      return refuse(*admitting, std::move(*halted), "a plug");
    if (spec.open_later) return admit_later(std::move(admitting));
    return settle(*admitting, spec.open(admitting->handshake));
  } catch (...) {
    const auto kept = admitting ? std::move(admitting) : std::move(admitting_);
    return threw(*kept->route.spec, std::current_exception());
  }
}

Progress HttpProtocol::threw(const RouteSpec& spec, const std::exception_ptr& thrown) {
  const std::string what = what_of(thrown);
  server().log().error(
      "an admission threw",
      {{"gear", spec.scope.gear}, {"route", spec.path}, {"what", observe::quoted(what)}});
  return refuse(Response::text("something went wrong here\n", 500), "exception");
}

// What the gear has decided.
Progress HttpProtocol::settle(Admitting& admitting, detail::Opening opening) {
  if (auto* rejected = std::get_if<Response>(&opening))
    return refuse(admitting, std::move(*rejected), "admission");
  auto& opened = std::get<detail::Opened>(opening);
  const bool closed = admitting.permit.giver()->closed();
  if (!closed && !server().draining()) return open_session(admitting, std::move(opened));
  destroy(admitting, opened);  // it took so long to admit that all has changed
  return refuse(admitting,
                Response::text("the server is going away\n", 503).with("Retry-After", "1"),
                closed ? "pool closed" : "draining");
}

// A handler that no session will have.
void HttpProtocol::destroy(const Admitting& admitting, const detail::Opened& opened) {
  const RouteSpec& spec = *admitting.route.spec;
  const auto destroy = spec.on_workers ? spec.worker_operations.destroy : spec.operations.destroy;
  if (opened.handler && destroy) destroy(opened.handler);
}

Progress HttpProtocol::open_session(Admitting& admitting, detail::Opened opened) {
  const WebsocketEntry& route = admitting.route;
  const websocket::Upgrade& upgrade = admitting.upgrade;
  const RouteSpec& spec = *route.spec;
  if (!opened.handler && !opened.terms.close_code) {
    server().log().error("a factory made no handler",
                         {{"gear", spec.scope.gear}, {"route", spec.path}});
    return refuse(Response::text("something went wrong here\n", 500), "no handler");
  }
  std::string& chosen = opened.terms.subprotocol;
  const auto& offered = upgrade.offered_protocols;
  if (!chosen.empty() && std::ranges::find(offered, chosen) == offered.end()) {
    destroy(admitting, opened);
    server().log().error("an admission speaks a subprotocol that was not offered",
                         {{"route", spec.path}, {"subprotocol", observe::quoted(chosen)}});
    return refuse(Response::text("something went wrong here\n", 500), "subprotocol");
  }
  if (chosen.empty()) chosen = agreed(spec.subprotocols, offered);
  write_101(admitting, chosen);
  std::unique_ptr<websocket::Deflate> deflate;
  if (upgrade.compression)
    deflate = std::make_unique<websocket::Deflate>(
        server().deflate(), websocket::Role::server, upgrade.compression->params,
        route.compression->mode,
        websocket::DedicatedContext{.memory_level = route.limits.compression_memory_level});
  auto session = std::make_unique<Session>(connection_, route, opened.handler,
                                           std::move(admitting.request), std::move(opened.terms),
                                           std::move(deflate), std::move(admitting.permit));
  session->counts_for(std::move(admitting.ticket));
  connection_.become(std::move(session));
  return Progress::replaced;
}

void HttpProtocol::write_101(const Admitting& admitting, std::string_view subprotocol) {
  std::string head = websocket::acceptance(admitting.upgrade, subprotocol);
  for (const auto& [name, value] : admitting.handshake.headers)
    if (!http::append_header(head, {name, value}))
      server().log().warn("a response header was left out", {{"name", observe::quoted(name)}});
  connection_.write(head, "\r\n");
}

// Headers and cookies of the plugs are in a refusal, too.
Progress HttpProtocol::refuse(Admitting& admitting, Response response, std::string_view why) {
  std::ranges::move(admitting.handshake.headers, std::back_inserter(response.headers));
  return refuse(std::move(response), why);
}

// Any other answer to a request that asked to upgrade ends the connection, so that what the client
// sent behind it is never taken for another request.
Progress HttpProtocol::refuse(Response response, std::string_view why) {
  last_request_ = true;
  respond(response);
  auto& refused = server().counters().handshakes_refused;
  refused[std::min(static_cast<std::size_t>(response.status), refused.size() - 1)].add();
  note_refused("handshake refused", response.status, why);
  connection_.finish(linger);
  return Progress::hungry;
}

}  // namespace orrery::server
