#include "gears/chat/gear.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "gears/chat/guest.h"
#include "gears/chat/page.h"
#include "gears/chat/protocol.h"
#include "gears/chat/rooms.h"

namespace orrery::gears {
namespace {

Admission<> admit(const Handshake& hello) {
  if (!chat::is_room(hello.request.param("room")))
    return reject(400, "a room's name has 1 to " + std::to_string(ChatLimits::room_characters) +
                           " characters, none of them a control character\n");
  return accept();
}

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '-';
}

// "chat.example" or "192.0.2.1:7512".
bool is_server(std::string_view server) {
  const auto colon = std::min(server.find(':'), server.size());
  const auto host = server.substr(0, colon);
  if (host.empty() || !std::ranges::all_of(host, is_host_character)) return false;
  if (colon == server.size()) return true;
  const auto port = server.substr(colon + 1);
  return !port.empty() && port.size() <= 5 &&
         std::ranges::all_of(port, [](char c) { return c >= '0' && c <= '9'; });
}

// Everything is in the page: it may fetch nothing, and connect only to where it came from and to
// the servers that its address lists. Nothing: that list can't be read.
std::optional<std::string> policy_for(std::string_view servers) {
  std::string reachable = "'self'";
  for (std::size_t count = 0; !servers.empty(); ++count) {
    const auto server = servers.substr(0, servers.find(','));
    if (count == ChatLimits::listed_servers || !is_server(server)) return std::nullopt;
    servers.remove_prefix(std::min(server.size() + 1, servers.size()));
    for (const auto* scheme : {" ws://", " wss://"}) reachable.append(scheme).append(server);
  }
  return "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
         "img-src data:; connect-src " +
         reachable + "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
}

Response show_page(const Request& request) {
  auto policy = policy_for(request.query("servers").value_or(""));
  if (!policy)
    return Response::text("servers: at most " + std::to_string(ChatLimits::listed_servers) +
                              " of host:port, separated by commas\n",
                          400);
  return Response::html(std::string(chat::page))
      .with("Content-Security-Policy", std::move(*policy))
      .with("Cache-Control", "no-cache");
}

}  // namespace

void ChatGear::routes(Router& routes) {
  routes.get("", show_page);
  routes.websocket<chat::Guest>("/rooms/:room", std::make_shared<chat::Rooms>())
      .admit(admit)
      .limits({.message_bytes = ChatLimits::message_bytes});
}

}  // namespace orrery::gears
