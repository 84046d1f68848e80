// How a session ends: on_close exactly once, whatever happened, and then all that it held goes
// back.
#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "server/session_calls.h"
#include "server/worker_run.h"
#include "websocket/close_code.h"
#include "websocket/encoder.h"
#include "websocket/utf8.h"

namespace orrery::server {

using websocket::Opcode;

namespace {

constexpr std::size_t close_reason_bytes = 123;  // §5.5

}  // namespace

void Session::begin_close(CloseCause::Kind kind, std::uint16_t code, std::string_view reason) {
  if (state_ != State::open) return;
  if (code != 0 || !reason.empty()) {
    const bool sendable = websocket::is_valid_to_send(code) &&
                          reason.size() <= close_reason_bytes && websocket::is_utf8(reason);
    assert(sendable &&
           "close(code, reason): 1000-1003, 1007-1014, 3000-4999; <= 123 bytes of UTF-8");
    if (!sendable) {
      code = 1011;
      reason = {};
    }
  }
  close_kind_ = kind;
  close_code_ = code;
  if (!reason.empty()) rare().close_reason = reason;
  empty_backlog();
  send_close(code, reason);
  state_ = State::closing;
  last_activity_ = now();
  connection_.wake_by(last_activity_ + limits().close_timeout);
  let_go(by_handler);
  let_go(by_actor);
}

// What was sent before the close still goes out.
void Session::empty_backlog() {
  if (!rare_ || !rare_->backlog) return;
  for (Backlog& backlog = *rare_->backlog; !backlog.empty();) write_waiting(backlog.pop());
}

// §5.5.1; code 0: an empty close frame.
void Session::send_close(std::uint16_t code, std::string_view reason) {
  if (tapped_) show_close(TappedFrame::Direction::out, code, reason);
  char payload[2 + close_reason_bytes];
  std::size_t bytes = 0;
  if (code != 0) {
    payload[0] = static_cast<char>(code >> 8);
    payload[1] = static_cast<char>(code & 0xff);
    bytes = 2 + reason.copy(payload + 2, close_reason_bytes);
  }
  write_frame(Opcode::close, {payload, bytes}, false);
}

// §5.5.1, §7.1.5: a first close is echoed; the answer to ours ends the closing handshake. Behind it
// no data may come, but the pong for a ping that crossed it.
void Session::on_close_frame(const websocket::CloseArrived& close, std::size_t bytes_behind) {
  if (tapped_) show_close(TappedFrame::Direction::in, close.code, close.reason);
  if (state_ == State::open) {
    close_kind_ =
        close.code == 0 ? CloseCause::Kind::client_without_code : CloseCause::Kind::client;
    close_code_ = close.code;
    if (!close.reason.empty()) rare().close_reason = close.reason;
    send_close(close.code, {});
  }
  using PeerSends = Connection::PeerSends;
  finish(bytes_behind > 0 || pong_awaited_ ? PeerSends::perhaps_more : PeerSends::nothing_more);
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
  end();
  if (error == 0) finish();
}

void Session::on_gone() {
  end();
}

void Session::cut_off(CloseCause::Kind kind, int error) {
  if (state_ == State::open) {
    close_kind_ = kind;
    if (error != 0) rare().error = error;
  }
  end();
  connection_.abort();
}

// Who broke a rule may be in the middle of a long message; from others little is to come.
void Session::finish(Connection::PeerSends sends) {
  end();
  const bool broke_a_rule = close_kind_ == CloseCause::Kind::protocol_error ||
                            close_kind_ == CloseCause::Kind::bad_text ||
                            close_kind_ == CloseCause::Kind::too_big;
  connection_.finish(
      broke_a_rule ? limits().close_timeout : std::min<milliseconds>(limits().close_timeout, 2s),
      sends);
}

// Nothing comes any more. The coroutine ends first, then a worker's callback, then on_close.
void Session::end() {
  if (state_ >= State::ended) return;
  state_ = State::ended;
  if (rare_ && rare_->backlog) count_dropped(DropCause::closed, rare_->backlog->size());
  if (actor_) actor_->end();
  if (!actor_ || !actor_->at_work()) say_closed();
}

void Session::worker_done(WorkerRun& run) {
  actor().worker_done(run);
}

void Session::went_on_from_worker() {
  if (state_ == State::ended) return say_closed();
  if (state_ == State::closed) depart();
}

// The one place where on_close is called: here, or on a worker.
void Session::say_closed() {
  state_ = State::closed;
  const CloseCause cause = close_cause();
  const auto& on_worker = route().worker_operations.on_close;
  if (opened_told_ && on_worker) {
    return actor().work([&on_worker, handler = handler_, kind = cause.kind, code = cause.code,
                         reason = std::string(cause.reason),
                         error = cause.error](WorkerSession& session) {
      on_worker.call(handler, session, CloseCause{kind, code, reason, error});
    });
  }
  if (const auto& on_close = route().operations.on_close; opened_told_ && on_close)
    guarded([&] { on_close.call(handler_, *this, cause); });
  depart();
}

// What the session held goes back, and its handler goes.
void Session::depart() {
  state_ = State::departed;
  if (actor_) actor_->leave_all();
  log_closed(close_cause());
  const auto destroy =
      route().on_workers ? route().worker_operations.destroy : route().operations.destroy;
  if (handler_ && destroy) destroy(handler_);
  handler_ = nullptr;
  connection_.leave_account();
  if (tapped_) server().taps().end(id());
  counters().sessions_closed[static_cast<std::size_t>(close_kind_)].add();
  permit_.release();
  if (rare_) rare_->ticket.release();
  server().session_ended();
  connection_.let_go();
}

CloseCause Session::close_cause() const {
  CloseCause cause{close_kind_, close_code_};
  if (rare_) cause.reason = rare_->close_reason, cause.error = rare_->error;
  return cause;
}

bool Session::may_go() const {
  return !actor_ || !actor_->at_work();
}

void Session::log_closed(const CloseCause& cause) {
  if (!server().log().wants(observe::Level::info)) return;
  const auto& scope = route().scope;
  const std::string session = id_text();
  const std::string remote = request_.remote_address();
  const double seconds = static_cast<double>((now() - opened_).count()) / 1000;
  const observe::LogField fields[] = {{"session", session},
                                      {"gear", scope.gear},
                                      {"route", route().path},
                                      {"pool", pool().name()},
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

}  // namespace orrery::server
