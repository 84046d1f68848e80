// A Protocol is what a connection speaks at the moment: HTTP first, WebSocket after an upgrade.
//
// Owner   its Connection.
// Thread  the connection's loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/clock.h"

namespace orrery::server {

class Session;

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
  /// Where the bytes that come next had best be read to: see net::StreamEvents.
  [[nodiscard]] virtual std::span<char> place_for_bytes() { return {}; }
  /// Takes bytes from the front of `bytes`; may change them in place.
  virtual Progress on_bytes(std::span<char>& bytes) = 0;
  /// The peer reads more slowly than we write: Connection::progressed() tells since when.
  virtual void on_blocked() = 0;
  /// The connection is about to write: what was kept back so far may be queued now.
  virtual void fill_outbox() {}
  /// All that was queued has been written, after some of it had to wait, or because
  /// Connection::tell_flushed() asked for it.
  virtual void on_flushed() = 0;
  /// The peer finished (0) or the connection broke (errno). No more bytes but those parked while it
  /// was paused; behind them it is called again.
  virtual void on_end(int error) = 0;
  /// A deadline that was given to Connection::wake_by() has come, or an earlier one.
  virtual void on_timer(Time now) = 0;
  /// The loop's next turn, if LoopServer::continue_later() asked for it.
  virtual void on_again() {}
  /// The server goes, and this is no session: finish what was begun.
  virtual void on_stop() {}
  /// While it is paused: whether it will take what is parked, whatever becomes of the peer.
  [[nodiscard]] virtual bool reads_on() const { return false; }
  /// The connection is about to go, whatever the reason: the last call.
  virtual void on_gone() = 0;
  /// False while a worker still looks at it: then a dead connection stays.
  [[nodiscard]] virtual bool may_go() const { return true; }

  [[nodiscard]] virtual Session* as_session() { return nullptr; }
  /// Memory that it makes its pool hold, beyond what every session has.
  [[nodiscard]] virtual std::size_t held_bytes() const { return 0; }
};

}  // namespace orrery::server
