#include "server/session.h"

#include <algorithm>
#include <cassert>

#include "base/exceptions.h"
#include "server/session_calls.h"
#include "server/worker_run.h"

namespace orrery::server {

using websocket::Opcode;
using Direction = TappedFrame::Direction;

namespace {

// A callback may be called so often for one connection in one turn, then the others have theirs.
constexpr int messages_per_turn = 1000;

}  // namespace

Session::Session(Connection& connection, const WebsocketEntry& route, void* handler,
                 Request request, Terms terms, std::unique_ptr<websocket::Deflate> deflate,
                 pools::Permit permit)
    : connection_(connection),
      route_(route),
      handler_(handler),
      request_(std::move(request)),
      permit_(std::move(permit)),
      endpoint_(websocket::Role::server, route.limits.message_bytes, std::move(deflate)),
      opened_(now()),
      last_activity_(opened_) {
  if (!terms.subprotocol.empty()) rare().subprotocol = std::move(terms.subprotocol);
  if (terms.expires_at) rare().expires_at = terms.expires_at;
  if (terms.close_code) {
    close_code_ = *terms.close_code;
    rare().close_reason = std::move(terms.close_reason);
  }
  server().session_opened();
  counters().sessions_opened.add();
}

// With the server gone no worker runs any more: what one has not begun is done here.
Session::~Session() {
  end();
  if (actor_ && actor_->at_work()) actor_->finish_work_here();
  if (state_ == State::ended) say_closed();
  if (actor_ && actor_->at_work()) actor_->finish_work_here();
  if (state_ != State::departed) depart();
}

observe::GearCounters& Session::counters() const {
  auto& all = server().gear_counters();
  if (auto* const known = all.find(route_.gear_number, pool().number())) [[likely]]
    return *known;
  return all.of(route_.gear_number, route().scope.gear, pool().number(), pool().name());
}

Time Session::now() const {
  return server().loop().now();
}

Session::Rare& Session::rare() {
  if (!rare_) rare_ = std::make_unique<Rare>();
  return *rare_;
}

SessionActor& Session::actor() {
  if (actor_) return *actor_;
  actor_ = std::make_unique<SessionActor>(*this);
  if (opening_) actor_->begin_opening();
  return *actor_;
}

std::string_view Session::subprotocol() const {
  return rare_ ? std::string_view(rare_->subprotocol) : std::string_view{};
}

Sender Session::sender() const {
  return server().node().sender(pool());
}

void Session::assert_own_thread() const {
  assert(server().loop().in_own_thread() && "a Session& was used outside its loop's thread");
}

void Session::start() {
  if (!handler_) {
    const std::string reason = std::move(rare().close_reason);
    return begin_close(CloseCause::Kind::server, close_code_, reason);
  }
  if (limits().heartbeat.count() > 0) rare().next_beat = now() + limits().heartbeat;
  opened_told_ = true;
  open_handler();
  if (state_ == State::open) plan(now());
}

// The first callback. What it sends the session itself comes before the client's first message.
void Session::open_handler() {
  opening_ = true;
  orrery::detail::TaskHandle task{};
  if (const auto& on_open = route().operations.on_open)
    guarded([&] { task = on_open.call(handler_, *this); });
  if (task) return actor().run(task, SessionActor::Callback::on_open);
  const auto& on_worker = route().worker_operations.on_open;
  if (!on_worker) return opened();
  actor().work([&on_worker, handler = handler_](WorkerSession& session) {
    on_worker.call(handler, session);
  });
}

void Session::opened() {
  opening_ = false;
  if (!route().keep_request) request_.drop_head();
  if (actor_) actor_->end_opening();
}

Progress Session::on_bytes(std::span<char>& bytes) {
  last_activity_ = state_ == State::open ? now() : last_activity_;
  idle_pinged_ = false;
  const Progress progress = receive(bytes);
  if (state_ != State::open || !endpoint_.message_started()) return progress;
  if (rare_) rare_->beat_unanswered = false;  // in the middle of a frame nobody can send a pong
  if (const auto deadline = message_deadline()) connection_.wake_by(*deadline);
  return progress;
}

// Counts what came and what was sent meanwhile.
Progress Session::receive(std::span<char>& bytes) {
  if (has_departed()) return take_messages(bytes);
  observe::GearCounters& counted = counters();  // permit_ may be gone afterwards
  const std::uint32_t in = messages_in_, out = messages_out_;
  const std::uint64_t bytes_in = bytes_in_, bytes_out = bytes_out_;
  counted_later_ = true;
  const Progress progress = take_messages(bytes);
  counted_later_ = false;
  counted.in.add(messages_in_ - in, bytes_in_ - bytes_in);
  counted.out.add(messages_out_ - out, bytes_out_ - bytes_out);
  return progress;
}

// A session whose callback is suspended, or runs on a worker, is not read.
Progress Session::take_messages(std::span<char>& bytes) {
  const Time time = now();
  const std::uint32_t fragments = limits().fragments;
  for (int budget = messages_per_turn; budget > 0; --budget) {
    if (actor_ && actor_->holds_reading()) hold(by_actor);
    if (held_ != 0) return Progress::paused;
    const websocket::Event event = endpoint_.next(bytes, time, fragments);
    if (std::holds_alternative<websocket::NeedMore>(event)) return Progress::hungry;
    if (const auto* message = std::get_if<websocket::MessageArrived>(&event))
      deliver(Message(static_cast<MessageType>(message->opcode), message->payload));
    else if (const auto* ping = std::get_if<websocket::PingArrived>(&event))
      on_ping(ping->payload);
    else if (const auto* pong = std::get_if<websocket::PongArrived>(&event))
      on_pong(pong->payload);
    else if (const auto* close = std::get_if<websocket::CloseArrived>(&event))
      on_close_frame(*close, bytes.size());
    else if (const auto* fault = std::get_if<websocket::Fault>(&event))
      on_fault(*fault);
  }
  return held_ != 0 ? Progress::paused : Progress::later;
}

void Session::deliver(Message message) {
  if (state_ != State::open) return;
  if (tapped_) show(Direction::in, static_cast<Opcode>(message.type()), message.payload());
  ++messages_in_;
  bytes_in_ += message.size();
  if (limits().messages_per_second > 0 && count_message(message) != Verdict::deliver) return;
  if (!actor_ || !actor_->offer(message)) to_handler(message);
}

// A worker gets copies of what it looks at.
void Session::call_on_worker(const orrery::detail::Operation<WorkerSession, Message>& operation,
                             Message message) {
  auto callback = [&operation, handler = handler_, type = message.type(),
                   payload = std::string(message.payload())](WorkerSession& session) {
    operation.call(handler, session, Message(type, payload));
  };
  actor().work(std::move(callback), message.payload().size());
}

void Session::call_on_worker(
    const orrery::detail::Operation<WorkerSession, std::string_view>& operation,
    std::string_view payload) {
  actor().work([&operation, handler = handler_, kept = std::string(payload)](
                   WorkerSession& session) { operation.call(handler, session, kept); });
}

void Session::to_handler(Message message) {
  if (const auto& on_worker = route().worker_operations.on_message)
    return call_on_worker(on_worker, message);
  call(route().operations.on_message, message);
}

// Whether a message is within the rate, and what happens if it is not.
Session::Verdict Session::count_message(Message message) {
  Rare& state = rare();
  if (now() - state.second_began >= std::chrono::seconds(1)) {
    state.second_began = now();
    state.messages_this_second = 0;
  }
  if (++state.messages_this_second <= limits().messages_per_second) return Verdict::deliver;
  told_dropped(DropCause::rate_limited);
  if (const auto& on_worker = route().worker_operations.on_rate_limited) {
    call_on_worker(on_worker, message);
    return Verdict::drop;
  }
  if (const auto& rejects = route().operations.on_rate_limited) {
    call(rejects, message);
    return Verdict::drop;
  }
  if (limits().rate_policy == RatePolicy::drop) return Verdict::drop;
  begin_close(CloseCause::Kind::rate_limited, 1008, "rate limited");
  return Verdict::stop;
}

// §5.5.2: answered by the newest one if the peer is too slow for all (§5.5.3 allows it).
void Session::on_ping(std::string_view payload) {
  if (state_ != State::open) return;
  if (tapped_) show(Direction::in, Opcode::ping, payload);
  if (connection_.blocked()) {
    rare().pending_pong = payload;
    rare().pong_pending = true;
  } else {
    write_control(Opcode::pong, payload);
  }
  if (const auto& on_worker = route().worker_operations.on_ping)
    return call_on_worker(on_worker, payload);
  call(route().operations.on_ping, payload);
}

void Session::on_pong(std::string_view payload) {
  pong_awaited_ = false;
  if (rare_) rare_->beat_unanswered = false;
  if (state_ != State::open) return;
  if (tapped_) show(Direction::in, Opcode::pong, payload);
  if (const auto& on_worker = route().worker_operations.on_pong)
    return call_on_worker(on_worker, payload);
  call(route().operations.on_pong, payload);
}

void Session::failed(const std::exception_ptr& thrown) {
  failed(what_of(thrown));
}

void Session::failed(std::string_view what) {
  server().log().error(
      "a callback threw",
      {{"gear", route().scope.gear}, {"route", route().path}, {"what", observe::quoted(what)}});
  begin_close(CloseCause::Kind::handler_error, 1011, "internal error");
}

void Session::apply(const std::vector<WorkerCall>& calls) {
  using Kind = WorkerCall::Kind;
  using Running = LoopServer::Running;
  const Running running(server(), *this, route_.origin, Running::Timing::never);
  for (const WorkerCall& call : calls) {
    const Message message(call.type, call.text);
    switch (call.kind) {
      case Kind::send: send_data(static_cast<Opcode>(call.type), call.text, {}); break;
      case Kind::close: begin_close(CloseCause::Kind::server, call.code, call.text); break;
      case Kind::join: actor().join(call.group, call.text); break;
      case Kind::leave: actor().leave(call.group); break;
      case Kind::publish: actor().publish(call.group, message, true); break;
    }
  }
}

void Session::hold(Hold why) {
  if ((held_ & why) != 0 || state_ != State::open) return;
  if (held_ == 0) {
    rare().paused_at = now();
    connection_.pause();
  }
  held_ = static_cast<std::uint8_t>(held_ | why);
}

// While the server itself did not read, the client's deadlines stood still: they move by the pause.
void Session::let_go(Hold why) {
  if ((held_ & why) == 0) return;
  held_ = static_cast<std::uint8_t>(held_ & ~why);
  if (held_ != 0) return;
  const auto pause = now() - rare().paused_at;
  if (state_ == State::open) last_activity_ += pause;
  rare_->next_beat += pause;
  if (const auto started = endpoint_.message_started())
    rare_->message_from = std::max(*started, rare_->message_from) + pause;
  connection_.resume();
  if (state_ == State::open) plan(now());
}

void Session::pause() {
  hold(by_handler);
}
void Session::resume() {
  let_go(by_handler);
}

void Session::read_if_free() {
  if (actor_ && actor_->holds_reading()) return;
  let_go(by_actor);
}

void Session::again() {
  server().continue_later(connection_);
}

void Session::on_again() {
  if (actor_) actor_->on_again();
}

}  // namespace orrery::server
