// A TcpStream is a Stream over a connected TCP or unix socket.
//
// Owner   the connection; never destroyed inside one of its callbacks.
// Thread  its loop's.
// Limit   reads at most `bytes_per_turn` in one turn, then lets the others go first. Paused, its
//         poller keeps at most what it had received by then.
// Why     reads into the loop's one hot buffer until a short read, writes at once, and never
//         touches epoll_ctl after start(). Where the poller receives by itself, small messages
//         come from there; who has much to say, or is paused, is read as with epoll. 72 bytes, for
//         a million of them; 32 more for who ever had to wait for a turn.
#pragma once

#include <cstdint>
#include <memory>

#include "net/descriptors.h"
#include "net/loop.h"
#include "net/peer_address.h"
#include "net/stream.h"

namespace orrery::net {

class TcpStream final : public Stream, private Watcher {
 public:
  static constexpr std::size_t bytes_per_turn = 512 * 1024;

  /// Takes the socket, which is non-blocking.
  TcpStream(Loop& loop, Descriptor socket, const PeerAddress& peer);
  ~TcpStream() override;

  void start(StreamEvents& events) override;
  /// After an error what the peer sent before it is still delivered, and then on_end(error).
  Written write(std::span<const iovec> pieces) override;
  bool write_with(SendBatch& batch, std::string_view bytes) override;
  Written wrote(std::size_t offered, int result) override;
  /// Paused, an end is told at once if the stream broke, or if nothing unread is left before it.
  void pause_reading() override;
  void resume_reading() override;
  void writes_the_last() override { last_ = true; }
  void finish_writing() override;
  void abort() override;
  [[nodiscard]] Peer peer() const override;

 private:
  /// Its place in the queue for the loop's next turn.
  struct Turn;
  /// Where bytes come from.
  enum class Source : std::uint8_t {
    socket,          // read here, whenever the poller says so; it can do no more
    socket_for_now,  // the same, until little comes for a while
    poller,          // received by it
    stopping,        // it was asked to stop, and has not yet
    nowhere,         // it has stopped at the peer's last byte, and watches no more
  };

  void coming(int behind) const override;
  void on_ready(bool readable, bool writable, bool hangup) override;
  void on_received(std::span<char> bytes) override;
  void on_receiving_over(std::optional<int> end) override;
  void again();
  [[nodiscard]] bool queued() const;
  void on_again();
  void watch();
  void receive();
  void stop_receiving();
  void deliver_kept();
  void read();
  void note_read(std::size_t bytes);
  void wait_for_room();
  void tell_end_while_paused();
  void fail_later(int error);
  void end(int error);
  void close();

  Loop& loop_;
  StreamEvents* events_ = nullptr;
  std::unique_ptr<Turn> turn_;  // most never need one; who needed it keeps it
  int fd_;
  std::array<unsigned char, 16> address_;
  std::uint16_t port_;
  PeerAddress::Family family_ : 2;
  bool paused_ : 1 = false;
  bool readable_ : 1 = false;  // unread bytes may wait, and no edge will tell
  bool hangup_ : 1 = false;    // the end is near: read until it is found
  bool ended_ : 1 = false;     // on_end was called
  bool blocked_ : 1 = false;   // a write was short; on_writable is owed
  bool kept_ : 1 = false;      // the poller keeps bytes that come before all others
  bool last_ : 1 = false;      // FIN follows what is written: one segment for both
  std::uint8_t error_ = 0;     // errno of a failed write, for on_end
  Source source_ : 3 = Source::socket;
  std::uint8_t small_reads_ : 5 = 0;  // in a row, for now
};

}  // namespace orrery::net
