// A Session (the server's side of orrery::Session): one open WebSocket, from the 101 to on_close.
//
// Owner   its Connection.
// Thread  its loop's.
// Limit   Limits of its route. An idle one costs less than 512 bytes in all (connection, stream and
//         request included), so what few sessions need stands in Rare.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "orrery/session.h"
#include "server/connection.h"
#include "server/protocol.h"
#include "server/route_table.h"
#include "websocket/endpoint.h"

namespace orrery::server {

/// A whole frame for many sessions, in the variants that they need; each is encoded once.
class Broadcast {
 public:
  Broadcast(MessageType type, SharedBytes payload) : type_(type), payload_(std::move(payload)) {}
  [[nodiscard]] MessageType type() const { return type_; }
  [[nodiscard]] std::string_view payload() const { return payload_.view(); }
  [[nodiscard]] const SharedBytes& plain();
  [[nodiscard]] const SharedBytes& compressed(websocket::DeflateEngine& engine, int window_bits);

 private:
  MessageType type_;
  SharedBytes payload_;
  SharedBytes plain_;
  SharedBytes compressed_[16];  // by window bits
};

class Session final : public orrery::Session, public Protocol {
 public:
  /// `handler` may be null: then the session is closed at once (accept_then_close).
  Session(Connection& connection, const WebsocketEntry& route, void* handler, Request request,
          Terms terms, std::unique_ptr<websocket::Deflate> deflate);
  ~Session() override;

  // Protocol
  void start() override;
  Progress on_bytes(std::span<char>& bytes) override;
  void on_blocked() override;
  void on_flushed() override;
  void on_end(int error) override;
  void on_timer(Time now) override;
  void on_stop() override;
  void on_gone() override;

  // orrery::Session
  void send(const Outgoing& frame, SendOptions options);
  void send_data(websocket::Opcode opcode, std::string_view payload, SendOptions options);
  void begin_close(CloseCause::Kind kind, std::uint16_t code, std::string_view reason);
  void join(std::string_view group);
  void leave(std::string_view group);
  void publish(std::string_view group, Message message, bool to_itself);
  void pause();
  void resume();
  void set_limits(const SessionLimits& limits);
  void extend(std::chrono::system_clock::time_point until);
  void hibernate();
  [[nodiscard]] std::size_t queued_bytes() const { return connection_.queued_bytes(); }
  [[nodiscard]] const Request& request() const { return request_; }
  [[nodiscard]] std::string_view subprotocol() const;

  /// One message of a group, to the client.
  void deliver_broadcast(Broadcast& broadcast);
  /// Ends without a closing handshake, for the reason given.
  void cut_off(CloseCause::Kind kind, int error = 0);
  void assert_own_thread() const;

 private:
  enum class State : std::uint8_t {
    open,
    closing,  // our close frame is queued or sent: waiting for the peer's
    closed,   // on_close was called
  };
  enum class Verdict : std::uint8_t { deliver, drop, stop };

  /// What most sessions never have.
  struct Rare {
    std::string subprotocol;
    std::string close_reason;
    std::string pending_pong;  // newest ping that could not be answered yet
    std::vector<std::string> groups;
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
  [[nodiscard]] const Limits& limits() const { return route_.limits; }
  [[nodiscard]] milliseconds idle_limit() const;
  LoopServer& server() { return connection_.server(); }
  [[nodiscard]] Time now();

  // in
  Progress receive(std::span<char>& bytes);
  void deliver(Message message);
  void on_ping(std::string_view payload);
  void on_pong(std::string_view payload);
  void on_close_frame(const websocket::CloseArrived& close);
  void on_fault(const websocket::Fault& fault);
  Verdict count_message();
  template <typename Call>
  void guarded(Call&& call);

  // out
  void write_frame(websocket::Opcode opcode, std::string_view payload, bool compressed);
  void write_control(websocket::Opcode opcode, std::string_view payload);
  void send_close(std::uint16_t code, std::string_view reason);
  bool make_room_for(std::size_t bytes);
  [[nodiscard]] bool compresses(std::size_t bytes, SendOptions options) const;
  void count_dropped(CloseCause::Kind why);

  // the end
  void finish();
  void tell_closed();
  void log_closed(const CloseCause& cause);

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
  // What follows fills the endpoint's tail: a session must stay small.
  [[no_unique_address]] websocket::Endpoint endpoint_;
  CloseCause::Kind close_kind_ = CloseCause::Kind::transport;
  State state_ = State::open;
  bool opened_told_ : 1 = false;  // on_open was called, so on_close will be
  bool paused_ : 1 = false;
  bool idle_pinged_ : 1 = false;  // a PING went out for this silence
  std::uint16_t close_code_ = 0;
  std::uint32_t messages_in_ = 0;
  std::uint32_t messages_out_ = 0;
  std::uint64_t bytes_in_ = 0;
  std::uint64_t bytes_out_ = 0;
  Time opened_;
  Time last_activity_;  // of the client, or of both; when closing: since when
};

// 168 bytes and malloc's 8 are a chunk of 176.
static_assert(sizeof(Session) <= 168);

}  // namespace orrery::server
