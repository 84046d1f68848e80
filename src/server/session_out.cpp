// What a session sends: frames, overflow, closing.
#include <algorithm>
#include <cassert>

#include "server/loop_server.h"
#include "server/session.h"
#include "websocket/close_code.h"
#include "websocket/encoder.h"
#include "websocket/utf8.h"

namespace orrery::server {

using websocket::Opcode;

namespace {

constexpr std::size_t control_payload_bytes = 125;  // §5.5
constexpr std::size_t close_reason_bytes = 123;

}  // namespace

void Session::send(const Outgoing& frame, SendOptions options) {
  switch (frame.kind) {
    case Outgoing::Kind::text:
    case Outgoing::Kind::binary: {
      const auto opcode = static_cast<Opcode>(frame.kind);
      if (frame.pieces.size() == 0) return send_data(opcode, frame.payload, options);
      std::string whole;
      for (const auto piece : frame.pieces) whole += piece;
      return send_data(opcode, whole, options);
    }
    case Outgoing::Kind::ping:
      if (state_ != State::open) return count_dropped(close_kind_);
      if (!make_room_for(frame.payload.size())) return;
      return write_control(Opcode::ping, frame.payload.substr(0, control_payload_bytes));
    case Outgoing::Kind::close:
      if (state_ != State::open) return count_dropped(close_kind_);
      return begin_close(CloseCause::Kind::server, frame.code, frame.payload);
  }
}

void Session::send_data(Opcode opcode, std::string_view payload, SendOptions options) {
  if (state_ != State::open) return count_dropped(close_kind_);
  if (!make_room_for(payload.size())) return;
  ++messages_out_;
  bytes_out_ += payload.size();
  server().counters().out.messages.add();
  server().counters().out.bytes.add(payload.size());
  if (limits().idle_reset == IdleReset::by_receiving_or_sending) last_activity_ = now();
  if (compresses(payload.size(), options))
    write_frame(opcode, endpoint_.deflate()->compress(payload), true);
  else
    write_frame(opcode, payload, false);
}

bool Session::compresses(std::size_t bytes, SendOptions options) const {
  return endpoint_.deflate() != nullptr && options.compress == Compress::when_negotiated &&
         bytes >= limits().compression_threshold_bytes;
}

void Session::write_frame(Opcode opcode, std::string_view payload, bool compressed) {
  char head[websocket::max_head_bytes];
  const std::size_t bytes = websocket::encode_head(head, opcode, payload.size(), true, compressed);
  connection_.write({head, bytes}, payload);
}

// For the engine's own control frames, which are not held against the outbox limit: they are small,
// and few.
void Session::write_control(Opcode opcode, std::string_view payload) {
  write_frame(opcode, payload, false);
}

// Whether the outbox can take this many bytes more. A message that meets an empty outbox always
// fits; a full one is first written as far as the peer takes it.
bool Session::make_room_for(std::size_t bytes) {
  const auto fits = [&] {
    const std::size_t queued = connection_.queued_bytes();
    return queued == 0 || queued + bytes <= limits().queued_bytes;
  };
  if (fits()) return true;
  connection_.write_early();
  if (connection_.blocked()) on_blocked();
  if (fits()) return true;
  count_dropped(CloseCause::Kind::slow_consumer);
  if (limits().overflow == Overflow::close)
    begin_close(CloseCause::Kind::slow_consumer, 1008, "slow consumer");
  return false;
}

void Session::count_dropped(CloseCause::Kind why) {
  server().counters().dropped[static_cast<std::size_t>(why)].add();
}

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
  send_close(code, reason);
  state_ = State::closing;
  last_activity_ = now();
  connection_.wake_by(last_activity_ + limits().close_timeout);
  if (paused_) resume();
}

// §5.5.1; code 0: an empty close frame.
void Session::send_close(std::uint16_t code, std::string_view reason) {
  char payload[2 + close_reason_bytes];
  std::size_t bytes = 0;
  if (code != 0) {
    payload[0] = static_cast<char>(code >> 8);
    payload[1] = static_cast<char>(code & 0xff);
    bytes = 2 + reason.copy(payload + 2, close_reason_bytes);
  }
  write_control(Opcode::close, {payload, bytes});
}

void Session::join(std::string_view group) {
  if (state_ != State::open) return;
  auto& groups = rare().groups;
  if (std::ranges::find(groups, group) != groups.end()) return;
  groups.emplace_back(group);
  server().groups().join(group, connection_.id());
}

void Session::leave(std::string_view group) {
  if (state_ == State::closed) return;
  std::erase(rare().groups, group);
  server().groups().leave(group, connection_.id());
}

void Session::publish(std::string_view group, Message message, bool to_itself) {
  server().publish(group, message.type(), message.payload(), to_itself ? nullptr : this);
}

void Session::deliver_broadcast(Broadcast& broadcast) {
  const std::string_view payload = broadcast.payload();
  const websocket::Deflate* const deflate = endpoint_.deflate();
  // A context of its own would mean compressing for this member alone.
  const bool packed = compresses(payload.size(), {}) && deflate->independent();
  if (state_ != State::open) return count_dropped(close_kind_);
  if (!make_room_for(payload.size())) return;
  ++messages_out_;
  bytes_out_ += payload.size();
  server().counters().out.messages.add();
  server().counters().out.bytes.add(payload.size());
  if (limits().idle_reset == IdleReset::by_receiving_or_sending) last_activity_ = now();
  connection_.write(packed ? broadcast.compressed(server().deflate(), deflate->window_bits())
                           : broadcast.plain());
}

namespace {

SharedBytes frame_of(MessageType type, std::string_view payload, bool compressed) {
  char head[websocket::max_head_bytes];
  const auto bytes =
      websocket::encode_head(head, static_cast<Opcode>(type), payload.size(), true, compressed);
  std::string frame;
  frame.reserve(bytes + payload.size());
  frame.append(head, bytes).append(payload);
  return SharedBytes(std::move(frame));
}

}  // namespace

const SharedBytes& Broadcast::plain() {
  if (plain_.size() == 0) plain_ = frame_of(type_, payload(), false);
  return plain_;
}

const SharedBytes& Broadcast::compressed(websocket::DeflateEngine& engine, int window_bits) {
  SharedBytes& variant = compressed_[window_bits];
  if (variant.size() == 0) variant = frame_of(type_, engine.compress(payload(), window_bits), true);
  return variant;
}

}  // namespace orrery::server
