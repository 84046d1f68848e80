// What every NameStore promises: see name_store.h. A new driver joins the list at the end.
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <set>

#include "registry/name_store_local.h"
#include "registry/name_store_simulated.h"

namespace orrery::registry {
namespace {

/// A store with nodes, of some driver.
class Stores {
 public:
  virtual ~Stores() = default;
  virtual std::shared_ptr<NameStore> join(const std::string& node) = 0;
  /// Lets all that was asked be answered.
  virtual void settle() = 0;
  /// Lets the lease of a node run out, and it begin another life.
  virtual void expire(const std::string& node) = 0;
};

class LocalStores final : public Stores {
 public:
  std::shared_ptr<NameStore> join(const std::string& node) override { return hub_->join(node); }
  void settle() override {}
  void expire(const std::string& node) override { hub_->expire(node); }

 private:
  std::shared_ptr<LocalNameHub> hub_ = LocalNameHub::make();
};

class SimulatedStores final : public Stores {
 public:
  std::shared_ptr<NameStore> join(const std::string& node) override { return hub_.join(node); }
  void settle() override { network_.advance(milliseconds(2500)); }
  void expire(const std::string& node) override {
    network_.cut(node, SimulatedNameStore::place);
    network_.advance(milliseconds(30'000));
    network_.mend(node, SimulatedNameStore::place);
    settle();
  }

 private:
  SimulatedNetwork network_{7, {}};
  SimulatedNameStore hub_{network_};
};

struct Driver {
  const char* name;
  std::function<std::unique_ptr<Stores>()> make;
};

class NameStoreContract : public testing::TestWithParam<Driver> {
 protected:
  struct Node {
    std::shared_ptr<NameStore> store;
    std::vector<std::uint64_t> lost;
  };

  void SetUp() override {
    stores_ = GetParam().make();
    for (const char* name : {"one", "two"}) start(name);
    stores_->settle();
  }
  void start(const std::string& name) {
    Node& node = nodes_[name];
    node.store = stores_->join(name);
    node.store->start([&node](std::uint64_t life) {
      EXPECT_NE(node.store->life(), life) << "an ended life is not this one";
      node.lost.push_back(life);
    });
  }
  Created create(const std::string& node, ClaimId id, const std::string& key = "captain") {
    std::optional<Created> answer;
    nodes_[node].store->create({"pool", key}, id, [&](const Created& said) { answer = said; });
    stores_->settle();
    return answer.value();
  }
  Removed remove(const std::string& node, Revision revision) {
    std::optional<Removed> answer;
    nodes_[node].store->remove({"pool", "captain"}, revision, [&](Removed said) { answer = said; });
    stores_->settle();
    return answer.value();
  }
  Found read(const std::string& node) {
    std::optional<Found> answer;
    nodes_[node].store->read({"pool", "captain"}, [&](const Found& said) { answer = said; });
    stores_->settle();
    return answer.value();
  }

  std::unique_ptr<Stores> stores_;
  std::map<std::string, Node> nodes_;
};

TEST_P(NameStoreContract, OneCreatesAllOthersAreToldWhoDid) {
  const Created first = create("one", {1, 1});
  EXPECT_EQ(first.kind, Created::Kind::created);
  EXPECT_EQ(first.holder, (Claim{"one", nodes_["one"].store->life().value(), {1, 1}}));
  const Created second = create("two", {2, 2});
  EXPECT_EQ(second.kind, Created::Kind::taken);
  EXPECT_EQ(second.holder, first.holder);
  EXPECT_EQ(second.revision, first.revision);
  EXPECT_EQ(create("two", {2, 2}, "cook").kind, Created::Kind::created);
}

TEST_P(NameStoreContract, OfManyAtOnceOneWins) {
  int winners = 0;
  int answers = 0;
  for (std::uint64_t i = 0; i < 40; ++i)
    nodes_[i % 2 ? "one" : "two"].store->create({"pool", "captain"}, {i, i},
                                                [&](const Created& said) {
                                                  ++answers;
                                                  winners += said.kind == Created::Kind::created;
                                                });
  stores_->settle();
  EXPECT_EQ(answers, 40);
  EXPECT_EQ(winners, 1);
}

TEST_P(NameStoreContract, WhoAsksAgainKnowsItselfByItsId) {
  const Created first = create("one", {1, 1});
  const Created again = create("one", {1, 1});
  EXPECT_EQ(again.kind, Created::Kind::taken);
  EXPECT_EQ(again.holder, first.holder);
  EXPECT_EQ(again.revision, first.revision);
}

TEST_P(NameStoreContract, RemovesOneRevisionAndNoOtherOne) {
  const Created first = create("one", {1, 1});
  EXPECT_EQ(remove("one", first.revision + 1), Removed::not_there);
  EXPECT_EQ(remove("one", first.revision), Removed::removed);
  EXPECT_EQ(remove("one", first.revision), Removed::not_there);
  const Created second = create("two", {2, 2});
  EXPECT_EQ(second.kind, Created::Kind::created);
  EXPECT_EQ(remove("one", first.revision), Removed::not_there);
  EXPECT_EQ(read("one").holder.id, (ClaimId{2, 2}));
}

TEST_P(NameStoreContract, ReadTellsTheNewest) {
  EXPECT_EQ(read("two").kind, Found::Kind::absent);
  const Created created = create("one", {1, 1});
  const Found found = read("two");
  EXPECT_EQ(found.kind, Found::Kind::held);
  EXPECT_EQ(found.revision, created.revision);
  EXPECT_EQ(found.holder, created.holder);
  (void)remove("one", created.revision);
  EXPECT_EQ(read("two").kind, Found::Kind::absent);
}

TEST_P(NameStoreContract, ALifeThatEndsFreesItsNamesAndTheNodeIsTold) {
  const auto life = nodes_["one"].store->life();
  (void)create("one", {1, 1});
  stores_->expire("one");
  EXPECT_EQ(nodes_["one"].lost, std::vector<std::uint64_t>{life.value()});
  EXPECT_GT(nodes_["one"].store->life().value(), life.value());
  EXPECT_EQ(read("two").kind, Found::Kind::absent);
  EXPECT_EQ(create("two", {2, 2}).kind, Created::Kind::created);
  EXPECT_TRUE(nodes_["two"].lost.empty());
}

TEST_P(NameStoreContract, WhoLeavesFreesItsNamesAndGetsNoMore) {
  (void)create("one", {1, 1});
  nodes_["one"].store->leave();
  EXPECT_EQ(nodes_["one"].store->life(), std::nullopt);
  EXPECT_EQ(create("one", {1, 2}).kind, Created::Kind::unavailable);
  EXPECT_EQ(create("two", {2, 2}).kind, Created::Kind::created);
  EXPECT_TRUE(nodes_["one"].lost.empty()) << "it knows";
}

TEST_P(NameStoreContract, ANodeThatStartsAgainFreesWhatItHeldBefore) {
  (void)create("one", {1, 1});
  start("one");
  stores_->settle();
  EXPECT_EQ(read("two").kind, Found::Kind::absent);
  EXPECT_EQ(create("one", {3, 3}).kind, Created::Kind::created);
}

INSTANTIATE_TEST_SUITE_P(
    Drivers, NameStoreContract,
    testing::Values(Driver{"local", [] { return std::make_unique<LocalStores>(); }},
                    Driver{"simulated", [] { return std::make_unique<SimulatedStores>(); }}),
    [](const auto& row) { return std::string(row.param.name); });

// What only a network can show.
TEST(SimulatedNameStore, WhoIsCutOffGivesUpBeforeAnybodyElseGetsItsNames) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    SimulatedNetwork network(seed, {});
    SimulatedNameStore store(network);
    const auto one = store.join("one");
    const auto two = store.join("two");
    bool lost = false;
    one->start([&](std::uint64_t) { lost = true; });
    two->start([](std::uint64_t) {});
    network.advance(milliseconds(1000));
    one->create({"pool", "captain"}, {1, 1}, [](const Created&) {});
    network.advance(milliseconds(5000));
    network.cut("one", SimulatedNameStore::place);
    const Time cut = network.now();
    bool won = false;
    const std::function<void()> ask = [&] {
      two->create({"pool", "captain"}, {2, 2}, [&](const Created& answer) {
        won = answer.kind == Created::Kind::created;
        EXPECT_TRUE(lost || !won);
      });
      if (!won) (void)two->after(milliseconds(100), ask);
    };
    ask();
    while (!won && network.now() - cut < milliseconds(60'000)) (void)network.step();
    EXPECT_TRUE(won);
    EXPECT_LE(network.now() - cut, milliseconds(21'000)) << "freed within TTL + 1 s";
  }
}

}  // namespace
}  // namespace orrery::registry
