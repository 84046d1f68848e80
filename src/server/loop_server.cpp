#include "server/loop_server.h"

#include <fmt/format.h>

#include "base/prefetch.h"
#include "net/send_batch.h"
#include "server/broadcast.h"
#include "server/http_protocol.h"
#include "server/session.h"
#include "server/session_actor.h"

namespace orrery::server {

namespace {

constexpr std::size_t idle_outbox_count = 2048;  // as many members as one publish reaches, mostly
constexpr std::size_t idle_buffer_count = 256;
constexpr std::size_t idle_buffer_bytes = 16 * 1024;

// What publications bring to members in one turn, so that nobody else waits long for the rest: a
// message of a kilobyte or less to 16,384 of them, or to 1,024 whose handlers look at it, or a
// megabyte to 16.
constexpr std::size_t handed_out_bytes_per_turn = 16 * 1024 * 1024;
constexpr std::size_t least_bytes_handed_out = 1024;
constexpr std::size_t least_bytes_with_a_call = 16 * 1024;

// How long an account may keep what it borrowed and does not use.
constexpr milliseconds accounts_settle_after = 1s;

}  // namespace

LoopServer::LoopServer(Node& node, net::Loop& loop)
    : node_(node),
      loop_(loop),
      batch_(loop.poller().send_batch()),
      answers_together_(batch_ != nullptr && loop.poller().receiving() != nullptr),
      rules_(node.rules.back().get()),
      door_(std::make_shared<actor::Door>(loop.inbox(), loop.index(), *this)) {
  node.registry->add_loop(door_, *this);
}

LoopServer::~LoopServer() {
  cut_off();
  loop_.inbox()->close();  // what is under way speaks of us
}

void LoopServer::accept(std::unique_ptr<net::Stream> stream) {
  counters_.connections_accepted.add();
  const auto [connection, id] = connections_.add(*this, std::move(stream));
  load_.store(connections_.size(), std::memory_order_relaxed);
  connection->open(id, std::make_unique<HttpProtocol>(*connection));
}

void LoopServer::session_opened() {
  sessions_.store(sessions() + 1, std::memory_order_relaxed);
}

void LoopServer::session_ended() {
  sessions_.store(sessions() - 1, std::memory_order_relaxed);
}

Session* LoopServer::session(SlotId id) {
  Connection* const connection = connections_.find(id);
  return connection ? connection->protocol()->as_session() : nullptr;
}

// Leaving and coming back.

milliseconds LoopServer::moment_within(milliseconds spread) {
  if (spread.count() <= 0) return milliseconds{0};
  return milliseconds{node_.environment.random.next_u32() % spread.count()};
}

// Each client is asked to come back at a moment of its own.
std::string LoopServer::goodbye() {
  if (reconnect_spread_.count() <= 0) return "shutting down";
  return fmt::format("shutting down; reconnect in {} ms", moment_within(reconnect_spread_).count());
}

void LoopServer::drain(milliseconds spread, milliseconds reconnect_spread) {
  draining_ = true;
  drain_spread_ = spread;
  reconnect_spread_ = reconnect_spread;
  connections_.for_each([this](Connection& connection, SlotId) {
    Session* const session = connection.protocol()->as_session();
    if (connection.finishing()) return;
    if (session) {
      if (session->leave_at(loop_.now() + moment_within(drain_spread_), goodbye())) ++told_;
    } else {
      connection.protocol()->on_stop();
    }
  });
}

std::size_t LoopServer::cut_off() {
  std::size_t cut = 0;
  connections_.for_each([&](Connection& connection, SlotId) {
    if (Session* const session = connection.protocol()->as_session()) {
      if (session->is_open() || session->is_closing()) ++cut;
      session->cut_off(CloseCause::Kind::shutdown_deadline);
    } else {
      connection.abort();
    }
  });
  on_turn_end();
  return cut;
}

void LoopServer::close_pool(const pools::Pool& pool) {
  connections_.for_each([&](Connection& connection, SlotId) {
    Session* const session = connection.protocol()->as_session();
    if (session && session->is_open() && &session->pool() == &pool)
      session->begin_close(CloseCause::Kind::pool_closed, 1013, "pool closed");
  });
}

// What comes from elsewhere.

void LoopServer::receive(std::unique_ptr<actor::Letter> letter) {
  Session* const to = session(letter->to());
  if (to && to->is_open()) {
    to->actor().receive(std::move(letter));
    return connections_.find(to->id())->settle_account();
  }
  counters_.dropped[static_cast<std::size_t>(DropCause::closed)].add();
}

void LoopServer::close(SlotId id, const CloseCause& cause) {
  Session* const to = session(id);
  if (!to) return;
  if (SessionActor* const actor = to->actor_if_any()) actor->send_straight();  // it came before
  to->begin_close(cause.kind, cause.code, cause.reason);
}

bool LoopServer::deliver(registry::Delivery& delivery) {
  const registry::Publication& publication = delivery.publication();
  if (!handing_out_) handing_out_.emplace(publication.type(), publication.payload());
  const std::size_t bytes = publication.payload().size();
  loop_.at_turn_end(*this);
  while (handed_out_bytes_ < handed_out_bytes_per_turn) {
    const auto member = delivery.next();
    fetch_ahead(delivery);
    if (!member) {
      handing_out_.reset();
      return true;
    }
    Session* const to = session(*member);
    if (!to) continue;
    const bool calls = static_cast<bool>(to->route().operations.on_server_message);
    handed_out_bytes_ += std::max(bytes, calls ? least_bytes_with_a_call : least_bytes_handed_out);
    to->actor().deliver(publication, *handing_out_);
  }
  return false;  // this one goes on before any other begins
}

// A thousand members lie all over the memory. While one is told, the connection of the sixteenth
// behind it is fetched, and the session of the eighth, whose connection is here by now.
void LoopServer::fetch_ahead(const registry::Delivery& delivery) {
  if (const auto far = delivery.coming(16)) connections_.fetch(*far);
  const auto near = delivery.coming(8);
  Connection* const connection = near ? connections_.find(*near) : nullptr;
  if (connection) prefetch(connection->protocol(), sizeof(Session));
}

/// Something for the actor of one session, on its way to the loop.
template <typename Tell>
class LoopServer::Return final : public net::InboxNode {
 public:
  Return(SlotId to, actor::Door& door, Tell tell) : to_(to), door_(door), tell_(std::move(tell)) {}
  static void post(const actor::Mailbox& to, Tell tell) {
    auto node = std::make_unique<Return>(to.session(), to.door(), std::move(tell));
    if (to.door().post(*node)) (void)node.release();  // it deletes itself
  }
  void run() override {
    const std::unique_ptr<Return> self(this);
    auto& server = static_cast<LoopServer&>(door_.receiver());
    Session* const session = server.session(to_);
    if (session && session->is_open()) tell_(session->actor());
  }
  void dropped() override { delete this; }

 private:
  const SlotId to_;
  actor::Door& door_;
  Tell tell_;
};

void LoopServer::name_answered(const actor::Mailbox& to, std::uint32_t claim,
                               const NameAnswer& answer) {
  auto tell = [claim, answer](SessionActor& actor) { actor.name_answered(claim, answer); };
  Return<decltype(tell)>::post(to, std::move(tell));
}

void LoopServer::work_returned(const actor::Mailbox& to, std::uint32_t suspension) {
  auto tell = [suspension](SessionActor& actor) { actor.work_returned(suspension); };
  Return<decltype(tell)>::post(to, tell);
}

void LoopServer::post_gate(SlotId id) {
  loop_.post([this, id] {
    Session* const opened = session(id);
    if (opened && opened->is_open()) opened->actor().gate_passed();
  });
}

void LoopServer::wait_for_worker(pools::Pool& pool, SlotId id) {
  auto& waiting = want_worker_[&pool];
  waiting.push_back(id);
  if (waiting.size() > 1) return;  // somebody asked already
  pool.workers().on_room([inbox = door_, this, &pool] {
    struct Told final : net::InboxNode {
      Told(LoopServer& of, pools::Pool& with_room) : server(of), pool(with_room) {}
      void run() override {
        const std::unique_ptr<Told> self(this);
        server.room_for_work(pool);
      }
      void dropped() override { delete this; }
      LoopServer& server;
      pools::Pool& pool;
    };
    auto told = std::make_unique<Told>(*this, pool);
    if (inbox->post(*told)) (void)told.release();
  });
}

// Whoever waits longest is the first; one that finds no room after all waits again, before those
// behind it.
void LoopServer::room_for_work(pools::Pool& pool) {
  auto& refused = want_worker_[&pool];
  auto waiting = std::exchange(refused, {});
  while (!waiting.empty() && refused.empty()) {
    const SlotId next = waiting.front();
    waiting.pop_front();
    if (Session* const one = session(next)) one->actor().room_for_work();
  }
  refused.insert(refused.end(), waiting.begin(), waiting.end());
}

registry::Scope& LoopServer::scope_of(const pools::Pool& pool) {
  if (pool.number() >= scopes_.size()) scopes_.resize(pool.number() + 1);
  auto& scope = scopes_[pool.number()];
  if (!scope) scope = &node_.registry->scope(pool.name());
  return *scope;
}

void LoopServer::settle_accounts_later() {
  if (!armed()) loop_.timers().arm(*this, loop_.now() + accounts_settle_after);
}

void LoopServer::on_timer(Time) {
  accounts_.settle();
}

// Callbacks.

void LoopServer::Running::begin_timing(const Session& session) {
  timed_ = &session.counters();
  began_ = server_.loop_.clock().stopwatch();
}

void LoopServer::Running::end_timing() {
  timed_->callbacks.add(server_.loop_.clock().stopwatch() - began_);
}

std::string LoopServer::take_buffer() {
  if (idle_buffers_.empty()) return {};
  std::string buffer = std::move(idle_buffers_.back());
  idle_buffers_.pop_back();
  return buffer;
}

void LoopServer::keep_buffer(std::string buffer) {
  if (idle_buffers_.size() == idle_buffer_count || buffer.capacity() > idle_buffer_bytes) return;
  if (idle_buffers_.empty()) idle_buffers_.reserve(idle_buffer_count);
  idle_buffers_.push_back(std::move(buffer));
}

// Connections.

void LoopServer::flush_later(Connection& connection) {
  connection.dirty_ = true;
  if (connection.listed_ || connection.reading_) return;
  connection.listed_ = true;
  connection.next_dirty_ = std::exchange(dirty_, &connection);
  loop_.at_turn_end(*this);
}

void LoopServer::continue_later(Connection& connection) {
  if (connection.again_) return;
  connection.again_ = true;
  connection.next_again_ = std::exchange(again_, &connection);
  loop_.again(*this);
}

void LoopServer::bury(Connection& connection) {
  buried_.push_back(connection.id());
  loop_.at_turn_end(*this);
}

void LoopServer::retire(std::unique_ptr<Protocol> protocol) {
  retired_.push_back(std::move(protocol));
  loop_.at_turn_end(*this);
}

std::unique_ptr<net::Outbox> LoopServer::take_outbox() {
  if (idle_outboxes_.empty()) return std::make_unique<net::Outbox>(loop_.chunks());
  auto outbox = std::move(idle_outboxes_.back());
  idle_outboxes_.pop_back();
  return outbox;
}

void LoopServer::keep_outbox(std::unique_ptr<net::Outbox> outbox) {
  outbox->clear();
  if (idle_outboxes_.size() < idle_outbox_count) idle_outboxes_.push_back(std::move(outbox));
}

// The writes of the turn; then those who died in it go, unless a worker still looks at them. Both
// may make more of either.
void LoopServer::on_turn_end() {
  retired_.clear();
  deflate_.trim();
  handed_out_bytes_ = 0;
  while (dirty_ || !buried_.empty()) {
    batch_ != nullptr ? flush_in_batches() : flush_all();
    if (buried_.empty()) return;
    const SlotId id = buried_.back();
    buried_.pop_back();
    Connection* const connection = connections_.find(id);
    if (!connection || !connection->may_be_buried()) continue;
    forget_again(*connection);
    connections_.remove(id);
    load_.store(connections_.size(), std::memory_order_relaxed);
  }
}

void LoopServer::flush_all() {
  while (Connection* const connection = dirty_) {
    dirty_ = connection->next_dirty_;
    if (dirty_) dirty_->fetch_stream();
    connection->listed_ = false;
    if (connection->dirty_) connection->flush();
  }
}

// Who has one piece to send takes part. The others are written to behind it, because what they do
// then must not touch bytes that the batch still refers to.
void LoopServer::flush_in_batches() {
  while (dirty_) {
    Connection* alone = nullptr;
    for (std::size_t seen = 0; dirty_ && seen < net::SendBatch::most; ++seen) {
      Connection* const connection = std::exchange(dirty_, dirty_->next_dirty_);
      if (dirty_) dirty_->fetch_stream();
      if (!connection->dirty_)
        connection->listed_ = false;
      else if (connection->flush_with(*batch_))
        in_batch_.push_back(connection);
      else
        connection->next_dirty_ = std::exchange(alone, connection);
    }
    batch_->send();
    for (std::size_t i = 0; i < in_batch_.size(); ++i) {
      list_again(*in_batch_[i]);
      in_batch_[i]->flushed_with(*batch_, i);
    }
    batch_->clear();
    in_batch_.clear();
    while (Connection* const connection = alone) {
      alone = connection->next_dirty_;
      if (alone) alone->fetch_stream();
      list_again(*connection);
      connection->write_outbox();
    }
  }
}

// Its outbox was filled, and is written now; if not all fitted into it, the next round goes on.
void LoopServer::list_again(Connection& connection) {
  connection.listed_ = false;
  if (connection.dirty_ && !connection.dead_) flush_later(connection);
}

void LoopServer::forget_again(Connection& connection) {
  if (!connection.again_) return;
  Connection** link = &again_;
  while (*link != &connection) link = &(*link)->next_again_;
  *link = connection.next_again_;
}

void LoopServer::on_again() {
  Connection* next = std::exchange(again_, nullptr);
  while (Connection* const connection = next) {
    next = connection->next_again_;
    connection->again_ = false;
    connection->continue_parked();
  }
}

}  // namespace orrery::server
