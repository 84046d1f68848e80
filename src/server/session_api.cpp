// orrery::Session as gears see it: every call goes to the server's Session that it is.
#include "orrery/session.h"

#include "server/session.h"
#include "server/session_actor.h"

namespace orrery {

namespace {

server::Session& self(Session& session) {
  auto& live = static_cast<server::Session&>(session);
  live.assert_own_thread();
  return live;
}

const server::Session& self(const Session& session) {
  const auto& live = static_cast<const server::Session&>(session);
  live.assert_own_thread();
  return live;
}

}  // namespace

void Session::send(std::string_view text, const SendOptions& options) {
  self(*this).send_data(websocket::Opcode::text, text, options);
}
void Session::send(Message message, const SendOptions& options) {
  self(*this).send_data(static_cast<websocket::Opcode>(message.type()), message.payload(), options);
}
void Session::send(const Outgoing& frame, const SendOptions& options) {
  self(*this).send(frame, options);
}
void Session::send(std::initializer_list<Outgoing> frames, const SendOptions& options) {
  for (const auto& frame : frames) self(*this).send(frame, options);
}
void Session::ping(std::string_view payload) {
  self(*this).send(orrery::ping(payload), {});
}

void Session::close() {
  self(*this).begin_close(CloseCause::Kind::server, 0, {});
}
void Session::close(std::uint16_t code, std::string_view reason) {
  self(*this).begin_close(CloseCause::Kind::server, code, reason);
}

void Session::join(std::string_view group, std::string_view metadata) {
  self(*this).actor().join(group, metadata);
}
Recovery Session::join(std::string_view group, const Position& since, std::string_view metadata) {
  return self(*this).actor().join(group, since, metadata);
}
void Session::leave(std::string_view group) {
  self(*this).actor().leave(group);
}
std::vector<Member> Session::track(std::string_view group) {
  return self(*this).actor().track(group);
}
void Session::publish(std::string_view group, std::string_view text) {
  self(*this).actor().publish(group, {MessageType::text, text}, true);
}
void Session::publish(std::string_view group, Message message) {
  self(*this).actor().publish(group, message, true);
}
void Session::publish_to_others(std::string_view group, std::string_view text) {
  self(*this).actor().publish(group, {MessageType::text, text}, false);
}
void Session::publish_to_others(std::string_view group, Message message) {
  self(*this).actor().publish(group, message, false);
}

Address Session::address() {
  return Address(self(*this).actor().mailbox());
}
Sender Session::sender() const {
  return self(*this).sender();
}
std::string_view Session::pool() const {
  return self(*this).pool().name();
}

void Session::register_name(std::string name,
                            std::function<void(Session&, const NameAnswer&)> then) {
  self(*this).actor().claim(std::move(name), std::move(then));
}
NameReleased Session::unregister_name(std::string_view name) {
  return self(*this).actor().release(name);
}

void Session::tick_every(milliseconds period) {
  self(*this).actor().tick_every(period);
}
void Session::post_after(milliseconds time, std::string_view text) {
  self(*this).actor().post_after(time, std::string(text));
}

void Session::pause_reading() {
  self(*this).pause();
}
void Session::resume_reading() {
  self(*this).resume();
}
void Session::set_limits(const SessionLimits& limits) {
  self(*this).set_limits(limits);
}
void Session::extend(std::chrono::system_clock::time_point until) {
  self(*this).extend(until);
}
std::size_t Session::queued_bytes() const {
  return self(*this).queued_bytes();
}
void Session::hibernate() {
  self(*this).hibernate();
}
const Request& Session::request() const {
  return self(*this).request();
}
std::string_view Session::subprotocol() const {
  return self(*this).subprotocol();
}

std::string_view name_of(CloseCause::Kind kind) {
  using Kind = CloseCause::Kind;
  switch (kind) {
    case Kind::server: return "server";
    case Kind::client: return "client";
    case Kind::client_without_code: return "client_without_code";
    case Kind::idle_timeout: return "idle_timeout";
    case Kind::ping_timeout: return "ping_timeout";
    case Kind::protocol_error: return "protocol_error";
    case Kind::bad_text: return "bad_text";
    case Kind::too_big: return "too_big";
    case Kind::rate_limited: return "rate_limited";
    case Kind::slow_consumer: return "slow_consumer";
    case Kind::message_timeout: return "message_timeout";
    case Kind::handler_error: return "handler_error";
    case Kind::drain: return "drain";
    case Kind::name_lost: return "name_lost";
    case Kind::kicked: return "kicked";
    case Kind::expired: return "expired";
    case Kind::pool_closed: return "pool_closed";
    case Kind::out_of_memory_budget: return "out_of_memory_budget";
    case Kind::transport: return "transport";
    case Kind::shutdown_deadline: return "shutdown_deadline";
  }
  return "transport";
}

std::string_view name_of(DropCause cause) {
  switch (cause) {
    case DropCause::closed: return "closed";
    case DropCause::outbox_full: return "outbox_full";
    case DropCause::replaced: return "replaced";
    case DropCause::rate_limited: return "rate_limited";
    case DropCause::mailbox_full: return "mailbox_full";
    case DropCause::loop_full: return "loop_full";
  }
  return "closed";
}

}  // namespace orrery
