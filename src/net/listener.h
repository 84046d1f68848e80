// A Listener accepts newcomers from one listening socket on one loop.
//
// Owner   the server. The socket stays the ListenerSet's, and stays open when accepting stops.
// Thread  its loop's (or any, while nobody runs the loop).
// Limit   `accepts_per_turn` per turn; with no descriptors left it pauses for `pause`.
#pragma once

#include "base/function.h"
#include "net/descriptors.h"
#include "net/loop.h"
#include "net/peer_address.h"

namespace orrery::net {

class Listener final : private Watcher, private Timer {
 public:
  static constexpr int accepts_per_turn = 64;
  static constexpr milliseconds pause{100};

  /// A newcomer, non-blocking: a TcpStream may be made of it on this loop or on another.
  using Accepted = Function<void(Descriptor socket, const PeerAddress& peer)>;
  /// Accepting pauses because of this errno (no descriptors or memory left).
  using Paused = Function<void(int error)>;

  /// Whether one more may be accepted; if not, newcomers wait in the kernel for `pause`.
  using HasRoom = Function<bool()>;

  Listener(
      Loop& loop, int listening_socket, Accepted accepted, Paused paused,
      HasRoom has_room = [] { return true; });
  ~Listener();

  [[nodiscard]] Result<void> start_accepting();
  /// Newcomers wait in the kernel from now on. Callable inside the callbacks.
  void stop_accepting();

 private:
  void on_ready(bool readable, bool writable, bool hangup) override;
  void on_timer(Time now) override;
  void rest();
  void pause_accepting(int error);

  Loop& loop_;
  const int listening_socket_;
  Accepted accepted_;
  Paused paused_;
  HasRoom has_room_;
  bool watching_ = false;
};

}  // namespace orrery::net
