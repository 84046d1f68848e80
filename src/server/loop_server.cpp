#include "server/loop_server.h"

#include "server/http_protocol.h"
#include "server/session.h"

namespace orrery::server {

namespace {

constexpr std::size_t idle_outbox_count = 256;

}  // namespace

LoopServer::~LoopServer() {
  cut_off();
}

void LoopServer::accept(std::unique_ptr<net::Stream> stream) {
  counters_.connections_accepted.add();
  const auto [connection, id] = connections_.add(*this, std::move(stream));
  load_.store(connections_.size(), std::memory_order_relaxed);
  connection->open(id, std::make_unique<HttpProtocol>(*connection));
}

void LoopServer::stop() {
  stopping_ = true;
  connections_.for_each([](Connection& connection, SlotId) {
    if (!connection.finishing()) connection.protocol()->on_stop();
  });
}

void LoopServer::cut_off() {
  connections_.for_each([](Connection& connection, SlotId) {
    if (auto* session = dynamic_cast<Session*>(connection.protocol()))
      session->cut_off(CloseCause::Kind::shutdown_deadline);
    else
      connection.abort();
  });
  on_turn_end();
}

// One message to another loop's members.
struct LoopServer::Delivery final : net::InboxNode {
  Delivery(LoopServer& to, std::string_view to_group, MessageType of_type, SharedBytes bytes)
      : server(to), group(to_group), type(of_type), payload(std::move(bytes)) {}
  [[nodiscard]] std::size_t bytes() const {
    return sizeof *this + group.capacity() + payload.size();
  }
  void run() override {
    server.deliveries_bytes_ -= bytes();
    server.deliver(group, type, payload, nullptr);
    delete this;
  }
  void dropped() override { delete this; }

  LoopServer& server;
  const std::string group;
  const MessageType type;
  const SharedBytes payload;
};

void LoopServer::publish(std::string_view group, MessageType type, std::string_view payload,
                         const Session* except) {
  const SharedBytes shared{std::string(payload)};
  for (const auto& other : node_.loops)
    if (other.get() != this && other->groups().memberships() > 0)
      hand_over(std::make_unique<Delivery>(*other, group, type, shared));
  deliver(group, type, shared, except);
}

void LoopServer::hand_over(std::unique_ptr<Delivery> delivery) {
  std::atomic<std::size_t>& under_way = delivery->server.deliveries_bytes_;
  const std::size_t bytes = delivery->bytes();
  if (under_way.fetch_add(bytes) + bytes <= deliveries_limit_bytes) {
    net::Loop& there = delivery->server.loop();
    return there.post(*delivery.release());  // it deletes itself
  }
  under_way -= bytes;
  counters_.dropped[static_cast<std::size_t>(CloseCause::Kind::slow_consumer)].add();
}

void LoopServer::deliver(std::string_view group, MessageType type, const SharedBytes& payload,
                         const Session* except) {
  Broadcast broadcast(type, payload);
  for (const SlotId member : groups_.members(group)) {
    Connection* const connection = connections_.find(member);
    auto* const session = static_cast<Session*>(connection->protocol());
    if (session != except) session->deliver_broadcast(broadcast);
  }
}

void LoopServer::flush_later(Connection& connection) {
  if (connection.dirty_) return;
  connection.dirty_ = true;
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

// The writes of the turn; then those who died in it go. Both may make more of either.
void LoopServer::on_turn_end() {
  retired_.clear();
  deflate_.trim();
  while (dirty_ || !buried_.empty()) {
    while (Connection* const connection = dirty_) {
      dirty_ = connection->next_dirty_;
      connection->dirty_ = false;
      connection->flush();
    }
    if (buried_.empty()) return;
    const SlotId id = buried_.back();
    buried_.pop_back();
    forget_again(*connections_.find(id));
    connections_.remove(id);
    load_.store(connections_.size(), std::memory_order_relaxed);
  }
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
