// A Protocol is what a connection speaks at the moment: HTTP first, WebSocket after an upgrade.
//
// Owner   its Connection.
// Thread  the connection's loop.
#pragma once

#include <cstdint>
#include <span>

#include "base/clock.h"

namespace orrery::server {

/// What a Protocol did with the bytes it was given.
enum class Progress : std::uint8_t {
  hungry,    // took them all
  later,     // had its share of this turn: the rest in the next one
  paused,    // takes no more until Connection::resume()
  replaced,  // called Connection::become(): the rest is for the next protocol
};

class Protocol {
 public:
  virtual ~Protocol() = default;
  Protocol() = default;
  Protocol(const Protocol&) = delete;
  Protocol& operator=(const Protocol&) = delete;

  /// Called once, when the connection has become this protocol's.
  virtual void start() = 0;
  /// Takes bytes from the front of `bytes`; may change them in place.
  virtual Progress on_bytes(std::span<char>& bytes) = 0;
  /// The peer reads more slowly than we write: Connection::progressed() tells since when.
  virtual void on_blocked() = 0;
  /// All that was queued has been written, after some of it had to wait.
  virtual void on_flushed() = 0;
  /// The peer finished (0) or the connection broke (errno). No more bytes but those parked while it
  /// was paused; behind them it is called again.
  virtual void on_end(int error) = 0;
  /// A deadline that was given to Connection::wake_by() has come, or an earlier one.
  virtual void on_timer(Time now) = 0;
  /// The server stops: say goodbye and finish.
  virtual void on_stop() = 0;
  /// The connection is about to go, whatever the reason: the last call.
  virtual void on_gone() = 0;
};

}  // namespace orrery::server
