// How HttpProtocol turns a request into a Session: websocket.md's order, step by step.
#include <algorithm>

#include <fmt/format.h>

#include "base/exceptions.h"
#include "http/response_writer.h"
#include "server/http_protocol.h"
#include "server/loop_server.h"
#include "server/request_data.h"
#include "server/session.h"
#include "websocket/handshake.h"

namespace orrery::server {

namespace {

constexpr milliseconds linger = 2s;

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
  if (server().stopping())
    return refuse(Response::text("the server is going away\n", 503).with("Retry-After", "1"),
                  "stopping");
  if (head.method != "GET")
    return refuse(
        Response::text("an opening handshake is a GET\n", 405).with("Allow", found.entry->allow),
        "method");
  auto checked = websocket::check_upgrade(head, reader_.has_body(), route.compression);
  if (auto* refusal = std::get_if<websocket::Refusal>(&checked)) {
    Response response = Response::text(refusal->reason + "\n", refusal->status);
    std::ranges::move(refusal->headers, std::back_inserter(response.headers));
    return refuse(std::move(response), refusal->reason);
  }
  const auto host = head.headers.find("Host").value_or("");
  if (!route.origins.allows(head.headers.find("Origin"), connection_.stream().encrypted(), host))
    return refuse(Response::text("pages of this origin may not connect; see origins\n", 403),
                  "origin");
  const auto& upgrade = std::get<websocket::Upgrade>(checked);
  const RouteSpec& spec = *route.spec;
  if (spec.subprotocol_rule == SubprotocolRule::required &&
      agreed(spec.subprotocols, upgrade.offered_protocols).empty())
    return refuse(Response::text("no subprotocol in common\n", 400), "subprotocol");
  return admit(route, upgrade,
               make_request(head, *target_, {}, std::move(found.params), connection_.stream()));
}

std::optional<Response> HttpProtocol::run_plugs(const RouteSpec& spec, Exchange& exchange) {
  for (const Plug& plug : spec.scope.plugs)
    if (auto halted = plug(exchange)) return halted;
  return std::nullopt;
}

Progress HttpProtocol::admit(const WebsocketEntry& route, const websocket::Upgrade& upgrade,
                             Request request) {
  Handshake handshake(request, upgrade.offered_protocols);
  const auto refuse_with = [&](Response response, std::string_view why) {
    std::ranges::move(handshake.headers, std::back_inserter(response.headers));
    return refuse(std::move(response), why);
  };
  try {
    if (auto halted = run_plugs(*route.spec, handshake))
      return refuse_with(std::move(*halted), "a plug");
    detail::Opening opening = route.spec->open(handshake);
    if (auto* rejected = std::get_if<Response>(&opening))
      return refuse_with(std::move(*rejected), "admission");
    return open_session(route, upgrade, std::move(std::get<detail::Opened>(opening)), handshake);
  } catch (...) {
    const std::string thrown = what_of(std::current_exception());
    server().log().error("an admission threw", {{"gear", route.spec->scope.gear},
                                                {"route", route.spec->path},
                                                {"what", observe::quoted(thrown)}});
    return refuse(Response::text("something went wrong here\n", 500), "exception");
  }
}

Progress HttpProtocol::open_session(const WebsocketEntry& route, const websocket::Upgrade& upgrade,
                                    detail::Opened opened, Handshake& handshake) {
  const RouteSpec& spec = *route.spec;
  if (!opened.handler && !opened.terms.close_code) {
    server().log().error("a factory made no handler",
                         {{"gear", spec.scope.gear}, {"route", spec.path}});
    return refuse(Response::text("something went wrong here\n", 500), "no handler");
  }
  std::string& chosen = opened.terms.subprotocol;
  const auto& offered = upgrade.offered_protocols;
  if (!chosen.empty() && std::ranges::find(offered, chosen) == offered.end()) {
    if (opened.handler && spec.operations.destroy) spec.operations.destroy(opened.handler);
    server().log().error("an admission speaks a subprotocol that was not offered",
                         {{"route", spec.path}, {"subprotocol", observe::quoted(chosen)}});
    return refuse(Response::text("something went wrong here\n", 500), "subprotocol");
  }
  if (chosen.empty()) chosen = agreed(spec.subprotocols, offered);
  std::vector<http::Header> headers{{"Upgrade", "websocket"},
                                    {"Connection", "Upgrade"},
                                    {"Sec-WebSocket-Accept", upgrade.accept}};
  if (!chosen.empty()) headers.push_back({"Sec-WebSocket-Protocol", chosen});
  std::unique_ptr<websocket::Deflate> deflate;
  if (upgrade.compression) {
    headers.push_back({"Sec-WebSocket-Extensions", upgrade.compression->response_value});
    deflate =
        std::make_unique<websocket::Deflate>(server().deflate(), websocket::Role::server,
                                             upgrade.compression->params, route.compression->mode);
  }
  for (const auto& [name, value] : handshake.headers) headers.push_back({name, value});
  std::string out;
  for (const auto& name : http::append_response_head(out, 101, headers, 0, {}))
    server().log().warn("a response header was left out", {{"name", observe::quoted(name)}});
  connection_.write(out);
  connection_.become(std::make_unique<Session>(connection_, route, opened.handler,
                                               std::move(handshake.request),
                                               std::move(opened.terms), std::move(deflate)));
  return Progress::replaced;
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
