// What every Bus promises: see bus.h. A new driver joins the list at the end.
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>

#include "registry/bus_local.h"
#include "registry/bus_simulated.h"

namespace orrery::registry {
namespace {

using Transcript = std::vector<std::string>;

/// A bus with nodes, of some driver.
class Buses {
 public:
  virtual ~Buses() = default;
  virtual std::shared_ptr<Bus> join(const std::string& node) = 0;
  /// Lets all that is on its way arrive.
  virtual void settle() = 0;
};

class LocalBuses final : public Buses {
 public:
  std::shared_ptr<Bus> join(const std::string& node) override { return hub_->join(node); }
  void settle() override {}

 private:
  std::shared_ptr<LocalBusHub> hub_ = LocalBusHub::make();
};

class SimulatedBuses final : public Buses {
 public:
  std::shared_ptr<Bus> join(const std::string& node) override { return hub_.join(node); }
  void settle() override { network_.advance(milliseconds(1000)); }

 private:
  SimulatedNetwork network_{13, {}};
  SimulatedBusHub hub_{network_};
};

/// A node that writes down what it hears.
struct Listening final : BusReceiver {
  void on_publication(std::string_view from, const PoolKey& group,
                      const BusMessage& message) override {
    heard.push_back(std::string(from) + " " + group.pool + "/" + group.name + " " +
                    std::string(message.payload.view()));
  }
  void on_request(std::string_view from, std::string_view request,
                  Function<void(std::string)> answer) override {
    heard.push_back(std::string(from) + "? " + std::string(request));
    if (when_asked) when_asked();
    answer("yes, " + std::string(request));
  }

  std::shared_ptr<Bus> bus{};
  Transcript heard{};
  std::function<void()> when_asked{};
};

struct Driver {
  const char* name;
  std::function<std::unique_ptr<Buses>()> make;
};

class BusContract : public testing::TestWithParam<Driver> {
 protected:
  void SetUp() override {
    buses_ = GetParam().make();
    for (const char* name : {"one", "two", "three"}) {
      auto& node = nodes_[name] = std::make_shared<Listening>();
      node->bus = buses_->join(name);
      node->bus->start(node);
    }
    buses_->settle();
  }
  Listening& node(const std::string& name) { return *nodes_[name]; }
  void publish(const std::string& from, std::string text) {
    node(from).bus->publish(tea, {MessageType::text, SharedBytes(std::move(text))});
  }
  std::string ask(const std::string& from, const std::string& to, std::string what) {
    int answers = 0;
    std::string said = "nothing";
    node(from).bus->request(to, std::move(what), [&](std::optional<std::string> answer) {
      ++answers;
      if (answer) said = *answer;
    });
    buses_->settle();
    EXPECT_EQ(answers, 1);
    return said;
  }

  const PoolKey tea{"gear:chat", "tea"};
  std::unique_ptr<Buses> buses_;
  std::map<std::string, std::shared_ptr<Listening>> nodes_;
};

TEST_P(BusContract, APublicationReachesTheOtherNodesThatTakeInterest) {
  for (const char* name : {"one", "two"}) node(name).bus->interest(tea, Interest::taken);
  buses_->settle();
  publish("one", "hot");
  buses_->settle();
  EXPECT_EQ(node("one").heard, Transcript{}) << "never the one that published it";
  EXPECT_EQ(node("two").heard, Transcript{"one gear:chat/tea hot"});
  EXPECT_EQ(node("three").heard, Transcript{});
}

TEST_P(BusContract, ThoseOfOneNodeArriveInOrder) {
  node("two").bus->interest(tea, Interest::taken);
  buses_->settle();
  Transcript expected;
  for (int i = 0; i < 200; ++i) {
    publish("one", std::to_string(i));
    expected.push_back("one gear:chat/tea " + std::to_string(i));
  }
  buses_->settle();
  EXPECT_EQ(node("two").heard, expected);
}

TEST_P(BusContract, InterestThatIsGivenUpIsOver) {
  node("two").bus->interest(tea, Interest::taken);
  buses_->settle();
  node("two").bus->interest(tea, Interest::given_up);
  publish("one", "hot");
  buses_->settle();
  EXPECT_EQ(node("two").heard, Transcript{});
}

TEST_P(BusContract, InterestIsCausal) {
  node("one").when_asked = [&] { publish("one", "hot"); };
  node("two").bus->interest(tea, Interest::taken);
  EXPECT_EQ(ask("two", "one", "publish"), "yes, publish");
  EXPECT_EQ(node("two").heard, Transcript{"one gear:chat/tea hot"});
}

TEST_P(BusContract, ARequestIsAnsweredOnceByItsReceiverOrWithNothing) {
  EXPECT_EQ(ask("one", "two", "are you there?"), "yes, are you there?");
  EXPECT_EQ(node("two").heard, Transcript{"one? are you there?"});
  EXPECT_EQ(ask("one", "nobody", "are you there?"), "nothing");
}

TEST_P(BusContract, WhoHasLeftHearsAndSaysNothing) {
  for (const char* name : {"one", "two"}) node(name).bus->interest(tea, Interest::taken);
  buses_->settle();
  node("two").bus->leave();
  buses_->settle();
  publish("one", "hot");
  publish("two", "cold");
  buses_->settle();
  EXPECT_EQ(node("one").heard, Transcript{});
  EXPECT_EQ(node("two").heard, Transcript{});
  EXPECT_EQ(ask("one", "two", "are you there?"), "nothing");
  EXPECT_EQ(node("one").bus->others(), Transcript{"three"});
}

TEST_P(BusContract, WhoIsGoneIsNotCalled) {
  node("two").bus->interest(tea, Interest::taken);
  buses_->settle();
  publish("one", "hot");
  nodes_.erase("two");
  publish("one", "hot");
  buses_->settle();
  nodes_.erase("three");
  EXPECT_EQ(ask("one", "three", "are you there?"), "nothing");
}

TEST_P(BusContract, ANodeKnowsWhetherItIsAlone) {
  EXPECT_FALSE(node("one").bus->alone());
  for (const char* name : {"two", "three"}) node(name).bus->leave();
  buses_->settle();
  EXPECT_TRUE(node("one").bus->alone());
  EXPECT_EQ(node("one").bus->node(), "one");
}

INSTANTIATE_TEST_SUITE_P(
    Drivers, BusContract,
    testing::Values(Driver{"local", [] { return std::make_unique<LocalBuses>(); }},
                    Driver{"simulated", [] { return std::make_unique<SimulatedBuses>(); }}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(SimulatedBus, ACutLosesWhatIsOnItsWayAndHealsByItself) {
  SimulatedNetwork network(3, {});
  SimulatedBusHub hub(network);
  const auto one = hub.join("one");
  const auto listening = std::make_shared<Listening>();
  const auto two = hub.join("two");
  one->start({});
  two->start(listening);
  const PoolKey tea{"pool", "tea"};
  const auto publish = [&](std::string text) {
    one->publish(tea, {MessageType::text, SharedBytes(std::move(text))});
  };
  network.cut("one", "two");
  two->interest(tea, Interest::taken);
  publish("lost");
  network.advance(milliseconds(1000));
  network.mend("two", "one");
  network.advance(milliseconds(1000));
  publish("heard");
  network.advance(milliseconds(1000));
  EXPECT_EQ(listening->heard, Transcript{"one pool/tea heard"});
}

}  // namespace
}  // namespace orrery::registry
