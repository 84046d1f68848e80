// What operators see of a session.
#include <fmt/compile.h>

#include <limits>

#include "observe/redact.h"
#include "server/loop_server.h"
#include "server/session.h"
#include "server/session_actor.h"

namespace orrery::server {

std::string Session::id_text() const {
  char text[3 * (std::numeric_limits<std::uint64_t>::digits10 + 1) + 2];  // and two dots
  const char* end = fmt::format_to(text, FMT_COMPILE("{}.{}.{}"), server().loop().index(),
                                   id().slot, id().generation);
  return {static_cast<const char*>(text), end};
}

SessionInfo Session::info() const {
  const auto& redacted = server().node().options.redacted;
  const auto query = request_.query_string();
  const std::string target =
      std::string(request_.path()) + (query.empty() ? "" : "?") + std::string(query);
  SessionInfo info{.id = id_text(),
                   .gear = std::string(route().scope.gear),
                   .pool = std::string(pool().name()),
                   .route = route().path,
                   .target = observe::redact(target, redacted),
                   .remote_address = request_.remote_address(),
                   .remote_port = request_.remote_port(),
                   .subprotocol = std::string(subprotocol()),
                   .names = {},
                   .groups = {},
                   .age = now() - opened_,
                   .silent = now() - last_activity_,
                   .messages_in = messages_in_,
                   .messages_out = messages_out_,
                   .bytes_in = bytes_in_,
                   .bytes_out = bytes_out_,
                   .queued_bytes = queued_bytes()};
  if (!actor_) return info;
  info.names = actor_->names();
  info.groups = actor_->groups();
  return info;
}

void Session::show(TappedFrame::Direction direction, websocket::Opcode opcode,
                   std::string_view payload) {
  const TappedFrame frame{.direction = direction,
                          .kind = static_cast<TappedFrame::Kind>(opcode),
                          .bytes = payload.size()};
  tapped_ = server().taps().show(id(), frame, payload, server().node().options.redacted, now());
}

void Session::show_close(TappedFrame::Direction direction, std::uint16_t code,
                         std::string_view reason) {
  if (code == 0) return show(direction, websocket::Opcode::close, {});
  show(direction, websocket::Opcode::close,
       fmt::format("{}{}{}", code, reason.empty() ? "" : " ", reason));
}

}  // namespace orrery::server
