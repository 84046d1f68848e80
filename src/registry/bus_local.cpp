#include "registry/bus_local.h"

#include <array>
#include <boost/unordered/unordered_flat_set.hpp>
#include <mutex>
#include <utility>

namespace orrery::registry {
namespace {

struct KeyHash {
  std::size_t operator()(const PoolKey& key) const {
    return TextHash{}(key.pool) * 31 + TextHash{}(key.name);
  }
};

}  // namespace

class LocalBusHub::Node final : public Bus, public std::enable_shared_from_this<Node> {
 public:
  Node(std::shared_ptr<LocalBusHub> hub, std::string name)
      : hub_(std::move(hub)), name_(std::move(name)) {}
  ~Node() override { hub_->remove(*this); }

  void start(std::weak_ptr<BusReceiver> receiver) override {
    receiver_ = std::move(receiver);
    hub_->add(*this);
  }
  void leave() override { hub_->remove(*this); }

  void publish(const PoolKey& group, const BusMessage& message) override {
    for (const auto& other : hub_->all_but(*this)) {
      const auto receiver = other->wants(group) ? other->receiver_.lock() : nullptr;
      if (receiver) receiver->on_publication(name_, group, message);
    }
  }

  void request(std::string_view node, std::string request, Answered answered) override {
    for (const auto& other : hub_->all_but(*this)) {
      if (other->name_ != node) continue;
      if (const auto receiver = other->receiver_.lock())
        return receiver->on_request(name_, request, std::move(answered));
    }
    answered(std::nullopt);
  }

  void interest(const PoolKey& group, Interest interest) override {
    Shard& shard = shard_of(group);
    const std::lock_guard lock(shard.mutex);
    if (interest == Interest::taken)
      shard.groups.insert(group);
    else
      shard.groups.erase(group);
  }

  [[nodiscard]] const std::string& node() const override { return name_; }
  [[nodiscard]] std::vector<std::string> others() const override {
    std::vector<std::string> names;
    for (const auto& other : hub_->all_but(*this)) names.push_back(other->name_);
    return names;
  }
  [[nodiscard]] bool alone() const override {
    return hub_->size_.load(std::memory_order_acquire) <= 1;
  }
  [[nodiscard]] std::uint64_t lost() const override { return 0; }

 private:
  struct Shard {
    std::mutex mutex{};
    boost::unordered_flat_set<PoolKey, KeyHash> groups{};
  };

  [[nodiscard]] Shard& shard_of(const PoolKey& group) {
    return shards_[KeyHash{}(group) % shards_.size()];
  }
  [[nodiscard]] bool wants(const PoolKey& group) {
    Shard& shard = shard_of(group);
    const std::lock_guard lock(shard.mutex);
    return shard.groups.contains(group);
  }

  const std::shared_ptr<LocalBusHub> hub_;
  const std::string name_;
  std::weak_ptr<BusReceiver> receiver_;  // set before the hub knows the node
  std::array<Shard, 16> shards_;
};

std::shared_ptr<Bus> LocalBusHub::join(std::string node) {
  return std::make_shared<Node>(shared_from_this(), std::move(node));
}

void LocalBusHub::add(Node& node) {
  const std::lock_guard lock(mutex_);
  nodes_.emplace_back(&node, node.weak_from_this());
  size_.store(nodes_.size(), std::memory_order_release);
}

void LocalBusHub::remove(const Node& node) {
  const std::lock_guard lock(mutex_);
  std::erase_if(nodes_, [&](const auto& known) { return known.first == &node; });
  size_.store(nodes_.size(), std::memory_order_release);
}

// Nobody who has left publishes, asks or is asked any more.
std::vector<std::shared_ptr<LocalBusHub::Node>> LocalBusHub::all_but(const Node& node) const {
  std::vector<std::shared_ptr<Node>> others;  // outlives the lock: the last one of a bus removes it
  const std::shared_lock lock(mutex_);
  bool there = false;
  for (const auto& [known, bus] : nodes_) {
    if (known == &node)
      there = true;
    else if (auto other = bus.lock())
      others.push_back(std::move(other));
  }
  return there ? others : std::vector<std::shared_ptr<Node>>{};
}

}  // namespace orrery::registry
