// How sessions are reached from outside their own callbacks: an Address is one session, a Sender is
// all of one executor pool, by name and by group.
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

}  // namespace orrery

template <>
struct std::hash<orrery::Address> {
  std::size_t operator()(const orrery::Address& address) const noexcept {
    return std::hash<std::shared_ptr<orrery::actor::Mailbox>>{}(address.mailbox_);
  }
};
