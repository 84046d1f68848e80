#include "server/connection.h"

#include <algorithm>
#include <functional>

#include "net/send_batch.h"
#include "server/loop_server.h"
#include "server/session.h"

namespace orrery::server {

namespace {

// How long a peer may take nothing of what a finishing connection still has for it.
constexpr milliseconds stall_timeout = 30s;

constexpr milliseconds longest_linger = 65s;  // fits linger_ms_

// How often we ask the stream whether it still holds bytes: it does not tell by itself.
constexpr milliseconds look_interval = 1s;

// Longer ones don't wait for others: a system call costs less than to copy them.
constexpr std::size_t written_at_once_bytes = 32 * 1024;

}  // namespace

Connection::Connection(LoopServer& server, std::unique_ptr<net::Stream> stream)
    : server_(server), stream_(std::move(stream)) {}

Connection::~Connection() {
  if (protocol_) protocol_->on_gone();
  if (outbox_) server_.keep_outbox(std::move(outbox_));
}

void Connection::open(SlotId id, std::unique_ptr<Protocol> first) {
  id_ = id;
  protocol_ = std::move(first);
  protocol_->start();
  stream_->start(*this);
}

void Connection::write(std::string_view head, std::string_view payload) {
  if (dead_ || write_ended_) return;
  if (!outbox_) outbox_ = server_.take_outbox();
  if (payload.size() <= longest_copied_bytes)
    outbox_->append(head, payload);
  else
    write_long(head, payload);
  server_.flush_later(*this);
}

// The answers to one read are about as long as it.
char* Connection::begin_answers(std::size_t bytes) {
  outbox_ = server_.take_outbox();
  return outbox_->begin(std::max(bytes, server_.expected_answer_bytes()));
}

void Connection::write_long(std::string_view head, std::string_view payload) {
  const bool read_now = is_being_read(payload);
  const bool at_once = !read_now && !blocked_ && payload.size() >= written_at_once_bytes;
  if (!read_now && !at_once) return outbox_->append(head, payload);
  outbox_->append(head);
  outbox_->borrow(payload);
  if (!at_once) return;  // on_bytes() ends in a flush
  write_early();
  outbox_->keep_borrowed();
  if (blocked_ && !finishing_) protocol_->on_blocked();
}

// Whether they lie in the loop's read buffer, and stay there until on_bytes() returns.
bool Connection::is_being_read(std::string_view bytes) const {
  const std::span<char> buffer = server_.loop().read_buffer();
  const std::less_equal<const char*> at_or_before;
  return reading_ && at_or_before(buffer.data(), bytes.data()) &&
         at_or_before(bytes.data() + bytes.size(), buffer.data() + buffer.size());
}

void Connection::write(const SharedBytes& bytes) {
  if (dead_ || write_ended_) return;
  if (!outbox_) outbox_ = server_.take_outbox();
  outbox_->append(bytes);
  server_.flush_later(*this);
}

void Connection::tell_flushed() {
  wants_flushed_ = true;
  server_.flush_later(*this);
}

// What is queued now may not be all: then it is flushed again.
void Connection::fill_outbox() {
  dirty_ = false;
  if (!blocked_ && !finishing_) protocol_->fill_outbox();
}

void Connection::flush() {
  if (dead_) return;
  fill_outbox();
  write_outbox();
}

void Connection::write_outbox() {
  if (dead_) return;
  if (!outbox_ || outbox_->empty()) return after_flush();
  if (finishing_) stream_->writes_the_last();
  after_write(outbox_->flush(*stream_));
}

// Whether it takes part in the batch; else write_outbox() is for it.
bool Connection::flush_with(net::SendBatch& batch) {
  if (dead_) return false;
  fill_outbox();
  if (!outbox_ || blocked_) return false;
  const auto bytes = outbox_->only_piece();
  return !bytes.empty() && stream_->write_with(batch, bytes);
}

void Connection::flushed_with(const net::SendBatch& batch, std::size_t index) {
  if (dead_) return;
  const net::Written written = stream_->wrote(batch.offered(index), batch.result(index));
  outbox_->consume(written.bytes);
  after_write(written);
}

void Connection::after_write(const net::Written& written) {
  if (written.error != 0) return broke(written.error);
  if (written.bytes > 0 || !blocked_) progressed_ = server_.loop().now();
  after_flush();
}

void Connection::after_flush() {
  const bool was_blocked = blocked_;
  blocked_ = outbox_ && !outbox_->empty();
  settle_account();
  if (blocked_) {
    lingers_ = true;  // until it has the last bytes, a peer has time to send more
    if (!was_blocked && !finishing_) protocol_->on_blocked();
    return;
  }
  // The account could not pay, and a goodbye was written just now.
  if (outbox_ && !outbox_->empty()) {
    wants_flushed_ |= was_blocked;
    return;
  }
  if (outbox_) server_.keep_outbox(std::move(outbox_));
  const bool tell = was_blocked || wants_flushed_;
  wants_flushed_ = false;
  if (tell && !finishing_) {
    protocol_->on_flushed();
    if (!dead_) settle_account();
  }
  if (finishing_) end_writing();
}

void Connection::settle_account() {
  const std::size_t parked = parked_ ? parked_->bytes.capacity() : 0;
  const auto held = static_cast<std::uint32_t>(
      std::min<std::size_t>(protocol_->held_bytes() + parked, UINT32_MAX));
  if (held == charged_bytes_) return;
  Session* const session = protocol_->as_session();
  if (!session || session->has_departed()) return;
  auto& account = server_.account_of(session->pool());
  if (held < charged_bytes_) {
    account.release(charged_bytes_ - held);
  } else if (!account.charge(held - charged_bytes_)) {
    return session->out_of_memory();
  }
  charged_bytes_ = held;
  server_.settle_accounts_later();
}

void Connection::leave_account() {
  const auto charged = std::exchange(charged_bytes_, 0);
  if (charged == 0) return;
  server_.account_of(protocol_->as_session()->pool()).release(charged);
  server_.settle_accounts_later();
}

void Connection::let_go() {
  if (dead_) server_.bury(*this);
}

void Connection::write_early() {
  if (dead_ || blocked_ || !outbox_ || outbox_->empty()) return;
  (void)outbox_->flush(*stream_);
  progressed_ = server_.loop().now();
  blocked_ = !outbox_->empty();
}

void Connection::become(std::unique_ptr<Protocol> next) {
  server_.retire(std::exchange(protocol_, std::move(next)));
  replaced_ = true;
}

bool Connection::start_replaced() {
  if (!replaced_) return false;
  replaced_ = false;
  armed_for_ = Time::max();
  protocol_->start();
  return true;
}

void Connection::pause() {
  paused_ = true;
  stream_->pause_reading();
}

void Connection::resume() {
  if (!paused_ || dead_) return;
  paused_ = false;
  server_.continue_later(*this);
}

void Connection::finish(milliseconds linger, PeerSends sends) {
  if (finishing_ || dead_) return;
  finishing_ = true;
  lingers_ = sends == PeerSends::perhaps_more || !reading_ || stream_->encrypted();
  linger_ms_ = static_cast<std::uint16_t>(std::clamp(linger, 1ms, longest_linger).count());
  stream_->resume_reading();  // pause() or parked bytes, which may be in use now, have stopped it
  paused_ = false;
  parked_.reset();
  wait_until(server_.loop().now() + milliseconds(linger_ms_));
  server_.flush_later(*this);
}

void Connection::abort() {
  if (dead_) return;
  stream_->abort();
  die();
}

void Connection::wake_by(Time deadline) {
  if (dead_ || finishing_ || (deadline >= armed_for_ && armed())) return;
  armed_for_ = deadline;
  server_.loop().timers().arm(*this, deadline);
}

void Connection::coming() const {
  prefetch(protocol_.get(), sizeof(Session));  // most connections have one
}

std::span<char> Connection::place_for_bytes() {
  if (dead_ || finishing_ || paused_ || parked_) return {};
  return protocol_->place_for_bytes();
}

// What these bytes brought about on this connection leaves in one write, while its memory is hot;
// or with that of others, at the end of the turn.
void Connection::on_bytes(std::span<char> bytes) {
  if (dead_ || finishing_) return;  // lingering: what still comes is of no interest
  reading_ = true;
  server_.expects_answer_to(bytes.size());
  const auto left = parked_ ? bytes : process(bytes);
  reading_ = false;
  const bool flushed = dirty_ && !server_.sends_later(*this);
  if (flushed)
    flush();
  else if (dirty_)
    server_.flush_later(*this);
  if (outbox_) outbox_->keep_borrowed();
  if (dead_ || finishing_) return;
  if (!left.empty()) {
    if (!parked_) parked_ = std::make_unique<Parked>();
    parked_->bytes.append(left.data(), left.size());
    stream_->pause_reading();
  } else if (flushed) {
    return;  // which has settled it
  }
  settle_account();
}

// Lets the protocol, and the one that it may become, take from `bytes`; returns what they leave.
std::span<char> Connection::process(std::span<char> bytes) {
  while (!paused_) {
    const Progress progress = protocol_->on_bytes(bytes);
    if (dead_ || finishing_) break;
    if (progress == Progress::later) server_.continue_later(*this);
    if (!start_replaced()) break;
    if (dead_ || finishing_ || bytes.empty()) break;
  }
  return bytes;
}

void Connection::continue_parked() {
  if (dead_) return;
  if (!start_replaced()) protocol_->on_again();
  if (dead_ || finishing_ || paused_) return;
  if (auto parked = std::exchange(parked_, nullptr)) {
    const auto left = process(std::span(parked->bytes).subspan(parked->taken));
    if (dead_ || finishing_) return;
    parked->taken = parked->bytes.size() - left.size();
    if (!left.empty()) parked_ = std::move(parked);
  }
  settle_account();
  if (paused_ || parked_) return;
  if (peer_ended_) return protocol_->on_end(0);
  stream_->resume_reading();
}

void Connection::on_writable() {
  if (!dead_) flush();
}

void Connection::end_writing() {
  if (write_ended_) return;
  write_ended_ = true;
  stream_->finish_writing();
  progressed_ = server_.loop().now();
  end_or_wait();
}

// For what the peer may still send, and for bytes that the stream itself could not write yet.
void Connection::end_or_wait() {
  held_ = stream_->holds_bytes();
  if (!held_ && (peer_ended_ || !lingers_)) return die();
  const milliseconds linger(linger_ms_);
  wait_until(server_.loop().now() + (held_ ? std::min(look_interval, linger) : linger));
}

void Connection::wait_until(Time when) {
  server_.loop().timers().arm(*this, when);
}

void Connection::on_end(int error) {
  if (dead_) return;
  if (error != 0) return broke(error);
  peer_ended_ = true;
  if (finishing_) {
    if (write_ended_) end_or_wait();
    return;
  }
  const bool read_first = parked_ && (!paused_ || protocol_->reads_on());
  if (!read_first) protocol_->on_end(0);  // else behind what is parked
}

void Connection::broke(int error) {
  if (dead_) return;
  die();
  if (!finishing_) protocol_->on_end(error);
}

void Connection::on_timer(Time now) {
  armed_for_ = Time::max();
  if (dead_) return;
  if (!finishing_) return protocol_->on_timer(now);
  const bool had_bytes = held_;
  held_ = !blocked_ && stream_->holds_bytes();
  if (blocked_ || held_) {  // a slow reader gets its last bytes as long as it takes some
    const Time give_up = progressed_ + stall_timeout;
    if (now < give_up)
      return wait_until(blocked_ ? give_up : std::min(give_up, now + look_interval));
    if (blocked_) return abort();
  } else if (had_bytes && !peer_ended_) {
    return wait_until(now + milliseconds(linger_ms_));
  }
  die();  // what the kernel holds it sends after a plain close; a reset would lose it
}

void Connection::die() {
  if (dead_) return;
  dead_ = true;
  net::TimerWheel::cancel(*this);
  server_.bury(*this);
}

}  // namespace orrery::server
