#include "registry/name_store_local.h"

#include <utility>

namespace orrery::registry {

class LocalNameHub::Node final : public NameStore, public std::enable_shared_from_this<Node> {
 public:
  Node(std::shared_ptr<LocalNameHub> hub, std::string name)
      : hub_(std::move(hub)), name_(std::move(name)) {}
  ~Node() override { end(); }

  void start(Function<void(std::uint64_t)> lease_lost) override {
    lease_lost_ = std::move(lease_lost);
    const std::lock_guard lock(hub_->mutex_);
    hub_->nodes_[name_] = weak_from_this();
    life_ = hub_->lives_[name_] = ++hub_->newest_;
  }
  void leave() override { end(); }

  void create(const PoolKey& key, ClaimId id, Function<void(const Created&)> done) override {
    done(create(key, id));
  }
  void remove(const PoolKey& key, Revision revision, Function<void(Removed)> done) override {
    done(remove(key, revision));
  }
  void read(const PoolKey& key, Function<void(const Found&)> done) override { done(read(key)); }

  [[nodiscard]] std::optional<std::uint64_t> life() const override {
    const std::lock_guard lock(hub_->mutex_);
    return life_;
  }
  [[nodiscard]] const std::string& node() const override { return name_; }
  [[nodiscard]] bool after(milliseconds, Function<void()>) override { return false; }

  /// The node is told while its names are still its own.
  void expire() {
    std::optional<std::uint64_t> ended;
    {
      const std::lock_guard lock(hub_->mutex_);
      ended = std::exchange(life_, std::nullopt);
    }
    if (!ended) return;
    lease_lost_(*ended);
    const std::lock_guard lock(hub_->mutex_);
    life_ = hub_->lives_[name_] = ++hub_->newest_;
  }

 private:
  [[nodiscard]] Created create(const PoolKey& key, ClaimId id) {
    const std::lock_guard lock(hub_->mutex_);
    if (!life_) return {Created::Kind::unavailable};
    if (const Record* there = hub_->find(key))
      return {Created::Kind::taken, there->revision, there->claim};
    const Record record{{name_, *life_, id}, ++hub_->newest_};
    hub_->records_[key] = record;
    return {Created::Kind::created, record.revision, record.claim};
  }

  [[nodiscard]] Removed remove(const PoolKey& key, Revision revision) {
    const std::lock_guard lock(hub_->mutex_);
    if (!life_) return Removed::unavailable;
    const Record* there = hub_->find(key);
    if (there == nullptr || there->revision != revision) return Removed::not_there;
    hub_->records_.erase(key);
    return Removed::removed;
  }

  [[nodiscard]] Found read(const PoolKey& key) const {
    const std::lock_guard lock(hub_->mutex_);
    if (!life_) return {Found::Kind::unavailable};
    const Record* there = hub_->find(key);
    if (there == nullptr) return {Found::Kind::absent};
    return {Found::Kind::held, there->revision, there->claim};
  }

  void end() {
    const std::lock_guard lock(hub_->mutex_);
    const auto ended = std::exchange(life_, std::nullopt);
    const auto newest = hub_->lives_.find(name_);
    if (!ended || newest == hub_->lives_.end() || newest->second != *ended) return;
    hub_->lives_.erase(newest);
    hub_->nodes_.erase(name_);
    std::erase_if(hub_->records_, [&](const auto& of) { return !hub_->lives(of.second.claim); });
  }

  const std::shared_ptr<LocalNameHub> hub_;
  const std::string name_;
  Function<void(std::uint64_t)> lease_lost_;
  std::optional<std::uint64_t> life_;  // guarded by the hub
};

std::shared_ptr<NameStore> LocalNameHub::join(std::string node) {
  return std::make_shared<Node>(shared_from_this(), std::move(node));
}

void LocalNameHub::expire(const std::string& node) {
  std::shared_ptr<Node> found;
  {
    const std::lock_guard lock(mutex_);
    const auto at = nodes_.find(node);
    if (at != nodes_.end()) found = at->second.lock();
  }
  if (found) found->expire();
}

const LocalNameHub::Record* LocalNameHub::find(const PoolKey& key) const {
  const auto found = records_.find(key);
  if (found == records_.end() || !lives(found->second.claim)) return nullptr;
  return &found->second;
}

bool LocalNameHub::lives(const Claim& claim) const {
  const auto life = lives_.find(claim.node);
  return life != lives_.end() && life->second == claim.life;
}

}  // namespace orrery::registry
