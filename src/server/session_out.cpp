// What a session sends: frames, and what happens when the client reads more slowly than that.
#include <algorithm>

#include "server/loop_server.h"
#include "server/session.h"
#include "server/session_actor.h"
#include "websocket/encoder.h"

namespace orrery::server {

using websocket::Opcode;
using Direction = TappedFrame::Direction;

namespace {

constexpr std::size_t control_payload_bytes = 125;  // §5.5

// So much more than messages may control frames queue.
constexpr std::size_t control_reserve_bytes = 4096;

// Under a policy that may still drop messages, so much of them is begun at a time.
constexpr std::size_t begun_bytes = 64 * 1024;

}  // namespace

// These are part of every message's way, and inline for that.

void Session::count_sent(std::size_t bytes) {
  ++messages_out_;
  bytes_out_ += bytes;
  if (!counted_later_) counters().out.add(1, bytes);
  if (limits().idle_reset == IdleReset::by_receiving_or_sending) last_activity_ = now();
}

bool Session::compresses(std::size_t bytes, Compress compress) const {
  return endpoint_.deflate() != nullptr && compress == Compress::when_negotiated &&
         bytes >= limits().compression_threshold_bytes;
}

bool Session::has_backlog() const {
  return limits().overflow == Overflow::drop_oldest ||
         limits().overflow == Overflow::latest_per_key;
}

// A message that meets an empty outbox always fits.
bool Session::fits(std::size_t bytes) const {
  const std::size_t queued = queued_bytes();
  return queued == 0 || queued + bytes <= limits().queued_bytes;
}

// Whether the outbox can take this many bytes more; a full one is first written as far as the peer
// takes it.
bool Session::make_room_for(std::size_t bytes) {
  return fits(bytes) || make_room_by_writing(bytes);
}

void Session::write_data(Opcode opcode, std::string_view payload, Compress compress) {
  if (tapped_) show(Direction::out, opcode, payload);
  count_sent(payload.size());
  const bool packed = compresses(payload.size(), compress);
  if (packed) payload = endpoint_.deflate()->compress(payload);
  using websocket::max_head_bytes;
  char* const room = connection_.room_for_answer(max_head_bytes + payload.size());
  if (room == nullptr) return write_frame(opcode, payload, packed);
  const std::size_t head = websocket::encode_head(room, opcode, payload.size(), true, packed);
  std::copy(payload.begin(), payload.end(), room + head);
  connection_.answered(head + payload.size());
}

void Session::send(const Outgoing& frame, const SendOptions& options) {
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
      if (state_ != State::open) return count_dropped(DropCause::closed);
      if (queued_bytes() > limits().queued_bytes + control_reserve_bytes)
        return told_dropped(DropCause::outbox_full);
      return write_control(Opcode::ping, frame.payload.substr(0, control_payload_bytes));
    case Outgoing::Kind::close:
      if (state_ != State::open) return count_dropped(DropCause::closed);
      return begin_close(CloseCause::Kind::server, frame.code, frame.payload);
  }
}

void Session::send_data(Opcode opcode, std::string_view payload, const SendOptions& options) {
  if (state_ != State::open) return count_dropped(DropCause::closed);
  if (has_backlog()) return put_in_backlog(opcode, payload, options);
  if (make_room_for(payload.size())) write_data(opcode, payload, options.compress);
}

// What was published, in a frame that other members may share.
void Session::send_broadcast(Broadcast& broadcast) {
  if (state_ != State::open) return count_dropped(DropCause::closed);
  const auto& payer = pool().ledger();
  if (has_backlog()) return put_in_backlog({broadcast.type(), broadcast.payload(payer)});
  const std::size_t bytes = broadcast.bytes();
  if (!make_room_for(bytes)) return;
  if (tapped_) show(Direction::out, static_cast<Opcode>(broadcast.type()), broadcast.view());
  count_sent(bytes);
  const websocket::Deflate* const deflate = endpoint_.deflate();
  // A context of its own would mean compressing for this member alone.
  const bool packed = compresses(bytes, {}) && deflate->independent();
  if (packed)
    connection_.write(broadcast.compressed(payer, server().deflate(), deflate->window_bits()));
  else
    connection_.write(broadcast.plain(payer));
}

void Session::write_frame(Opcode opcode, std::string_view payload, bool compressed) {
  char head[websocket::max_head_bytes];
  const std::size_t bytes = websocket::encode_head(head, opcode, payload.size(), true, compressed);
  connection_.write({head, bytes}, payload);
}

// For the engine's own control frames, which are not held against the outbox limit: they are small,
// and few.
void Session::write_control(Opcode opcode, std::string_view payload) {
  if (tapped_) show(Direction::out, opcode, payload);
  if (opcode == Opcode::ping) pong_awaited_ = true;
  write_frame(opcode, payload, false);
}

bool Session::make_room_by_writing(std::size_t bytes) {
  connection_.write_early();
  if (connection_.blocked()) on_blocked();
  if (fits(bytes)) return true;
  told_dropped(DropCause::outbox_full);
  if (limits().overflow == Overflow::close)
    begin_close(CloseCause::Kind::slow_consumer, 1008, "slow consumer");
  return false;
}

void Session::put_in_backlog(Opcode opcode, std::string_view payload, const SendOptions& options) {
  put_in_backlog({static_cast<MessageType>(opcode), SharedBytes(std::string(payload)),
                  options.compress, std::string(options.key)});
}

// Messages wait whole, until the outbox takes them: only those may be dropped or replaced.
void Session::put_in_backlog(WaitingMessage message) {
  auto& backlog = rare().backlog;
  if (!backlog) backlog = std::make_unique<Backlog>();
  const bool keyed = limits().overflow == Overflow::latest_per_key && !message.key.empty();
  if (keyed && backlog->replace(message))
    told_dropped(DropCause::replaced);
  else
    backlog->push(std::move(message));
  server().flush_later(connection_);
  const auto too_much = [&] {
    return backlog && backlog->size() > 1 && queued_bytes() > limits().queued_bytes;
  };
  if (!too_much()) return;
  connection_.write_early();
  if (connection_.blocked()) on_blocked();
  fill_outbox();
  if (limits().overflow == Overflow::drop_oldest) {
    while (too_much()) drop_oldest();
  } else if (too_much()) {
    told_dropped(DropCause::outbox_full, backlog->size());
    *backlog = {};
    begin_close(CloseCause::Kind::slow_consumer, 1008, "slow consumer");
  }
}

void Session::drop_oldest() {
  (void)rare_->backlog->pop();
  told_dropped(DropCause::outbox_full);
}

// The connection is about to write. They are compressed only now, when nothing can be dropped any
// more: so no context ever knows a message that was never sent.
void Session::fill_outbox() {
  if (!rare_ || !rare_->backlog) return;
  Backlog& backlog = *rare_->backlog;
  while (!backlog.empty() && connection_.queued_bytes() < begun_bytes && !connection_.blocked()) {
    write_waiting(backlog.pop());
  }
  if (backlog.empty()) rare_->backlog.reset();
}

// Others may wait for the same payload: so it is not copied.
void Session::write_waiting(const WaitingMessage& message) {
  const auto opcode = static_cast<Opcode>(message.type);
  const std::size_t bytes = message.payload.size();
  if (compresses(bytes, message.compress))
    return write_data(opcode, message.payload.view(), message.compress);
  if (tapped_) show(Direction::out, opcode, message.payload.view());
  count_sent(bytes);
  char head[websocket::max_head_bytes];
  connection_.write({head, websocket::encode_head(head, opcode, bytes, true, false)});
  connection_.write(message.payload);
}

void Session::count_dropped(DropCause cause, std::uint64_t messages) {
  server().counters().dropped[static_cast<std::size_t>(cause)].add(messages);
}

void Session::told_dropped(DropCause cause, std::uint64_t messages) {
  if (messages == 0) return;
  count_dropped(cause, messages);
  const bool asked =
      route().operations.on_dropped || route().worker_operations.on_dropped || actor_;
  if (asked) actor().note_dropped(cause, messages);
}

void Session::on_blocked() {
  connection_.wake_by(connection_.progressed() + limits().write_timeout);
}

void Session::wants_flushed() {
  connection_.tell_flushed();
}

void Session::on_flushed() {
  fill_outbox();  // what was kept back while the peer took nothing
  if (queued_bytes() > 0)
    connection_.tell_flushed();
  else if (actor_)
    actor_->flushed();
  if (!rare_ || !rare_->pong_pending || state_ != State::open) return;
  rare_->pong_pending = false;
  write_control(Opcode::pong, rare_->pending_pong);
}

// What this session makes its pool hold: what waits to be written, letters, half a message,
// contexts of compression, copies for coroutines and workers. What it shares is charged elsewhere.
std::size_t Session::held_bytes() const {
  const std::size_t waiting = rare_ && rare_->backlog ? rare_->backlog->unpaid_bytes() : 0;
  return connection_.unpaid_bytes() + waiting + endpoint_.buffered_bytes() +
         (actor_ ? actor_->held_bytes() : 0);
}

void Session::out_of_memory() {
  begin_close(CloseCause::Kind::out_of_memory_budget, 1013, "out of memory");
}

}  // namespace orrery::server
