// A MemoryStream is one end of a connection that exists in memory only: what one end writes reaches
// the other in the loop's next turn, through the loop's read buffer, as with a socket. The other
// end is a MemoryStream too, or a MemoryEnd that a test drives by hand.
//
// Owner   the connection on top of it (as any Stream); a MemoryEnd belongs to the test.
// Thread  the loop's, both ends.
// Limit   MemoryOptions::window_bytes in each direction; write() takes no more.
// Why     the real server runs on it in tests and simulation: slow readers, cuts at every byte, the
//         n-th operation failing, all without a socket or a clock.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "net/loop.h"
#include "net/send_batch.h"
#include "net/stream.h"

namespace orrery::net {

struct MemoryOptions {
  std::size_t window_bytes = 256 * 1024;  // under way at most, each direction
  std::size_t chunk_bytes =
      static_cast<std::size_t>(-1);  // told at most per on_bytes, one per turn
  Peer peer = {"127.0.0.1", 40000};  // what peer() says, at both ends
};

/// What became of a connection, as seen from a MemoryEnd.
enum class MemoryState {
  open,
  finished,  // the other end sent its last byte, and all was read
  reset,     // broken off: what was under way is lost
};

class MemoryWire;
class MemoryEnd;

class MemoryStream final : public Stream, private SendsInMemory, private Requeued {
 public:
  using Pair = std::pair<std::unique_ptr<MemoryStream>, std::unique_ptr<MemoryStream>>;
  using Driven = std::pair<std::unique_ptr<MemoryStream>, MemoryEnd>;

  /// Two connected streams on one loop.
  [[nodiscard]] static Pair pair(Loop& loop, MemoryOptions options = {});
  /// A stream, and the end that a test drives by hand.
  [[nodiscard]] static Driven driven(Loop& loop, MemoryOptions options = {});

  ~MemoryStream() override;  // as close(2): the peer sees FIN, or a reset if bytes were left unread

  void start(StreamEvents& events) override;
  Written write(std::span<const iovec> pieces) override;
  bool write_with(SendBatch& batch, std::string_view bytes) override;
  Written wrote(std::size_t offered, int result) override;
  void pause_reading() override;
  void resume_reading() override;
  void writes_the_last() override;
  void finish_writing() override;
  void abort() override;
  [[nodiscard]] Peer peer() const override;

  /// The n-th operation from now (1: the next) breaks this stream with `error`, and resets the
  /// peer. An operation is a write() or a delivery of bytes.
  void fail_operation(std::size_t n, int error);
  /// Operations so far: how far a test that fails each of them has to count.
  [[nodiscard]] std::size_t operations() const;

 private:
  MemoryStream(Loop& loop, std::shared_ptr<MemoryWire> wire, std::size_t side);
  friend class MemoryWire;

  int take(std::string_view bytes) override;
  void on_again() override;
  void deliver_bytes();
  void end(int error);
  void wake();
  [[nodiscard]] bool fails_now();

  Loop& loop_;
  std::shared_ptr<MemoryWire> wire_;
  StreamEvents* events_ = nullptr;
  const std::size_t side_;
  int broken_ = 0;  // errno that every later write answers
  bool paused_ = false;
  bool blocked_ = false;  // a write took less than it was given
  bool ended_ = false;    // on_end() was told, or abort() made it pointless
};

/// The other end of a MemoryStream, without callbacks: the test turns the loop in between.
class MemoryEnd {
 public:
  MemoryEnd() = default;  // connected to nothing: state() is reset
  MemoryEnd(MemoryEnd&& other) noexcept;
  MemoryEnd& operator=(MemoryEnd&& other) noexcept;
  ~MemoryEnd();  // as close(2)

  /// Takes what the window allows and says how much that was; 0 once the connection is broken. What
  /// meets a stream that is gone is answered by a reset.
  std::size_t write(std::string_view bytes);
  /// Everything that arrived since the last read(); this gives the stream its window back.
  [[nodiscard]] std::string read();
  /// How much read() would return.
  [[nodiscard]] std::size_t readable() const;
  /// So many bytes came that could leave with the end of the stream: Stream::writes_the_last().
  [[nodiscard]] std::size_t last_bytes() const;
  [[nodiscard]] MemoryState state() const;
  [[nodiscard]] bool closed() const { return state() != MemoryState::open; }
  /// FIN: the stream is told on_end(0) after the last byte.
  void finish_writing();
  /// RST: the stream is told on_end(ECONNRESET); what was under way is lost.
  void reset();
  /// From now on at most this much waits for read(): 0 is a client that stopped reading.
  void set_window(std::size_t bytes);
  /// MemoryStream::fail_operation of the stream at the other end.
  void fail_stream_operation(std::size_t n, int error);
  /// MemoryStream::operations() of the stream at the other end; 0 once there is none.
  [[nodiscard]] std::size_t stream_operations() const;

 private:
  friend class MemoryStream;
  explicit MemoryEnd(std::shared_ptr<MemoryWire> wire) : wire_(std::move(wire)) {}
  void close();

  std::shared_ptr<MemoryWire> wire_;
};

}  // namespace orrery::net
