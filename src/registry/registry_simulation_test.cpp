// Whole registries on simulated drivers: any weather, cuts, crashes and ends of leases, by seed.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>

#include "registry/bus_simulated.h"
#include "registry/name_store_simulated.h"
#include "registry/registry_fixture.h"

namespace orrery::registry {
namespace {

const std::string nodes[] = {"north", "east", "west"};
const std::string names[] = {"captain", "cook", "pilot"};

class Storm {
 public:
  explicit Storm(std::uint64_t seed) : random_(seed), network_(seed, rough) {
    for (const std::string& name : nodes) boot(name);
    network_.advance(milliseconds(1000));
  }

  void blow(int steps) {
    for (int i = 0; i < steps && !testing::Test::HasFailure(); ++i) {
      act();
      for (std::uint64_t more = network_.random(6); more > 0; --more) (void)network_.step();
      check();
    }
  }

  /// When all is well again, every name can be had, or somebody holds it who knows.
  void calm_down() {
    network_.set_weather({});
    for (const std::string& name : nodes) {
      if (!ships_.contains(name)) boot(name);
      network_.mend(name, SimulatedNameStore::place);
      for (const std::string& other : nodes)
        if (other != name) network_.mend(name, other);
    }
    network_.advance(milliseconds(200'000));
    check();
    EXPECT_EQ(under_way(), 0) << "claims that were never answered";
    for (const std::string& name : names) {
      Crew& stranger = sign_on(*ships_.at("north"));
      claim_as(*ships_.at("north"), stranger, name, Conflict::refuse);
      network_.advance(milliseconds(10'000));
      const bool held_by_another = !holders_[name].empty() && !holders_[name].contains(&stranger);
      const bool got_it = holders_[name].contains(&stranger);
      EXPECT_TRUE(held_by_another || got_it) << name << " is held by nobody who knows of it";
    }
    check();
  }

 private:
  static constexpr Weather rough{milliseconds(1), milliseconds(60), 50, 30, milliseconds(4000)};

  struct Crew {
    Person* person;
    std::size_t read = 0;                 // of what it heard
    std::map<std::string, int> newest{};  // of each publisher's numbers
    int claims = 0;
  };
  struct Ship {
    std::string name;
    FakeLoop loop{0};
    std::shared_ptr<Registry> registry{};
    Scope* pool = nullptr;
    std::deque<Crew> crew{};
    int published = 0;
  };

  void boot(const std::string& name) {
    network_.restart(name);
    auto ship = std::make_unique<Ship>();
    ship->name = name + std::to_string(++boots_);
    ship->registry =
        Registry::make({network_.clock(), random_, store_.join(name), bus_.join(name), {}});
    ship->registry->add_loop(ship->loop.door, ship->loop);
    ship->pool = &ship->registry->scope("gear:chat");
    Ship& aboard = *ship;
    ships_[name] = std::move(ship);
    for (int i = 0; i < 3; ++i) sign_on(aboard);
  }

  Crew& sign_on(Ship& ship) {
    ship.crew.push_back({&ship.loop.person("sailor")});
    ship.pool->join("deck", ship.crew.back().person->address());
    return ship.crew.back();
  }

  void claim_as(Ship& ship, Crew& who, const std::string& name, Conflict conflict) {
    ++who.claims;
    ship.pool->names().claim(name, who.person->address(), conflict,
                             [this, &who, name](const NameAnswer& answer) {
                               --who.claims;
                               listen();
                               if (answer) holders_[name].insert(&who);
                               EXPECT_LE(holders_[name].size(), 1u) << name;
                             });
  }

  void act() {
    const std::string& node = nodes[network_.random(3)];
    const auto found = ships_.find(node);
    if (found == ships_.end()) {
      if (network_.random(8) == 0) boot(node);
      return;
    }
    Ship& ship = *found->second;
    Crew& who = ship.crew[network_.random(ship.crew.size())];
    const std::string& name = names[network_.random(3)];
    switch (network_.random(40)) {
      case 0: network_.cut(node, SimulatedNameStore::place); break;
      case 1: network_.mend(node, SimulatedNameStore::place); break;
      case 2: network_.cut(node, nodes[network_.random(3)]); break;
      case 3: network_.mend(node, nodes[network_.random(3)]); break;
      case 4: network_.advance(milliseconds(network_.random(6) == 0 ? 25'000 : 500)); break;
      case 5:
        if (network_.random(5) == 0) crash(node);
        break;
      case 6:
      case 7: end(ship, who); break;
      case 8:
      case 9:
      case 10:
      case 11: release(ship, who, name); break;
      case 12:
      case 13:
      case 14: say(ship); break;
      case 15:
      case 16:
      case 17:
      case 18: claim_as(ship, who, name, Conflict::replace); break;
      default: claim_as(ship, who, name, Conflict::refuse);
    }
  }

  void crash(const std::string& node) {
    for (auto& [name, holders] : holders_)
      for (Crew& who : ships_[node]->crew) holders.erase(&who);
    network_.crash(node);
    ships_.erase(node);
  }

  void end(Ship& ship, Crew& who) {
    if (!who.person->mailbox->alive()) return;
    for (auto& [name, holders] : holders_) holders.erase(&who);
    who.person->mailbox->end();
    ship.pool->leave("deck", who.person->address());
    ship.pool->names().release_all(who.person->address());
    sign_on(ship);
  }

  void release(Ship& ship, Crew& who, const std::string& name) {
    holders_[name].erase(&who);
    (void)ship.pool->names().release(name, who.person->address());
  }

  void say(Ship& ship) {
    (void)ship.pool->publish("deck", MessageType::text,
                             SharedBytes(ship.name + " " + std::to_string(++ship.published)));
  }

  /// Everybody reads what came: a name that is lost, and messages, whose order is checked.
  void listen() {
    for (auto& [node, ship] : ships_) {
      ship->loop.turn();
      for (Crew& who : ship->crew)
        for (; who.read < who.person->heard.size(); ++who.read) hear(who);
    }
  }
  void hear(Crew& who) {
    const std::string& line = who.person->heard[who.read];
    if (line.starts_with("lost ")) {
      holders_[line.substr(5)].erase(&who);
    } else if (line.starts_with("deck: ")) {
      const auto space = line.rfind(' ');
      int& newest = who.newest[line.substr(6, space - 6)];
      const int number = std::stoi(line.substr(space));
      EXPECT_GT(number, newest) << "twice, or out of order";
      newest = number;
    }
  }

  void check() {
    listen();
    for (const std::string& name : names) EXPECT_LE(holders_[name].size(), 1u) << name;
  }

  [[nodiscard]] int under_way() const {
    int sum = 0;
    for (const auto& [node, ship] : ships_)
      for (const Crew& who : ship->crew) sum += who.claims;
    return sum;
  }

  SeededRandom random_;
  SimulatedNetwork network_;
  SimulatedBusHub bus_{network_};
  SimulatedNameStore store_{network_};
  std::map<std::string, std::unique_ptr<Ship>> ships_;
  std::map<std::string, std::set<Crew*>> holders_;  // who was told so, and not yet otherwise
  int boots_ = 0;
};

TEST(RegistrySimulation, InNoWeatherDoTwoHoldOneName) {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Storm storm(seed);
    storm.blow(1200);
    storm.calm_down();
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace orrery::registry
