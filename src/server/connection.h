// A Connection is a stream of bytes with the protocol that it speaks now, and what waits to be
// written. It knows neither HTTP nor WebSocket.
//
// Owner   its LoopServer's slab; removed at the end of the turn in which it died.
// Thread  its loop's.
// Limit   parked bytes: at most one read buffer, because the stream is not read while any wait. The
//         outbox is bounded by the protocol above. Both are charged to the session's pool.
// Why     how it ends: docs/decisions/0029-nobody-is-waited-for-who-has-said-goodbye.md
#pragma once

#include <cassert>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/prefetch.h"
#include "base/shared_bytes.h"
#include "base/slab.h"
#include "net/outbox.h"
#include "net/stream.h"
#include "net/timer_wheel.h"
#include "server/protocol.h"

namespace orrery::server {

class LoopServer;

class Connection final : private net::StreamEvents, private net::Timer {
 public:
  Connection(LoopServer& server, std::unique_ptr<net::Stream> stream);
  ~Connection();

  /// Begins to speak; called once, by the LoopServer.
  void open(SlotId id, std::unique_ptr<Protocol> first);

  // For its protocol.

  /// What is still to be expected of a peer, as far as its protocol knows.
  enum class PeerSends : std::uint8_t { perhaps_more, nothing_more };

  /// Queues bytes for one write: at the end of the readable event that runs on this connection,
  /// else at the end of the turn. A long payload is written at once as far as the peer takes it, or
  /// from the read buffer if it lies there: what the peer takes in time is not copied.
  void write(std::string_view head, std::string_view payload = {});
  void write(const SharedBytes& bytes);
  /// While it is read: where a short answer's bytes can be put at once, head and all; null if they
  /// can't, then write() takes them. Whoever puts some there says how many: answered().
  [[nodiscard]] char* room_for_answer(std::size_t bytes) {
    if (!reading_ || dead_ || write_ended_ || bytes > longest_copied_bytes) return nullptr;
    return outbox_ ? outbox_->room_for(bytes) : begin_answers(bytes);
  }
  void answered(std::size_t bytes) {
    assert(reading_);
    outbox_->filled(bytes);
    dirty_ = true;
  }
  /// Writes now what the peer takes, to make room. Calls nothing: trouble is told at the turn's
  /// end.
  void write_early();
  [[nodiscard]] std::size_t queued_bytes() const { return outbox_ ? outbox_->size() : 0; }
  /// What of it the session's pool is charged with: see Outbox::unpaid_bytes().
  [[nodiscard]] std::size_t unpaid_bytes() const { return outbox_ ? outbox_->unpaid_bytes() : 0; }
  /// Whether the last write took less than it was given: the peer is slower than we are.
  [[nodiscard]] bool blocked() const { return blocked_; }
  /// When the outbox last got shorter; only while blocked().
  [[nodiscard]] Time progressed() const { return progressed_; }

  /// Hands the connection to another protocol, which gets the bytes that are left. The one before
  /// lives until the end of the turn.
  void become(std::unique_ptr<Protocol> next);
  /// Begins what become() has brought, outside of Protocol::on_bytes(). Whether there was any.
  bool start_replaced();
  /// Stops reading until resume(); bytes that are already here are parked.
  void pause();
  void resume();
  /// Writes what is queued, ends the stream, and discards what the peer still sends until it ends
  /// too, but no longer than `linger` (at most 65 s) behind the last byte (RFC 9112 §9.6: an early
  /// close would reset it). Nobody waits for a peer that sends nothing more, unless it takes its
  /// last bytes slowly, the stream has a goodbye of its own (TLS), or nobody knows what has come
  /// since these bytes did, because they were parked.
  void finish(milliseconds linger, PeerSends sends = PeerSends::perhaps_more);
  /// Ends at once.
  void abort();
  [[nodiscard]] bool finishing() const { return finishing_; }
  /// Calls Protocol::on_flushed() when the outbox is next empty, even if nothing had to wait.
  void tell_flushed();
  /// Calls Protocol::on_timer() at this time, or earlier if an earlier call asked for that.
  void wake_by(Time deadline);

  [[nodiscard]] LoopServer& server() const { return server_; }
  [[nodiscard]] const net::Stream& stream() const { return *stream_; }
  [[nodiscard]] SlotId id() const { return id_; }
  [[nodiscard]] Protocol* protocol() { return protocol_.get(); }
  [[nodiscard]] bool may_be_buried() const { return protocol_->may_go(); }
  /// Charges the session's pool with what has become more, or gives back what has become less.
  void settle_account();
  /// Its session ends: the pool is charged with nothing of it any more.
  void leave_account();
  /// Its protocol has become free to go: it does, if it is dead.
  void let_go();

 private:
  friend class LoopServer;

  /// So much is copied always; of longer payloads write_long() decides.
  static constexpr std::size_t longest_copied_bytes = 4095;

  /// Bytes that came while nobody took them.
  struct Parked {
    std::string bytes;
    std::size_t taken = 0;  // of them, since
  };

  void coming() const override;
  std::span<char> place_for_bytes() override;
  void on_bytes(std::span<char> bytes) override;
  void on_writable() override;
  void on_end(int error) override;
  void on_timer(Time now) override;

  [[nodiscard, gnu::noinline]] char* begin_answers(std::size_t bytes);
  [[gnu::noinline]] void write_long(std::string_view head, std::string_view payload);
  [[nodiscard]] bool is_being_read(std::string_view bytes) const;
  /// The CPU had better fetch what flush() will touch.
  void fetch_stream() const {
    prefetch(stream_.get(), cache_line_bytes);
    prefetch(outbox_.get(), sizeof(net::Outbox));
  }
  void fill_outbox();
  void flush();
  void write_outbox();
  [[nodiscard]] bool flush_with(net::SendBatch& batch);
  void flushed_with(const net::SendBatch& batch, std::size_t index);
  void after_write(const net::Written& written);
  void after_flush();
  std::span<char> process(std::span<char> bytes);
  void continue_parked();
  void end_writing();
  void end_or_wait();
  void wait_until(Time when);
  void broke(int error);
  void die();

  LoopServer& server_;
  std::unique_ptr<net::Stream> stream_;
  std::unique_ptr<Protocol> protocol_;
  std::unique_ptr<net::Outbox> outbox_;  // only while something is in it
  std::unique_ptr<Parked> parked_;       // only while something is in it
  Connection* next_dirty_ = nullptr;     // LoopServer's list of those to flush
  Connection* next_again_ = nullptr;     // LoopServer's list of those with parked bytes
  Time armed_for_ = Time::max();
  Time progressed_{};
  SlotId id_{};
  std::uint32_t charged_bytes_ = 0;  // to the session's pool
  std::uint16_t linger_ms_ = 0;      // finishing
  bool wants_flushed_ : 1 = false;
  bool replaced_ : 1 = false;  // the protocol has not begun yet
  bool dirty_ : 1 = false;     // something waits to be written, or somebody to be told
  bool listed_ : 1 = false;    // in the LoopServer's list
  bool reading_ : 1 = false;   // in on_bytes(), which ends in a flush
  bool again_ : 1 = false;
  bool blocked_ : 1 = false;
  bool paused_ : 1 = false;
  bool finishing_ : 1 = false;
  bool lingers_ : 1 = true;  // finishing: for what the peer may still send
  bool held_ : 1 = false;    // finishing: the stream still had bytes of ours when we last looked
  bool write_ended_ : 1 = false;
  bool peer_ended_ : 1 = false;
  bool dead_ : 1 = false;
};

}  // namespace orrery::server
