// A session's deadlines: one timer serves them all, and most re-arming is a store.
#include <fmt/format.h>

#include <algorithm>

#include "server/loop_server.h"
#include "server/session.h"
#include "server/session_actor.h"

namespace orrery::server {

using websocket::Opcode;

namespace {

// How long before the idle deadline a PING goes out, so that the answer has time to arrive.
milliseconds ping_lead(milliseconds idle) {
  return std::min<milliseconds>(idle / 2, 10s);
}

}  // namespace

milliseconds Session::idle_limit() const {
  return rare_ && rare_->idle ? *rare_->idle : limits().idle;
}

std::optional<Time> Session::message_deadline() const {
  const auto started = endpoint_.message_started();
  if (!started || held_ != 0) return std::nullopt;
  const Time from = rare_ ? std::max(*started, rare_->message_from) : *started;
  return from + limits().message_timeout;
}

void Session::on_timer(Time now) {
  if (state_ >= State::ended) return;
  if (state_ == State::closing) {
    const Time deadline = last_activity_ + limits().close_timeout;
    if (now < deadline) return connection_.wake_by(deadline);
    return cut_off(close_kind_);
  }
  if (check_deadlines(now)) plan(now);
}

// Whether the session is still open afterwards.
bool Session::check_deadlines(Time now) {
  using Kind = CloseCause::Kind;
  if (connection_.blocked() && now >= connection_.progressed() + limits().write_timeout) {
    cut_off(Kind::slow_consumer);
    return false;
  }
  if (const auto deadline = message_deadline(); deadline && now >= *deadline) {
    begin_close(Kind::message_timeout, 1008, "message timeout");
    return false;
  }
  if (rare_ && rare_->expires_at && server().loop().clock().calendar() >= *rare_->expires_at) {
    begin_close(Kind::expired, 4003, "token expired");
    return false;
  }
  if (rare_ && now >= rare_->leaves_at) {
    const std::string goodbye = std::move(rare_->goodbye);
    begin_close(Kind::drain, 1001, goodbye);
    return false;
  }
  return check_heartbeat(now) && check_idle(now);
}

// The first call tells the handler; a later one may only hasten the end.
bool Session::leave_at(Time when, std::string reason) {
  if (state_ != State::open || when >= rare().leaves_at) return false;
  const bool first = rare_->leaves_at == Time::max();
  rare_->leaves_at = when;
  rare_->goodbye = std::move(reason);
  const bool asked = route().operations.on_drain || route().worker_operations.on_drain || actor_;
  if (first && asked) actor().happened(Drain{});
  if (state_ != State::open) return first;
  const bool at_once = when <= now() && !(actor_ && actor_->busy());
  if (!at_once || check_deadlines(now())) plan(now());
  return first;
}

bool Session::check_heartbeat(Time now) {
  if (limits().heartbeat.count() == 0 || now < rare().next_beat || held_ != 0) return true;
  if (rare_->beat_unanswered) {
    begin_close(CloseCause::Kind::ping_timeout, 1000, "ping timeout");
    return false;
  }
  rare_->next_beat = now + limits().heartbeat;
  rare_->beat_unanswered = true;
  write_control(Opcode::ping, {});
  return true;
}

bool Session::check_idle(Time now) {
  const milliseconds idle = idle_limit();
  if (idle.count() == 0 || held_ != 0) return true;
  if (now >= last_activity_ + idle) {
    const auto seconds = static_cast<double>(idle.count()) / 1000;
    begin_close(CloseCause::Kind::idle_timeout, 1000,
                fmt::format("idle timeout: no data or ping for {:g} s", seconds));
    return false;
  }
  if (limits().idle_policy == IdlePolicy::ping && !idle_pinged_ &&
      now >= last_activity_ + idle - ping_lead(idle)) {
    idle_pinged_ = true;
    write_control(Opcode::ping, {});
  }
  return true;
}

// Asks for the earliest of all deadlines.
void Session::plan(Time now) {
  Time next = Time::max();
  if (const milliseconds idle = idle_limit(); idle.count() > 0 && held_ == 0) {
    const bool ping_first = limits().idle_policy == IdlePolicy::ping && !idle_pinged_;
    next = last_activity_ + idle - (ping_first ? ping_lead(idle) : 0ms);
  }
  if (limits().heartbeat.count() > 0 && held_ == 0) next = std::min(next, rare().next_beat);
  if (const auto deadline = message_deadline()) next = std::min(next, *deadline);
  if (connection_.blocked())
    next = std::min(next, connection_.progressed() + limits().write_timeout);
  if (rare_ && rare_->expires_at) {
    const auto left = *rare_->expires_at - server().loop().clock().calendar();
    next = std::min(next, now + std::chrono::ceil<milliseconds>(left));
  }
  if (rare_) next = std::min(next, rare_->leaves_at);
  if (next != Time::max()) connection_.wake_by(next);
}

void Session::set_limits(const SessionLimits& changes) {
  if (changes.message_bytes) endpoint_.set_message_bytes(*changes.message_bytes);
  if (changes.idle) rare().idle = *changes.idle;
  if (state_ == State::open) plan(now());
}

void Session::extend(std::chrono::system_clock::time_point until) {
  rare().expires_at = until;
  if (state_ == State::open) plan(now());
}

// Not the endpoint's own: it would also free the message that a callback may be looking at.
void Session::hibernate() {
  if (websocket::Deflate* const deflate = endpoint_.deflate()) deflate->hibernate();
}

}  // namespace orrery::server
