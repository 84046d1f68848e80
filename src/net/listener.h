// A Listener accepts newcomers from one listening socket on one loop.
//
// Owner   the server. The socket stays the ListenerSet's, and stays open when accepting stops.
// Thread  its loop's (or any, while nobody runs the loop).
// Limit   `accepts_per_turn` per turn; with no descriptors or no room left it pauses for `pause`,
//         again and again: an episode, which is over after `calm` without a pause.
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
  static constexpr milliseconds calm{1'000};

  /// A newcomer, non-blocking: a TcpStream may be made of it on this loop or on another.
  using Accepted = Function<void(Descriptor socket, const PeerAddress& peer)>;
  /// An episode of pauses begins: because of this errno (no descriptors or memory left), or 0
  /// where there is no room.
  using Paused = Function<void(int error)>;
  /// It is over, or accepting has stopped.
  using GoesOn = Function<void()>;

  /// Whether one more may be accepted; if not, newcomers wait in the kernel for `pause`.
  using HasRoom = Function<bool()>;

  Listener(
      Loop& loop, int listening_socket, Accepted accepted, Paused paused, GoesOn goes_on = [] {},
      HasRoom has_room = [] { return true; });
  ~Listener();

  [[nodiscard]] Result<void> start_accepting();
  /// Newcomers wait in the kernel from now on. Callable inside the callbacks.
  void stop_accepting();

 private:
  void on_ready(bool readable, bool writable, bool hangup) override;
  void on_timer(Time now) override;
  void unwatch();
  void pause_accepting(int error);
  void end_episode();

  Loop& loop_;
  const int listening_socket_;
  Accepted accepted_;
  Paused paused_;
  GoesOn goes_on_;
  HasRoom has_room_;
  bool watching_ = false;
  bool pausing_ = false;  // in an episode
};

}  // namespace orrery::net
