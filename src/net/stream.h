// A Stream carries bytes to and from one peer: TCP, unix, TLS over either, or memory.
//
// Owner   the connection on top of it. It is never destroyed inside one of its own callbacks:
//         the owner does that at the end of the turn (Loop::at_turn_end).
// Thread  its loop's.
// Limit   it buffers nothing that it could not write (TLS: at most one record): Outbox does that.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace orrery::net {

class SendBatch;

/// What a Stream tells its owner.
class StreamEvents {
 public:
  /// Bytes come soon, and this object has been fetched: the CPU had better fetch what it points at.
  virtual void coming() const {}
  /// Where the bytes that come next had best be read to: on_bytes() then finds them there. Empty: a
  /// buffer of the loop. A stream may ask or not.
  virtual std::span<char> place_for_bytes() { return {}; }
  /// Bytes from the peer. They lie in a buffer of the loop or at place_for_bytes(), may be changed
  /// in place, and are gone from the loop's when the call returns.
  virtual void on_bytes(std::span<char> bytes) = 0;
  /// There is room again after a write that took less than it was given.
  virtual void on_writable() = 0;
  /// The peer sent its last byte (error 0), or the stream broke (errno). Told once; no more bytes.
  virtual void on_end(int error) = 0;

 protected:
  ~StreamEvents() = default;
};

/// How much a write took; less than given means: wait for on_writable().
struct Written {
  std::size_t bytes = 0;
  int error = 0;  // errno that broke the stream; 0 if it lives
};

/// Who is at the other end.
struct Peer {
  std::string address;     // "192.0.2.7", "2001:db8::1", or "unix"
  std::uint16_t port = 0;  // 0 for unix
};

class Stream {
 public:
  virtual ~Stream() = default;  // closes at once what is still open
  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  /// Begins to tell `events`, which outlives the stream. Never calls it before it returns.
  virtual void start(StreamEvents& events) = 0;
  /// Takes what fits now; never blocks, never raises SIGPIPE.
  virtual Written write(std::span<const iovec> pieces) = 0;
  /// Adds these bytes to a batch, in the place of write(). Whether it did: who can't, or not now,
  /// is written to.
  [[nodiscard]] virtual bool write_with(SendBatch& batch, std::string_view bytes);
  /// What became of them: `result` is the batch's answer to `offered` bytes.
  virtual Written wrote(std::size_t offered, int result);
  /// After pause_reading() no on_bytes() comes until resume_reading(); a broken peer is still told.
  virtual void pause_reading() = 0;
  virtual void resume_reading() = 0;
  /// What is written from now on may wait for finish_writing(), which follows soon, and leave with
  /// it.
  virtual void writes_the_last() {}
  /// Says that nothing more will be written (TCP: FIN; TLS: close_notify, FIN). Reading goes on.
  virtual void finish_writing() = 0;
  /// Whether it still holds bytes that write() took, which would be lost if it were destroyed now.
  [[nodiscard]] virtual bool holds_bytes() const { return false; }
  /// Ends both directions at once, with a reset where the transport has one.
  virtual void abort() = 0;
  [[nodiscard]] virtual Peer peer() const = 0;
  [[nodiscard]] virtual bool encrypted() const { return false; }
};

}  // namespace orrery::net
