// How sessions are reached from outside their own callbacks: an Address is one session, a Sender is
// all of one executor pool, by name and by group; and what an operator sees of them.
//
//   Address who = client.address();            // may be kept, copied and given to other threads
//   if (who.send("ready") == Posted::gone) forget(who);
//   server.sender("gear:chat").publish("news", "it rains");
//
// Owner   whoever holds them: plain values, never dangling, even when session and server are gone.
// Thread  any.
// Limit   Limits::mailbox_count and mailbox_bytes of the receiving session.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orrery/message.h"

namespace orrery {

namespace actor {
class Mailbox;
}
namespace registry {
class Registry;
class Scope;
}  // namespace registry

/// What became of something that was sent to a session.
enum class Posted : std::uint8_t {
  queued,  // it waits in the mailbox, in the order of sending
  full,    // the mailbox had no room: dropped, and counted
  gone,    // the session has ended, or the server has
};

/// What became of something that was sent to a name.
enum class NamePosted : std::uint8_t { queued, full, no_such_name, unavailable };

/// One session, anywhere in the cluster.
class Address {
 public:
  Address() = default;  // nobody's: gone
  explicit Address(std::shared_ptr<actor::Mailbox> mailbox) : mailbox_(std::move(mailbox)) {}

  /// Sends a server message: to on_server_message (or next()) if the handler has it, else straight
  /// to the client as one frame. The payload is copied before the call returns.
  [[nodiscard]] Posted send(std::string_view text) const;
  [[nodiscard]] Posted send(Message message) const;
  /// Closes the session as Session::close() does; this can't fail for want of room.
  Posted close(std::uint16_t code, std::string_view reason = {}) const;
  /// Whether the session still lives; it may end at any time.
  [[nodiscard]] bool alive() const;
  /// "0.17.3": loop, slot and generation; unique among the sessions of one server's life.
  [[nodiscard]] std::string id() const;

  friend bool operator==(const Address&, const Address&) = default;

 private:
  friend struct std::hash<Address>;
  friend class actor::Mailbox;
  std::shared_ptr<actor::Mailbox> mailbox_;
};

/// A session in a group, as its other members see it.
struct Member {
  Address address;
  std::string metadata;  // what it gave to Session::join()
};

/// Somebody entered or left a group that a session tracks: see Session::track().
struct Presence {
  enum class Kind : std::uint8_t { joined, left };

  Kind kind;
  std::string_view group;
  Address address;
  std::string_view metadata;
};

/// An answer that the whole cluster was asked for. Not complete: some node did not answer.
template <typename T>
struct Gathered {
  T value;
  bool complete;
};

/// What a group keeps of its messages: the newest, as many and as long as both say.
struct History {
  std::size_t messages = 100;
  std::chrono::seconds age{3600};
};

/// The sessions of one executor pool: names and groups are scoped by it.
class Sender {
 public:
  Sender() = default;  // of no server: nobody is found
  Sender(std::shared_ptr<registry::Registry> registry, registry::Scope& pool)
      : registry_(std::move(registry)), scope_(&pool) {}

  /// Sends to the session that holds the name, as Address::send().
  [[nodiscard]] NamePosted send_to_name(std::string_view name, std::string_view text) const;
  [[nodiscard]] NamePosted send_to_name(std::string_view name, Message message) const;
  /// Who holds the name on this node; nothing if nobody does.
  [[nodiscard]] std::optional<Address> find(std::string_view name) const;

  /// Publishes to all members of a group but `except`: one copy of the payload, one hand-over per
  /// loop that has members. Returns the memberships on this node at that moment, not deliveries.
  std::size_t publish(std::string_view group, std::string_view text,
                      const Address& except = {}) const;
  std::size_t publish(std::string_view group, Message message, const Address& except = {}) const;
  /// From now on the group keeps its messages, for Session::join(group, since). 0 messages: no
  /// more.
  void keep_history(std::string_view group, const History& history) const;
  [[nodiscard]] Gathered<std::vector<Member>> members(std::string_view group) const;
  [[nodiscard]] Gathered<std::size_t> count(std::string_view group) const;

 private:
  std::shared_ptr<registry::Registry> registry_;
  registry::Scope* scope_ = nullptr;  // the registry's
};

/// Which sessions Server::sessions() tells of: those to which all applies that is not empty.
struct SessionQuery {
  std::string gear{};
  std::string pool{};
  std::string name{};   // that it holds
  std::string group{};  // that it is in
  std::string text{};   // a part of its id, its target, its subprotocol or its remote address
  std::size_t limit = 100;
};

/// A session as its operator sees it.
struct SessionInfo {
  std::string id;  // Address::id()
  std::string gear;
  std::string pool;
  std::string route;
  std::string target;  // path and query, redacted
  std::string remote_address;
  std::uint16_t remote_port;
  std::string subprotocol;
  std::vector<std::string> names;
  std::vector<std::string> groups;
  std::chrono::milliseconds age;
  std::chrono::milliseconds silent;  // since anything came from the client
  std::uint64_t messages_in, messages_out;
  std::uint64_t bytes_in, bytes_out;  // payloads, before compression
  std::size_t queued_bytes;
};

struct SessionList {
  std::vector<SessionInfo> sessions{};  // SessionQuery::limit of those that match
  std::size_t matching = 0;
  bool complete = true;  // false: a loop did not answer in time, because a callback holds it
};

/// A frame of a session that is tapped.
struct TappedFrame {
  enum class Direction : std::uint8_t { in, out };
  enum class Kind : std::uint8_t { text = 1, binary = 2, close = 8, ping = 9, pong = 10, end = 16 };

  Direction direction;
  Kind kind;                  // values of RFC 6455 §5.2; end: no frame, the session is gone
  std::size_t bytes = 0;      // of its payload, before compression
  std::string_view shown{};   // of a text, or of a close's code and reason: redacted, UTF-8
  bool cut = false;           // there was more
  std::uint64_t skipped = 0;  // frames since the one before that were too many to be shown
};

/// What became of something that an operator asked of one session.
enum class Asked : std::uint8_t {
  done,
  no_such_session,
  too_many,   // its loop has all the taps it may have
  no_answer,  // its loop is held by a callback: it may still be done
};

/// Looks at the frames of one session as they pass: see Server::tap().
class FrameTap {
 public:
  virtual ~FrameTap() = default;
  /// On the session's loop: it must return soon, and call nothing of the session's server.
  virtual void on_frame(const TappedFrame& frame) = 0;
};

}  // namespace orrery

template <>
struct std::hash<orrery::Address> {
  std::size_t operator()(const orrery::Address& address) const noexcept {
    return std::hash<std::shared_ptr<orrery::actor::Mailbox>>{}(address.mailbox_);
  }
};
