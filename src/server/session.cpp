#include "server/session.h"

#include <algorithm>
#include <cassert>

#include <fmt/format.h>

#include "base/exceptions.h"
#include "server/loop_server.h"
#include "websocket/close_code.h"

namespace orrery::server {

using websocket::Opcode;

namespace {

// A callback may be called so often for one connection in one turn, then the others have theirs.
constexpr int messages_per_turn = 1000;

}  // namespace

Session::Session(Connection& connection, const WebsocketEntry& route, void* handler,
                 Request request, Terms terms, std::unique_ptr<websocket::Deflate> deflate)
    : connection_(connection),
      route_(route),
      handler_(handler),
      request_(std::move(request)),
      endpoint_(websocket::Role::server, route.limits.message_bytes, std::move(deflate)),
      opened_(now()),
      last_activity_(opened_) {
  if (!terms.subprotocol.empty()) rare().subprotocol = std::move(terms.subprotocol);
  if (terms.expires_at) rare().expires_at = terms.expires_at;
  if (terms.close_code) {
    close_code_ = *terms.close_code;
    rare().close_reason = std::move(terms.close_reason);
  }
  server().session_opened();
  server().counters().sessions_opened.add();
}

Session::~Session() {
  tell_closed();
}

Time Session::now() {
  return server().loop().now();
}

Session::Rare& Session::rare() {
  if (!rare_) rare_ = std::make_unique<Rare>();
  return *rare_;
}

std::string_view Session::subprotocol() const {
  return rare_ ? std::string_view(rare_->subprotocol) : std::string_view{};
}

void Session::assert_own_thread() const {
  assert(connection_.server().loop().in_own_thread() &&
         "a Session& was used outside its loop's thread");
}

void Session::start() {
  if (!handler_) {
    const std::string reason = std::move(rare().close_reason);
    return begin_close(CloseCause::Kind::server, close_code_, reason);
  }
  if (limits().heartbeat.count() > 0) rare().next_beat = now() + limits().heartbeat;
  opened_told_ = true;
  if (const auto on_open = route_.spec->operations.on_open)
    guarded([&] { on_open(handler_, *this); });
  if (!route_.spec->keep_request) request_.drop_head();
  if (state_ == State::open) plan(now());
}

Progress Session::on_bytes(std::span<char>& bytes) {
  last_activity_ = state_ == State::open ? now() : last_activity_;
  idle_pinged_ = false;
  const Progress progress = receive(bytes);
  if (state_ != State::open || !endpoint_.message_started()) return progress;
  if (rare_) rare_->beat_unanswered = false;  // in the middle of a frame nobody can send a pong
  if (const auto deadline = message_deadline()) connection_.wake_by(*deadline);
  return progress;
}

Progress Session::receive(std::span<char>& bytes) {
  for (int budget = messages_per_turn; budget > 0; --budget) {
    if (paused_) return Progress::paused;
    const websocket::Event event = endpoint_.next(bytes, now());
    if (std::holds_alternative<websocket::NeedMore>(event)) return Progress::hungry;
    if (const auto* message = std::get_if<websocket::MessageArrived>(&event))
      deliver(Message(static_cast<MessageType>(message->opcode), message->payload));
    else if (const auto* ping = std::get_if<websocket::PingArrived>(&event))
      on_ping(ping->payload);
    else if (const auto* pong = std::get_if<websocket::PongArrived>(&event))
      on_pong(pong->payload);
    else if (const auto* close = std::get_if<websocket::CloseArrived>(&event))
      on_close_frame(*close);
    else if (const auto* fault = std::get_if<websocket::Fault>(&event))
      on_fault(*fault);
  }
  return paused_ ? Progress::paused : Progress::later;
}

void Session::deliver(Message message) {
  if (state_ != State::open) return;
  ++messages_in_;
  bytes_in_ += message.size();
  server().counters().in.messages.add();
  server().counters().in.bytes.add(message.size());
  if (count_message() != Verdict::deliver) return;
  if (const auto on_message = route_.spec->operations.on_message)
    guarded([&] { on_message(handler_, *this, message); });
}

// Whether a message is within the rate, and what its policy says if it is not.
Session::Verdict Session::count_message() {
  if (limits().messages_per_second == 0) return Verdict::deliver;
  Rare& state = rare();
  if (now() - state.second_began >= std::chrono::seconds(1)) {
    state.second_began = now();
    state.messages_this_second = 0;
  }
  if (++state.messages_this_second <= limits().messages_per_second) return Verdict::deliver;
  count_dropped(CloseCause::Kind::rate_limited);
  if (limits().rate_policy == RatePolicy::drop) return Verdict::drop;
  begin_close(CloseCause::Kind::rate_limited, 1008, "rate limited");
  return Verdict::stop;
}

// §5.5.2: answered by the newest one if the peer is too slow for all (§5.5.3 allows it).
void Session::on_ping(std::string_view payload) {
  if (state_ != State::open) return;
  if (connection_.blocked()) {
    rare().pending_pong = payload;
    rare().pong_pending = true;
  } else {
    write_control(Opcode::pong, payload);
  }
  if (const auto callback = route_.spec->operations.on_ping)
    guarded([&] { callback(handler_, *this, payload); });
}

void Session::on_pong(std::string_view payload) {
  if (rare_) rare_->beat_unanswered = false;
  if (state_ != State::open) return;
  if (const auto callback = route_.spec->operations.on_pong)
    guarded([&] { callback(handler_, *this, payload); });
}

// §5.5.1, §7.1.5: a first close is echoed; the answer to ours ends the closing handshake.
void Session::on_close_frame(const websocket::CloseArrived& close) {
  if (state_ == State::open) {
    close_kind_ =
        close.code == 0 ? CloseCause::Kind::client_without_code : CloseCause::Kind::client;
    close_code_ = close.code;
    if (!close.reason.empty()) rare().close_reason = close.reason;
    send_close(close.code, {});
  }
  finish();
}

// §7.1.7: the bytes behind a fault mean nothing, so no answer to our close can be read.
void Session::on_fault(const websocket::Fault& fault) {
  using Kind = CloseCause::Kind;
  const Kind kind = fault.code == 1009   ? Kind::too_big
                    : fault.code == 1007 ? Kind::bad_text
                                         : Kind::protocol_error;
  begin_close(kind, fault.code, fault.reason);
  finish();
}

void Session::on_end(int error) {
  if (state_ == State::open && error != 0) rare().error = error;  // the kind says transport already
  tell_closed();
  if (error == 0) finish();
}

void Session::on_stop() {
  begin_close(CloseCause::Kind::drain, 1001, "shutting down");
}

void Session::on_gone() {
  tell_closed();
}

void Session::cut_off(CloseCause::Kind kind, int error) {
  if (state_ == State::open) {
    close_kind_ = kind;
    if (error != 0) rare().error = error;
  }
  tell_closed();
  connection_.abort();
}

// Who broke a rule may be in the middle of a long message; from others nothing more is to come.
void Session::finish() {
  tell_closed();
  const bool broke_a_rule = close_kind_ == CloseCause::Kind::protocol_error ||
                            close_kind_ == CloseCause::Kind::bad_text ||
                            close_kind_ == CloseCause::Kind::too_big;
  connection_.finish(broke_a_rule ? limits().close_timeout
                                  : std::min<milliseconds>(limits().close_timeout, 2s));
}

// The one place where on_close is called, and the handler goes.
void Session::tell_closed() {
  if (state_ == State::closed) return;
  state_ = State::closed;
  CloseCause cause{close_kind_, close_code_};
  if (rare_) cause.reason = rare_->close_reason, cause.error = rare_->error;
  const auto& operations = route_.spec->operations;
  if (opened_told_ && operations.on_close)
    guarded([&] { operations.on_close(handler_, *this, cause); });
  if (rare_)
    for (const auto& group : rare_->groups) server().groups().leave(group, connection_.id());
  log_closed(cause);
  if (handler_ && operations.destroy) operations.destroy(handler_);
  handler_ = nullptr;
  server().session_ended();
  server().counters().sessions_closed[static_cast<std::size_t>(cause.kind)].add();
}

void Session::log_closed(const CloseCause& cause) {
  if (!server().log().wants(observe::Level::info)) return;
  const auto& scope = route_.spec->scope;
  const std::string pool = "gear:" + scope.gear;
  const std::string remote = request_.remote_address();
  const double seconds = static_cast<double>((now() - opened_).count()) / 1000;
  const observe::LogField fields[] = {{"gear", scope.gear},
                                      {"route", route_.spec->path},
                                      {"pool", pool},
                                      {"remote", remote},
                                      {"cause", name_of(cause.kind)},
                                      {"code", cause.code},
                                      {"reason", observe::quoted(cause.reason)},
                                      {"seconds", seconds},
                                      {"messages_in", messages_in_},
                                      {"messages_out", messages_out_},
                                      {"bytes_in", bytes_in_},
                                      {"bytes_out", bytes_out_},
                                      {"errno", cause.error}};
  const observe::LogFields shown(fields);
  server().log().write(observe::Level::info, "session closed",
                       cause.error != 0 ? shown : shown.first(shown.size() - 1));
}

// An exception in user code costs exactly this session.
template <typename Call>
void Session::guarded(Call&& call) {
  std::string what;
  try {
    return call();
  } catch (...) {
    what = what_of(std::current_exception());
  }
  server().log().error("a callback threw", {{"gear", route_.spec->scope.gear},
                                            {"route", route_.spec->path},
                                            {"what", observe::quoted(what)}});
  begin_close(CloseCause::Kind::handler_error, 1011, "internal error");
}

}  // namespace orrery::server
