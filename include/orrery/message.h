// What goes through a session: what arrives at its handler, frames that leave, and why it closed.
//
// Owner   nobody: these are views. They are valid until the callback that got them returns; for a
//         coroutine until it ends or asks for the next one.
// Thread  none: plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace orrery {

/// The two types of data message (RFC 6455 §5.6).
enum class MessageType : std::uint8_t { text = 1, binary = 2 };

/// A whole message from the client: reassembled, inflated and, if text, valid UTF-8.
class Message {
 public:
  Message(MessageType type, std::string_view payload) : payload_(payload), type_(type) {}

  [[nodiscard]] MessageType type() const { return type_; }
  [[nodiscard]] bool is_text() const { return type_ == MessageType::text; }
  [[nodiscard]] bool is_binary() const { return type_ == MessageType::binary; }
  /// The payload, whatever its type.
  [[nodiscard]] std::string_view payload() const { return payload_; }
  /// The payload, read as text.
  [[nodiscard]] std::string_view text() const { return payload_; }
  [[nodiscard]] std::size_t size() const { return payload_.size(); }

 private:
  std::string_view payload_;
  MessageType type_;
};

/// Where a group with a history stands: see Session::join(). Offsets count from 1 within an epoch;
/// a history that was begun anew has another epoch.
struct Position {
  std::uint64_t epoch = 0;
  std::uint64_t offset = 0;  // of the newest message; 0: none yet
  friend bool operator==(const Position&, const Position&) = default;
};

/// A whole message from anywhere else in the cluster: through an Address, a name or a group.
class ServerMessage : public Message {
 public:
  ServerMessage(MessageType type, std::string_view payload, std::string_view group = {},
                Position position = {})
      : Message(type, payload), group_(group), position_(position) {}

  /// The group it was published to; empty if it was sent to this session alone.
  [[nodiscard]] std::string_view group() const { return group_; }
  /// Its place in the history of its group; zeros where none is kept.
  [[nodiscard]] Position position() const { return position_; }

 private:
  std::string_view group_;
  Position position_;
};

/// Why a message was dropped: a closed list, the same words in metrics.
enum class DropCause : std::uint8_t {
  closed,        // it was sent after close(), or came for a session that is gone
  outbox_full,   // Limits::overflow says which one had to go
  replaced,      // a newer one with the same key took its place
  rate_limited,  // the client sends more than Limits::messages_per_second
  mailbox_full,  // Limits::mailbox_count or mailbox_bytes
  loop_full,     // too much is under way to the loop of its receivers
};

inline constexpr std::size_t drop_causes = 6;  // how many there are
/// "outbox_full" ...
[[nodiscard]] std::string_view name_of(DropCause cause);

/// What a session lost since it was last told.
struct Dropped {
  DropCause cause;
  std::uint64_t messages;
};

/// Whether one message may be compressed, where the session negotiated compression (RFC 7692).
enum class Compress : std::uint8_t { when_negotiated, no };

struct SendOptions {
  Compress compress = Compress::when_negotiated;
  /// Under Overflow::latest_per_key it replaces the message with the same key that still waits.
  std::string_view key{};
};

/// One frame on its way out; made by text(), binary(), ping() and close(). A view: it lives as long
/// as what it was made from, which in a call of Session::send() is long enough.
struct Outgoing {
  enum class Kind : std::uint8_t { text = 1, binary = 2, close = 8, ping = 9 };

  Kind kind;
  std::string_view payload;                          // of a close: the reason
  std::initializer_list<std::string_view> pieces{};  // sent one after the other as one payload
  std::uint16_t code = 0;                            // of a close; 0: none
};

inline Outgoing text(std::string_view payload) {
  return {Outgoing::Kind::text, payload};
}
inline Outgoing text(std::initializer_list<std::string_view> pieces) {
  return {Outgoing::Kind::text, {}, pieces};
}
inline Outgoing binary(std::string_view payload) {
  return {Outgoing::Kind::binary, payload};
}
inline Outgoing binary(std::initializer_list<std::string_view> pieces) {
  return {Outgoing::Kind::binary, {}, pieces};
}
/// At most 125 bytes (RFC 6455 §5.5); what is beyond is cut.
inline Outgoing ping(std::string_view payload = {}) {
  return {Outgoing::Kind::ping, payload};
}
inline Outgoing close() {
  return {Outgoing::Kind::close, {}};
}
/// See Session::close() for the codes and the length of the reason.
inline Outgoing close(std::uint16_t code, std::string_view reason = {}) {
  return {Outgoing::Kind::close, reason, {}, code};
}

/// Why a session ended: a closed list, the same words in the log, in metrics and in on_close.
struct CloseCause {
  enum class Kind : std::uint8_t {
    server,               // this side called close(): code and reason as given
    client,               // the client sent a close frame with a code
    client_without_code,  // the client sent an empty close frame
    idle_timeout,
    ping_timeout,
    protocol_error,  // 1002
    bad_text,        // 1007
    too_big,         // 1009
    rate_limited,
    slow_consumer,
    message_timeout,
    handler_error,  // a callback threw: 1011
    drain,          // 1001
    name_lost,
    kicked,
    expired,
    pool_closed,
    out_of_memory_budget,
    transport,          // the connection broke, or the peer vanished: see error
    shutdown_deadline,  // the server had no more time to say goodbye
  };

  Kind kind;
  std::uint16_t code = 0;  // the status code of RFC 6455 §7.4 that was sent or received; 0: none
  std::string_view reason{};  // valid during on_close
  int error = 0;              // errno, of transport
};

inline constexpr std::size_t close_causes = 20;  // how many there are
/// "client", "idle_timeout" ...
[[nodiscard]] std::string_view name_of(CloseCause::Kind kind);

}  // namespace orrery
