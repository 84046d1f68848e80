// A Session (the server's side of orrery::Session): one open WebSocket, from the 101 to on_close.
//
// Owner   its Connection.
// Thread  its loop's.
// Limit   Limits of its route. An idle one costs less than 512 bytes in all (connection, stream and
//         request included), so what few sessions need stands in Rare and in SessionActor.
//
// session.cpp: bytes in, callbacks; session_out.cpp: frames out; session_time.cpp: deadlines;
// session_end.cpp: how it ends; session_api.cpp: the calls of orrery::Session; session_watched.cpp:
// what operators see.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "observe/gear_counters.h"
#include "orrery/session.h"
#include "pools/address_counts.h"
#include "pools/hold_watch.h"
#include "pools/pool.h"
#include "server/backlog.h"
#include "server/broadcast.h"
#include "server/connection.h"
#include "server/protocol.h"
#include "server/route_table.h"
#include "websocket/endpoint.h"

namespace orrery::server {

class SessionActor;
class WorkerRun;
struct WorkerCall;

class Session final : public orrery::Session, public Protocol {
 public:
  /// `handler` may be null: then the session is closed at once (accept_then_close).
  Session(Connection& connection, const WebsocketEntry& route, void* handler, Request request,
          Terms terms, std::unique_ptr<websocket::Deflate> deflate, pools::Permit permit);
  ~Session() override;

  // Protocol
  void start() override;
  [[nodiscard]] std::span<char> place_for_bytes() override { return endpoint_.place_for_rest(); }
  Progress on_bytes(std::span<char>& bytes) override;
  void on_blocked() override;
  void fill_outbox() override;
  void on_flushed() override;
  void on_end(int error) override;
  void on_timer(Time now) override;
  void on_again() override;
  [[nodiscard]] bool reads_on() const override { return held_ == by_actor; }
  void on_gone() override;
  [[nodiscard]] bool may_go() const override;
  [[nodiscard]] std::size_t held_bytes() const override;
  [[nodiscard]] Session* as_session() override { return this; }

  // Frames out.
  /// One of the sessions of its address, until it ends.
  void counts_for(pools::AddressTicket ticket) {
    if (ticket) rare().ticket = std::move(ticket);
  }
  /// The pool has no more memory.
  void out_of_memory();
  void send(const Outgoing& frame, const SendOptions& options);
  void send_data(websocket::Opcode opcode, std::string_view payload, const SendOptions& options);
  void send_broadcast(Broadcast& broadcast);
  [[nodiscard]] std::size_t queued_bytes() const {
    const std::size_t waiting = rare_ && rare_->backlog ? rare_->backlog->bytes() : 0;
    return connection_.queued_bytes() + waiting;
  }
  void wants_flushed();

  // Callbacks.
  /// Calls one, if the handler has it; one that is a coroutine gets copies of what it views.
  template <typename... Args>
  void call(const detail::Operation<orrery::Session, Args...>& operation, const Args&... with);
  /// Whatever it throws ends this session alone.
  template <typename Call>
  void guarded(Call&& call);
  /// The loop and the watchdog know whose callback runs.
  template <typename Call>
  void inside_callback(Call&& call);
  void failed(const std::exception_ptr& thrown);
  void failed(std::string_view what);
  /// What a worker's callback asked for.
  void apply(const std::vector<WorkerCall>& calls);

  // What the handler and others ask for.
  void begin_close(CloseCause::Kind kind, std::uint16_t code, std::string_view reason);
  void pause();
  void resume();
  void set_limits(const SessionLimits& limits);
  void extend(std::chrono::system_clock::time_point until);
  void hibernate();
  /// Tells the handler that the server goes, and says 1001 at `when`, with this reason. Whether it
  /// was the first to say so.
  bool leave_at(Time when, std::string reason);

  // What is dropped.
  void count_dropped(DropCause cause, std::uint64_t messages = 1);
  /// And on_dropped hears of it.
  void told_dropped(DropCause cause, std::uint64_t messages = 1);

  // What operators see: session_watched.cpp.
  [[nodiscard]] SessionInfo info() const;
  /// Its loop's Taps are shown its frames from now on.
  void tapped() { tapped_ = true; }

  // The end.
  /// Ends without a closing handshake, for the reason given.
  void cut_off(CloseCause::Kind kind, int error = 0);
  void worker_done(WorkerRun& run);
  void went_on_from_worker();

  // What it is.
  [[nodiscard]] SessionActor& actor();
  [[nodiscard]] SessionActor* actor_if_any() const { return actor_.get(); }
  [[nodiscard]] bool is_open() const { return state_ == State::open; }
  [[nodiscard]] bool is_closing() const { return state_ == State::closing; }
  /// What it held has gone back; only its last bytes are still on their way.
  [[nodiscard]] bool has_departed() const { return state_ == State::departed; }
  /// on_close may still say goodbye to a group.
  [[nodiscard]] bool may_publish() const { return !has_departed(); }
  [[nodiscard]] const Limits& limits() const { return route_.limits; }
  [[nodiscard]] const RouteSpec& route() const { return *route_.spec; }
  [[nodiscard]] void* handler() const { return handler_; }
  [[nodiscard]] const Request& request() const { return request_; }
  [[nodiscard]] std::string_view subprotocol() const;
  [[nodiscard]] pools::Pool& pool() const { return *permit_.giver(); }
  [[nodiscard]] Sender sender() const;
  [[nodiscard]] LoopServer& server() const { return connection_.server(); }
  /// Of its gear in its pool.
  [[nodiscard]] observe::GearCounters& counters() const;
  [[nodiscard]] SlotId id() const { return connection_.id(); }
  /// As operators know it: "0.17.3".
  [[nodiscard]] std::string id_text() const;
  void assert_own_thread() const;

  /// Charges its pool with what it holds now.
  void settle_account() { connection_.settle_account(); }
  /// Calls on_again() in the loop's next turn.
  void again();
  /// Goes on reading, if it had stopped because the actor was busy.
  void read_if_free();
  /// on_open has ended, with all its suspensions.
  void opened();

 private:
  enum class State : std::uint8_t {
    open,
    closing,  // our close frame is queued or sent: waiting for the peer's
    ended,    // nothing comes any more; a worker's callback may still run
    closed,   // on_close was called, or is on its way to a worker
    departed,
  };
  enum class Verdict : std::uint8_t { deliver, drop, stop };
  enum Hold : std::uint8_t { by_handler = 1, by_actor = 2 };

  /// What most sessions never have.
  struct Rare {
    std::string subprotocol;
    std::string close_reason;
    std::string pending_pong;          // newest ping that could not be answered yet
    std::unique_ptr<Backlog> backlog;  // under drop_oldest and latest_per_key
    pools::AddressTicket ticket;       // one of its address\'s sessions
    std::string goodbye;               // what a drain will say
    Time leaves_at = Time::max();      // when
    std::optional<std::chrono::system_clock::time_point> expires_at;
    std::optional<milliseconds> idle;  // set_limits()
    Time paused_at{};
    Time message_from{};  // message_timeout counts from here if a pause moved it
    Time next_beat{};     // heartbeat
    Time second_began{};
    std::uint32_t messages_this_second = 0;
    int error = 0;  // errno, of transport
    bool beat_unanswered = false;
    bool pong_pending = false;
  };

  Rare& rare();
  [[nodiscard]] milliseconds idle_limit() const;
  [[nodiscard]] Time now() const;

  // in
  Progress receive(std::span<char>& bytes);
  Progress take_messages(std::span<char>& bytes);
  void deliver(Message message);
  void on_ping(std::string_view payload);
  void on_pong(std::string_view payload);
  void on_close_frame(const websocket::CloseArrived& close, std::size_t bytes_behind);
  void on_fault(const websocket::Fault& fault);
  Verdict count_message(Message message);
  void to_handler(Message message);
  void call_on_worker(const orrery::detail::Operation<WorkerSession, Message>& operation,
                      Message message);
  void call_on_worker(const orrery::detail::Operation<WorkerSession, std::string_view>& operation,
                      std::string_view payload);
  void open_handler();
  void hold(Hold why);
  void let_go(Hold why);

  // out
  inline void write_data(websocket::Opcode opcode, std::string_view payload, Compress compress);
  void write_waiting(const WaitingMessage& message);
  [[gnu::noinline]] void write_frame(websocket::Opcode opcode, std::string_view payload,
                                     bool compressed);
  void write_control(websocket::Opcode opcode, std::string_view payload);
  void send_close(std::uint16_t code, std::string_view reason);
  inline void count_sent(std::size_t bytes);
  [[nodiscard]] inline bool fits(std::size_t bytes) const;
  inline bool make_room_for(std::size_t bytes);
  [[nodiscard]] inline bool compresses(std::size_t bytes, Compress compress) const;
  [[nodiscard]] inline bool has_backlog() const;
  [[gnu::noinline]] void put_in_backlog(websocket::Opcode opcode, std::string_view payload,
                                        const SendOptions& options);
  void put_in_backlog(WaitingMessage message);
  [[gnu::noinline]] bool make_room_by_writing(std::size_t bytes);
  void drop_oldest();
  void empty_backlog();

  // for those who watch
  void show(TappedFrame::Direction direction, websocket::Opcode opcode, std::string_view payload);
  void show_close(TappedFrame::Direction direction, std::uint16_t code, std::string_view reason);

  // the end
  void finish(Connection::PeerSends sends = Connection::PeerSends::perhaps_more);
  void end();
  void say_closed();
  void depart();
  void log_closed(const CloseCause& cause);
  [[nodiscard]] CloseCause close_cause() const;

  // deadlines
  void plan(Time now);
  [[nodiscard]] bool check_deadlines(Time now);
  [[nodiscard]] bool check_idle(Time now);
  [[nodiscard]] bool check_heartbeat(Time now);
  [[nodiscard]] std::optional<Time> message_deadline() const;

  Connection& connection_;
  const WebsocketEntry& route_;
  void* handler_;
  Request request_;
  std::unique_ptr<Rare> rare_;
  std::unique_ptr<SessionActor> actor_;
  pools::Permit permit_;
  // What follows fills the endpoint's tail: a session must stay small.
  [[no_unique_address]] websocket::Endpoint endpoint_;
  CloseCause::Kind close_kind_ = CloseCause::Kind::transport;
  State state_ = State::open;
  bool opened_told_ : 1 = false;    // on_open was called, so on_close will be
  bool opening_ : 1 = false;        // on_open runs
  bool idle_pinged_ : 1 = false;    // a PING went out for this silence
  bool pong_awaited_ : 1 = false;   // a PING went out since the last PONG
  bool tapped_ : 1 = false;         // somebody looks at its frames
  bool counted_later_ : 1 = false;  // its traffic: it is being read
  std::uint8_t held_ : 2 = 0;       // not read, by whose wish
  std::uint16_t close_code_ = 0;
  std::uint32_t messages_in_ = 0;
  std::uint32_t messages_out_ = 0;
  std::uint64_t bytes_in_ = 0;
  std::uint64_t bytes_out_ = 0;
  Time opened_;
  Time last_activity_;  // of the client, or of both; when closing: since when
};

// 184 bytes and malloc's 8 are a chunk of 192.
static_assert(sizeof(Session) <= 184);

}  // namespace orrery::server
