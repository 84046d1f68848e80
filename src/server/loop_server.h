// A LoopServer is one loop's share of the server: its connections, what is handed to them from
// elsewhere, its compressor, its memory for coroutines and outboxes.
//
// Owner   the Node.
// Thread  its loop's, but for what says otherwise.
// Limit   connections without a session: a share of the process's descriptors; what is beyond waits
//         in the listener's backlog.
// Why     connections share nothing between loops, so no call on a message's way takes a lock.
#pragma once

#include <algorithm>
#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "actor/frame_pool.h"
#include "actor/mailbox.h"
#include "base/slab.h"
#include "net/loop.h"
#include "observe/counters.h"
#include "observe/gear_counters.h"
#include "orrery/session_waits.h"
#include "pools/hold_watch.h"
#include "pools/loop_accounts.h"
#include "registry/registry.h"
#include "server/broadcast.h"
#include "server/connection.h"
#include "server/node.h"
#include "server/taps.h"
#include "websocket/deflate.h"

namespace orrery::server {

class Session;

class LoopServer final : private net::TurnEndHook,
                         private net::Requeued,
                         private net::Timer,
                         public actor::Receiver,
                         private registry::Fanout {
 public:
  LoopServer(Node& node, net::Loop& loop);
  ~LoopServer();  // every session that is left hears on_close first

  /// Takes a stream that was just accepted.
  void accept(std::unique_ptr<net::Stream> stream);

  /// Refuses newcomers from now on, and tells every session to go at a moment of its own within
  /// `spread`, with a hint to come back at one within `reconnect_spread`.
  void drain(milliseconds spread, milliseconds reconnect_spread);
  [[nodiscard]] bool draining() const { return draining_; }
  [[nodiscard]] bool empty() const { return connections_.size() == 0; }
  /// Ends what is still there; returns how many sessions that were.
  std::size_t cut_off();
  /// Closes the sessions of a pool.
  void close_pool(const pools::Pool& pool);
  /// Sessions that were told to go.
  [[nodiscard]] std::size_t told() const { return told_; }

  [[nodiscard]] Node& node() { return node_; }
  [[nodiscard]] net::Loop& loop() { return loop_; }
  /// What a request that comes now is served by.
  [[nodiscard]] const Rules& rules() const { return *rules_; }
  void follow(const Rules& rules) { rules_ = &rules; }
  [[nodiscard]] observe::Log& log() { return node_.environment.log; }
  [[nodiscard]] observe::LoopCounters& counters() { return counters_; }
  [[nodiscard]] observe::CountersByGear& gear_counters() { return gear_counters_; }
  [[nodiscard]] websocket::DeflateEngine& deflate() { return deflate_; }
  [[nodiscard]] pools::Holding& holding() { return holding_; }
  /// From any thread: sessions, connections, and those among them that have no session.
  [[nodiscard]] std::size_t sessions() const { return sessions_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::size_t load() const { return load_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::size_t strangers() const {
    const std::size_t all = load(), known = sessions();
    return all > known ? all - known : 0;
  }
  void session_opened();
  void session_ended();

  // For sessions and their actors.
  [[nodiscard]] const std::shared_ptr<actor::Door>& door() const { return door_; }
  [[nodiscard]] actor::FramePool& frames() { return frames_; }
  [[nodiscard]] registry::Scope& scope_of(const pools::Pool& pool);
  [[nodiscard]] pools::LoopAccount& account_of(const pools::Pool& pool) {
    return accounts_.of(pool);
  }
  /// What was charged to an account has changed: soon it gives back what it does not use.
  void settle_accounts_later();
  [[nodiscard]] Connection* find(SlotId id) { return connections_.find(id); }
  /// The session in a slot; null if it is gone.
  [[nodiscard]] Session* session(SlotId id);
  /// `visit(const Session&)` for those in `count` slots from `first` on: see Slab::for_some().
  template <typename F>
  bool some_sessions(std::uint32_t& first, std::uint32_t count, F&& visit) {
    return connections_.for_some(first, count, [&](Connection& connection, SlotId) {
      if (const Session* const session = connection.protocol()->as_session()) visit(*session);
    });
  }
  [[nodiscard]] Taps& taps() { return taps_; }
  /// Behind everything that was posted to this loop so far: SessionActor::gate_passed().
  void post_gate(SlotId session);
  /// SessionActor::room_for_work(), when the pool's queue has room.
  void wait_for_worker(pools::Pool& pool, SlotId session);
  /// From any thread, also when the loop is gone: the answer goes to the session's actor.
  static void name_answered(const actor::Mailbox& to, std::uint32_t claim,
                            const NameAnswer& answer);
  static void work_returned(const actor::Mailbox& to, std::uint32_t suspension);
  /// Memory for a message that a coroutine looks at.
  [[nodiscard]] std::string take_buffer();
  void keep_buffer(std::string buffer);

  /// While it lives, a callback of this session runs, or what one has asked for is done. Defined in
  /// session_calls.h.
  class [[nodiscard]] Running {
   public:
    enum class Timing : std::uint8_t { one_in_64, never };
    inline Running(LoopServer& server, const Session& session, const pools::CallbackOrigin& origin,
                   Timing timing = Timing::one_in_64);
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    inline ~Running();

   private:
    [[gnu::noinline]] void begin_timing(const Session& session);
    [[gnu::noinline]] void end_timing();

    LoopServer& server_;
    observe::GearCounters* timed_ = nullptr;
    std::chrono::nanoseconds began_{};
  };
  /// Whether the callback that begins now is one of those that are timed.
  [[nodiscard]] bool times_this_one() { return callbacks_++ % 64 == 0; }

  // For connections.
  void flush_later(Connection& connection);
  /// Whether what waits on it should leave with that of others, at the end of the turn.
  [[nodiscard]] bool sends_later(const Connection& connection) const {
    return answers_together_ && connection.queued_bytes() <= sent_later_bytes;
  }
  /// Answers to so many bytes are collected in one piece, if they are about as long.
  void expects_answer_to(std::size_t bytes) {
    expected_answer_bytes_ = std::min(bytes, longest_expected_answer_bytes);
  }
  [[nodiscard]] std::size_t expected_answer_bytes() const { return expected_answer_bytes_; }
  void continue_later(Connection& connection);
  void bury(Connection& connection);
  /// Keeps a protocol that was replaced inside its own call, until the end of the turn.
  void retire(std::unique_ptr<Protocol> protocol);
  [[nodiscard, gnu::noinline]] std::unique_ptr<net::Outbox> take_outbox();
  void keep_outbox(std::unique_ptr<net::Outbox> outbox);

 private:
  template <typename Tell>
  class Return;

  /// More is written at once: it would be cold by the end of the turn.
  static constexpr std::size_t sent_later_bytes = 4096;
  static constexpr std::size_t longest_expected_answer_bytes = net::ChunkPool::long_bytes;

  void on_turn_end() override;
  void on_again() override;
  void on_timer(Time now) override;
  void receive(std::unique_ptr<actor::Letter> letter) override;
  void close(SlotId session, const CloseCause& cause) override;
  bool deliver(registry::Delivery& delivery) override;
  void fetch_ahead(const registry::Delivery& delivery);
  void flush_all();
  void flush_in_batches();
  void list_again(Connection& connection);
  void room_for_work(pools::Pool& pool);
  void forget_again(Connection& connection);
  [[nodiscard]] milliseconds moment_within(milliseconds spread);
  [[nodiscard]] std::string goodbye();

  Node& node_;
  net::Loop& loop_;
  net::SendBatch* const batch_;  // where the poller has one
  const bool answers_together_;  // a poller that receives for all at once sends so, too
  const Rules* rules_;
  observe::LoopCounters counters_;
  observe::CountersByGear gear_counters_;
  std::uint32_t callbacks_ = 0;
  pools::Holding holding_;
  websocket::DeflateEngine deflate_;
  actor::FramePool frames_;
  pools::LoopAccounts accounts_;
  const std::shared_ptr<actor::Door> door_;
  std::vector<registry::Scope*> scopes_;  // by Pool::number()
  std::vector<std::unique_ptr<net::Outbox>> idle_outboxes_;
  std::vector<std::string> idle_buffers_;
  Connection* dirty_ = nullptr;
  Connection* again_ = nullptr;
  std::vector<Connection*> in_batch_;
  std::vector<SlotId> buried_;
  std::vector<std::unique_ptr<Protocol>> retired_;
  std::map<const pools::Pool*, std::deque<SlotId>> want_worker_;
  Taps taps_;
  std::size_t handed_out_bytes_ = 0;        // of publications, in this turn
  std::size_t expected_answer_bytes_ = 0;   // to what is being read
  std::optional<Broadcast> handing_out_{};  // the one whose members have not all got it
  std::atomic<std::size_t> load_{0};
  std::atomic<std::size_t> sessions_{0};
  std::size_t told_ = 0;
  bool draining_ = false;
  milliseconds drain_spread_{0};
  milliseconds reconnect_spread_{0};
  Slab<Connection> connections_;  // last: what it holds uses everything above
};

}  // namespace orrery::server
