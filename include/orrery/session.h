// A Session is one open WebSocket, seen by its handler.
//
// Owner   the server, from the 101 until on_close has returned. Handlers hold it only by reference.
// Thread  its loop's: every callback of one session runs there, one at a time. A Session& never
//         leaves that thread (debug builds assert it).
// Limit   Limits, per route; set_limits() for what a session may change itself.
//
// No call below runs a callback before it returns.
#pragma once

#include <chrono>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "orrery/address.h"
#include "orrery/http.h"
#include "orrery/limits.h"
#include "orrery/message.h"
#include "orrery/session_waits.h"
#include "orrery/task.h"

namespace orrery {

class Session {
 public:
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Sends one text message. `text` must be UTF-8; it is copied before the call returns. Frames
  /// leave in the order of the calls, all those of one turn in one write. Beyond
  /// Limits::queued_bytes the route's Overflow policy acts; after close() the call does nothing.
  void send(std::string_view text, const SendOptions& options = {});
  /// Sends a message back as it came: same type, same payload.
  void send(Message message, const SendOptions& options = {});
  /// Sends one frame: send(binary(bytes)), send(ping()), send(close(4000, "bye")) ...
  void send(const Outgoing& frame, const SendOptions& options = {});
  /// Sends several in one write. What follows a close is not sent, and counted as dropped.
  void send(std::initializer_list<Outgoing> frames, const SendOptions& options = {});

  /// Sends a PING with at most 125 bytes (RFC 6455 §5.5.2).
  void ping(std::string_view payload = {});

  /// Starts the closing handshake with an empty close frame (RFC 6455 §7.1.2). What was sent before
  /// still goes out; no message reaches the handler any more, only on_close.
  void close();
  /// The same with a status code (1000-1003, 1007-1014 or 3000-4999) and a reason of at most 123
  /// bytes of UTF-8. Anything else is a mistake of the caller: an assertion in debug builds, a
  /// close with 1011 in release builds, never a malformed frame.
  void close(std::uint16_t code, std::string_view reason = {});

  /// This session's address: the only handle of it that may leave its thread.
  [[nodiscard]] Address address();
  /// Names and groups of the pool that this session belongs to.
  [[nodiscard]] Sender sender() const;
  /// The executor pool: "gear:chat", "tenant:acme".
  [[nodiscard]] std::string_view pool() const;

  /// Joins a group of this pool: what is published to it comes to on_server_message (or next()) if
  /// the handler has it, else straight to the client. Idempotent. What this session, or whoever it
  /// told, publishes after the call returned reaches all members. `metadata` is what others see.
  void join(std::string_view group, std::string_view metadata = {});
  /// The same for one that comes back to a group with a history: complete, with all it has missed
  /// since that position, or a gap. What is published later comes as to any member.
  [[nodiscard]] Recovery join(std::string_view group, const Position& since,
                              std::string_view metadata = {});
  /// No message of the group comes after it.
  void leave(std::string_view group);
  /// Who is in the group now; from then on on_presence (or next()) tells of everybody who joins or
  /// leaves, once each, until the session ends.
  [[nodiscard]] std::vector<Member> track(std::string_view group);
  /// Sends one message to every member of a group of this pool; to this session too if it is one.
  /// The payload is copied once, however many members there are.
  void publish(std::string_view group, std::string_view text);
  void publish(std::string_view group, Message message);
  /// The same, except that this session does not get it.
  void publish_to_others(std::string_view group, std::string_view text);
  void publish_to_others(std::string_view group, Message message);

  /// Claims a name that no other session of the pool holds in the whole cluster. The answer comes
  /// to `then`, later, unless the session has ended; or where `co_await` stands.
  void register_name(std::string name, std::function<void(Session&, const NameAnswer&)> then);
  [[nodiscard]] detail::Naming register_name(std::string name) { return {*this, std::move(name)}; }
  template <typename Then>
  requires detail::is_task<std::invoke_result_t<Then&, Session&, const NameAnswer&>>
  void register_name(std::string, Then) {
    static_assert(!sizeof(Then),
                  "`then` is no coroutine, it would not live long enough: in one, "
                  "write co_await session.register_name(name)");
  }
  /// Gives a name back; the end of the session does that for all it holds.
  NameReleased unregister_name(std::string_view name);

  // For coroutines: see task.h. After the session's end receive() and next() yield nothing; a
  // coroutine that waits for anything else is destroyed where it waits.

  /// The client's next message; server messages meanwhile go their usual way.
  [[nodiscard]] detail::Receiving receive() { return {*this}; }
  /// Whatever comes next.
  [[nodiscard]] detail::Expecting next() { return {*this}; }
  /// Waits until the outbox is empty.
  [[nodiscard]] detail::Draining drained() { return {*this}; }
  [[nodiscard]] detail::Sleeping sleep_for(milliseconds time) { return {*this, time}; }
  /// Runs `work(arguments...)` on a worker thread of the session's pool and yields what it returns.
  /// It must not touch the session: what it needs it is given, by value.
  template <typename Work, typename... Arguments>
  [[nodiscard]] auto on_workers(Work&& work, Arguments&&... arguments) {
    return detail::work_for(*this, std::forward<Work>(work), std::forward<Arguments>(arguments)...);
  }

  /// Calls on_tick (or next()) every so often, from now on; 0: no more.
  void tick_every(milliseconds period);
  /// Sends itself a server message, after a time.
  void post_after(milliseconds time, std::string_view text);

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

namespace server {
class WorkerRun;
}

/// A session in the hands of a handler that may block: see WebsocketRoute::on_workers(). Its calls
/// are written down, in order, and take effect on the session's loop when the callback returns.
///
/// Thread  the worker's that runs the callback.
class WorkerSession {
 public:
  explicit WorkerSession(server::WorkerRun& run) : run_(&run) {}
  WorkerSession(const WorkerSession&) = delete;
  WorkerSession& operator=(const WorkerSession&) = delete;

  [[nodiscard]] const Request& request() const;
  [[nodiscard]] Address address() const;
  [[nodiscard]] Sender sender() const;

  // As in Session; payloads are copied.
  void send(std::string_view text);
  void send(Message message);
  void close(std::uint16_t code = 1000, std::string_view reason = {});
  void join(std::string_view group, std::string_view metadata = {});
  void leave(std::string_view group);
  void publish(std::string_view group, std::string_view text);
  void publish(std::string_view group, Message message);

  /// Lets what was called so far take effect now; returns at once.
  void flush();

 private:
  server::WorkerRun* run_;
};

}  // namespace orrery
