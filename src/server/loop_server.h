// A LoopServer is one loop's share of the server: its connections, its groups, its compressor.
//
// Owner   the Node.
// Thread  its loop's; other loops only touch what is atomic, and the loop's inbox.
// Limit   messages on their way to it from other loops: `deliveries_limit_bytes`; what is beyond is
//         dropped by the loop that publishes, and counted there.
// Why     connections share nothing between loops, so no call in here takes a lock.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/slab.h"
#include "net/loop.h"
#include "observe/counters.h"
#include "registry/groups.h"
#include "server/connection.h"
#include "server/node.h"
#include "websocket/deflate.h"

namespace orrery::server {

class Session;

class LoopServer final : private net::TurnEndHook, private net::Requeued {
 public:
  static constexpr std::size_t deliveries_limit_bytes = 16 * 1024 * 1024;

  LoopServer(Node& node, net::Loop& loop) : node_(node), loop_(loop) {}
  ~LoopServer();  // every session that is left hears on_close first

  /// Takes a stream that was just accepted.
  void accept(std::unique_ptr<net::Stream> stream);

  /// Says goodbye to all, and refuses newcomers, until empty() or cut_off().
  void stop();
  [[nodiscard]] bool stopping() const { return stopping_; }
  [[nodiscard]] bool empty() const { return connections_.size() == 0; }
  /// Ends what is still there.
  void cut_off();

  [[nodiscard]] Node& node() { return node_; }
  [[nodiscard]] net::Loop& loop() { return loop_; }
  [[nodiscard]] observe::Log& log() { return node_.environment.log; }
  [[nodiscard]] observe::LoopCounters& counters() { return counters_; }
  [[nodiscard]] websocket::DeflateEngine& deflate() { return deflate_; }
  [[nodiscard]] std::size_t sessions() const { return sessions_; }
  /// Connections, as other loops see them when they look for one with room.
  [[nodiscard]] std::size_t load() const { return load_.load(std::memory_order_relaxed); }
  [[nodiscard]] Connection* find(SlotId id) { return connections_.find(id); }
  void session_opened() { ++sessions_; }
  void session_ended() { --sessions_; }

  // Groups: see Session::join() and publish().
  [[nodiscard]] registry::Groups& groups() { return groups_; }
  /// Hands a message to the members on this loop and, through their inboxes, to the other loops.
  void publish(std::string_view group, MessageType type, std::string_view payload,
               const Session* except);

  // For connections.
  void flush_later(Connection& connection);
  void continue_later(Connection& connection);
  void bury(Connection& connection);
  /// Keeps a protocol that was replaced inside its own call, until the end of the turn.
  void retire(std::unique_ptr<Protocol> protocol);
  [[nodiscard]] std::unique_ptr<net::Outbox> take_outbox();
  void keep_outbox(std::unique_ptr<net::Outbox> outbox);

 private:
  struct Delivery;

  void on_turn_end() override;
  void on_again() override;
  void forget_again(Connection& connection);
  void hand_over(std::unique_ptr<Delivery> delivery);
  void deliver(std::string_view group, MessageType type, const SharedBytes& payload,
               const Session* except);

  Node& node_;
  net::Loop& loop_;
  observe::LoopCounters counters_;
  websocket::DeflateEngine deflate_;
  registry::Groups groups_;
  std::vector<std::unique_ptr<net::Outbox>> idle_outboxes_;
  Connection* dirty_ = nullptr;
  Connection* again_ = nullptr;
  std::vector<SlotId> buried_;
  std::vector<std::unique_ptr<Protocol>> retired_;
  std::atomic<std::size_t> deliveries_bytes_{0};  // on their way here
  std::atomic<std::size_t> load_{0};
  std::size_t sessions_ = 0;
  bool stopping_ = false;
  Slab<Connection> connections_;  // last: what it holds uses everything above
};

}  // namespace orrery::server
