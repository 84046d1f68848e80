#include "registry/name_store_simulated.h"

#include <utility>

namespace orrery::registry {

using Order = SimulatedNetwork::Order;

namespace {
constexpr milliseconds answer_timeout{1000};
}

class SimulatedNameStore::Node final : public NameStore, public std::enable_shared_from_this<Node> {
 public:
  Node(SimulatedNameStore& store, std::string name)
      : store_(store),
        name_(std::move(name)),
        per_mille_(990 + static_cast<int>(store.network_.random(21))) {}

  void start(Function<void(std::uint64_t)> lease_lost) override {
    lease_lost_ = std::move(lease_lost);
    begin_life();
    beat();
  }

  void leave() override {
    if (number_ == 0) return;
    send([life = number_, name = name_](SimulatedNameStore& store) { store.end(name, life); });
    leased_ = false;
    number_ = 0;
  }

  void create(const PoolKey& key, ClaimId id, Function<void(const Created&)> done) override {
    if (!leased_) return done({Created::Kind::unavailable});
    ask<Created>(std::move(done), [key, claim = Claim{name_, number_, id}](auto& store) {
      return store.create(key, claim);
    });
  }
  void remove(const PoolKey& key, Revision revision, Function<void(Removed)> done) override {
    ask<Removed>(std::move(done),
                 [key, revision](auto& store) { return store.remove(key, revision); });
  }
  void read(const PoolKey& key, Function<void(const Found&)> done) override {
    ask<Found>(std::move(done), [key](auto& store) { return store.read(key); });
  }

  [[nodiscard]] std::optional<std::uint64_t> life() const override {
    return leased_ ? std::optional(number_) : std::nullopt;
  }
  [[nodiscard]] const std::string& node() const override { return name_; }
  [[nodiscard]] bool after(milliseconds delay, Function<void()> then) override {
    network().after(name_, by_own_clock(delay), std::move(then));
    return true;
  }

 private:
  [[nodiscard]] SimulatedNetwork& network() const { return store_.network_; }
  [[nodiscard]] milliseconds by_own_clock(milliseconds time) const {
    return time * per_mille_ / 1000;
  }

  void begin_life() { number_ = ++store_.lives_; }

  template <typename Do>
  void send(Do what) {
    network().send(name_, place, Order::any,
                   [&store = store_, what = std::move(what)]() mutable { what(store); });
  }

  /// `what` happens at the store; `done` hears of it, or of nothing.
  template <typename Answer, typename Done, typename Do>
  void ask(Done done, Do what) {
    const auto waiting = std::make_shared<Done>(std::move(done));
    const auto once = [waiting](const Answer& answer) {
      if (*waiting) std::exchange(*waiting, {})(answer);
    };
    network().after(name_, by_own_clock(answer_timeout), [once] { once(nothing<Answer>()); });
    send([name = name_, once, what = std::move(what)](SimulatedNameStore& store) mutable {
      store.network_.send(place, name, Order::any, [once, answer = what(store)] { once(answer); });
    });
  }
  template <typename Answer>
  [[nodiscard]] static Answer nothing() {
    if constexpr (std::is_same_v<Answer, Removed>)
      return Removed::unavailable;
    else
      return {Answer::Kind::unavailable};
  }

  /// The lease counts from when the beat was sent, not from when it was answered.
  void beat() {
    if (number_ == 0) return;
    const Time sent = network().now();
    send([life = number_, name = name_, weak = weak_from_this(), sent](SimulatedNameStore& store) {
      const bool renewed = store.renew(name, life);
      store.network_.send(place, name, Order::any, [weak, life, sent, renewed] {
        const auto self = weak.lock();
        if (self && renewed) self->renewed(life, sent);
      });
    });
    const auto pause = leased_ ? store_.times_.ttl / 6 : milliseconds(200);
    (void)after(pause, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->beat();
    });
  }

  void renewed(std::uint64_t life, Time sent) {
    if (life != number_) return;
    const Time until = sent + by_own_clock(store_.times_.ttl - store_.times_.margin);
    if (until <= network().now() || until <= until_) return;
    until_ = until;
    leased_ = true;
    network().after(name_, until - network().now(), [weak = weak_from_this(), until, life] {
      const auto self = weak.lock();
      if (self && self->until_ == until && self->number_ == life) self->fence();
    });
  }

  void fence() {
    if (!leased_) return;
    leased_ = false;
    const auto ended = number_;
    begin_life();
    lease_lost_(ended);
  }

  SimulatedNameStore& store_;
  const std::string name_;
  const int per_mille_;  // of a true second that this node's second takes
  Function<void(std::uint64_t)> lease_lost_;
  std::uint64_t number_ = 0;  // of this life; 0: none
  bool leased_ = false;
  Time until_{};
};

std::shared_ptr<NameStore> SimulatedNameStore::join(std::string node) {
  return std::make_shared<Node>(*this, std::move(node));
}

const SimulatedNameStore::Record* SimulatedNameStore::find(const PoolKey& key) const {
  const auto record = records_.find(key);
  if (record == records_.end()) return nullptr;
  const auto lease = leases_.find(record->second.claim.node);
  const bool lives = lease != leases_.end() && lease->second.life == record->second.claim.life &&
                     network_.now() < lease->second.until;
  return lives ? &record->second : nullptr;
}

Created SimulatedNameStore::create(const PoolKey& key, const Claim& claim) {
  if (const Record* there = find(key)) return {Created::Kind::taken, there->revision, there->claim};
  records_[key] = {claim, ++newest_};
  return {Created::Kind::created, newest_, claim};
}

Removed SimulatedNameStore::remove(const PoolKey& key, Revision revision) {
  const auto record = records_.find(key);
  if (record == records_.end() || record->second.revision != revision) return Removed::not_there;
  records_.erase(record);
  return Removed::removed;
}

Found SimulatedNameStore::read(const PoolKey& key) const {
  const Record* there = find(key);
  if (there == nullptr) return {Found::Kind::absent};
  return {Found::Kind::held, there->revision, there->claim};
}

bool SimulatedNameStore::renew(const std::string& node, std::uint64_t life) {
  Lease& lease = leases_[node];
  if (life < lease.life) return false;
  lease = {life, network_.now() + times_.ttl};
  return true;
}

// No beat of that life that is still on its way brings it back.
void SimulatedNameStore::end(const std::string& node, std::uint64_t life) {
  Lease& lease = leases_[node];
  if (life >= lease.life) lease = {life + 1, network_.now()};
}

}  // namespace orrery::registry
