// A Session is one open WebSocket, seen by its handler.
//
// Owner   the server, from the 101 until on_close has returned. Handlers hold it only by reference.
// Thread  its loop's: every callback of one session runs there, one at a time. A Session& never
//         leaves that thread (debug builds assert it).
// Limit   Limits, per route; set_limits() for what a session may change itself.
//
// No call below runs a callback before it returns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "orrery/limits.h"
#include "orrery/message.h"
#include "orrery/request.h"

namespace orrery {

class Session {
 public:
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Sends one text message. `text` must be UTF-8; it is copied before the call returns. Frames
  /// leave in the order of the calls, all those of one turn in one write. Beyond
  /// Limits::queued_bytes the route's Overflow policy acts; after close() the call does nothing.
  void send(std::string_view text, SendOptions options = {});
  /// Sends a message back as it came: same type, same payload.
  void send(Message message, SendOptions options = {});
  /// Sends one frame: send(binary(bytes)), send(ping()), send(close(4000, "bye")) ...
  void send(const Outgoing& frame, SendOptions options = {});
  /// Sends several in one write. What follows a close is not sent, and counted as dropped.
  void send(std::initializer_list<Outgoing> frames, SendOptions options = {});

  /// Sends a PING with at most 125 bytes (RFC 6455 §5.5.2).
  void ping(std::string_view payload = {});

  /// Starts the closing handshake with an empty close frame (RFC 6455 §7.1.2). What was sent before
  /// still goes out; no message reaches the handler any more, only on_close.
  void close();
  /// The same with a status code (1000-1003, 1007-1014 or 3000-4999) and a reason of at most 123
  /// bytes of UTF-8. Anything else is a mistake of the caller: an assertion in debug builds, a
  /// close with 1011 in release builds, never a malformed frame.
  void close(std::uint16_t code, std::string_view reason = {});

  /// Joins a group of this server: what others publish to it goes to the client. Idempotent.
  void join(std::string_view group);
  void leave(std::string_view group);
  /// Sends one message to every member of a group, on all loops; to this session too if it is a
  /// member. The payload is copied once, however many members there are.
  void publish(std::string_view group, std::string_view text);
  void publish(std::string_view group, Message message);
  /// The same, except that this session does not get it.
  void publish_to_others(std::string_view group, std::string_view text);
  void publish_to_others(std::string_view group, Message message);

  /// Stops and starts reading from the client (TCP then slows it down). While paused, idle, ping
  /// and message deadlines stand still; a broken connection still ends the session.
  void pause_reading();
  void resume_reading();

  /// Changes limits of this session alone, from the next message on.
  void set_limits(const SessionLimits& limits);

  /// Postpones the end that `accept(...).until(time)` set (close 4003 "token expired").
  void extend(std::chrono::system_clock::time_point until);

  /// Bytes that wait in the outbox.
  [[nodiscard]] std::size_t queued_bytes() const;

  /// Gives a dedicated compression context back until the next message; other buffers are released
  /// by themselves after every callback.
  void hibernate();

  /// The request that opened this session. Method, path, params, query and remote address live as
  /// long as the session; headers, cookies and values until on_open has returned, unless the route
  /// says keep_request().
  [[nodiscard]] const Request& request() const;

  /// The subprotocol that was agreed on, or empty.
  [[nodiscard]] std::string_view subprotocol() const;

 protected:
  Session() = default;
  ~Session() = default;
};

}  // namespace orrery
