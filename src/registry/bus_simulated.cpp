#include "registry/bus_simulated.h"

#include <utility>

namespace orrery::registry {

using Order = SimulatedNetwork::Order;

namespace {
constexpr milliseconds request_timeout{500};
}

class SimulatedBusHub::Node final : public Bus, public std::enable_shared_from_this<Node> {
 public:
  Node(SimulatedBusHub& hub, std::string name) : hub_(hub), name_(std::move(name)) {}

  void start(std::weak_ptr<BusReceiver> receiver) override {
    receiver_ = std::move(receiver);
    started_ = true;
    for (const auto& other : others()) {
      hub_.introduce(name_, other);
      hub_.introduce(other, name_);
    }
  }
  void leave() override { started_ = false; }

  void publish(const PoolKey& group, const BusMessage& message) override {
    if (!started_) return;
    for (const auto& [other, groups] : seen_) {
      if (!groups.contains(group)) continue;
      to(other, Order::kept, [from = name_, group, message](Node& there) {
        const auto receiver = there.receiver_.lock();
        if (receiver && there.wanted_.contains(group))
          receiver->on_publication(from, group, message);
      });
    }
  }

  void request(std::string_view node, std::string request, Answered answered) override {
    const auto number = ++requests_;
    asked_.emplace(number, std::move(answered));
    network().after(name_, request_timeout, [weak = weak_from_this(), number] {
      if (const auto self = weak.lock()) self->answer(number, std::nullopt);
    });
    if (!started_) return;
    to(std::string(node), Order::kept,
       [from = name_, request = std::move(request), number](Node& there) {
         const auto receiver = there.receiver_.lock();
         if (!receiver) return;
         auto answer = [weak = there.weak_from_this(), from, number](std::string bytes) {
           if (const auto self = weak.lock()) self->reply(from, number, std::move(bytes));
         };
         receiver->on_request(from, request, std::move(answer));
       });
  }

  void interest(const PoolKey& group, Interest interest) override {
    if (interest == Interest::taken)
      wanted_.insert(group);
    else
      wanted_.erase(group);
    for (const auto& other : others()) tell_wanted(other);
  }

  /// On the same way as all else that the other one hears from here: that makes it causal.
  void tell_wanted(const std::string& other) {
    if (!started_) return;
    network().send_surely(name_, other, [&hub = hub_, from = name_, other, wanted = wanted_] {
      const auto found = hub.nodes_.find(other);
      const auto there = found == hub.nodes_.end() ? nullptr : found->second.lock();
      if (there) there->seen_[from] = wanted;
    });
  }

  [[nodiscard]] const std::string& node() const override { return name_; }
  [[nodiscard]] std::vector<std::string> others() const override {
    std::vector<std::string> names;
    for (const auto& [name, node] : hub_.nodes_) {
      const auto there = node.lock();
      if (there && there.get() != this && there->started_) names.push_back(name);
    }
    return names;
  }
  [[nodiscard]] bool alone() const override { return others().empty(); }
  [[nodiscard]] std::uint64_t lost() const override { return 0; }

 private:
  [[nodiscard]] SimulatedNetwork& network() const { return hub_.network_; }

  template <typename Then>
  void to(const std::string& other, Order order, Then then) {
    network().send(name_, other, order, [&hub = hub_, other, then = std::move(then)]() mutable {
      const auto found = hub.nodes_.find(other);
      const auto there = found == hub.nodes_.end() ? nullptr : found->second.lock();
      if (there && there->started_) then(*there);
    });
  }

  void reply(const std::string& asker, std::uint64_t number, std::string bytes) {
    to(asker, Order::kept, [number, bytes = std::move(bytes)](Node& there) mutable {
      there.answer(number, std::move(bytes));
    });
  }

  void answer(std::uint64_t number, std::optional<std::string> bytes) {
    auto asked = asked_.extract(number);
    if (!asked.empty()) asked.mapped()(std::move(bytes));
  }

  SimulatedBusHub& hub_;
  const std::string name_;
  std::weak_ptr<BusReceiver> receiver_;
  bool started_ = false;
  std::set<PoolKey> wanted_;
  std::map<std::string, std::set<PoolKey>> seen_;  // what others want, as far as this one knows
  std::map<std::uint64_t, Answered> asked_;
  std::uint64_t requests_ = 0;
};

SimulatedBusHub::SimulatedBusHub(SimulatedNetwork& network) : network_(network) {
  network.on_mended([this](const std::string& one, const std::string& other) {
    introduce(one, other);
    introduce(other, one);
  });
}

std::shared_ptr<Bus> SimulatedBusHub::join(std::string node) {
  auto bus = std::make_shared<Node>(*this, node);
  nodes_[std::move(node)] = bus;
  return bus;
}

void SimulatedBusHub::introduce(const std::string& one, const std::string& other) {
  const auto found = nodes_.find(one);
  const auto node = found == nodes_.end() ? nullptr : found->second.lock();
  if (node) node->tell_wanted(other);
}

}  // namespace orrery::registry
