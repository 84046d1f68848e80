#include "registry/names.h"

#include <gtest/gtest.h>

#include "registry/bus_local.h"
#include "registry/name_store_local.h"
#include "registry/registry_fixture.h"

namespace orrery::registry {
namespace {

TEST(Names, TheFirstClaimWins) {
  World world;
  Person& alice = world.person("alice");
  Person& bob = world.person("bob");
  claim(world.pool, alice, "captain");
  claim(world.pool, bob, "captain");
  EXPECT_EQ(alice.heard, Transcript{"captain: registered"});
  EXPECT_EQ(bob.heard, Transcript{"captain: taken on local"});
  EXPECT_EQ(world.pool.names().find("captain"), alice.address());
}

TEST(Names, ClaimedAgainByItsHolderItIsStillRegistered) {
  World world;
  Person& alice = world.person("alice");
  for (int i = 0; i < 2; ++i) claim(world.pool, alice, "captain");
  claim(world.pool, alice, "captain", Conflict::replace);
  EXPECT_EQ(alice.heard, Transcript(3, "captain: registered"));
  EXPECT_EQ(world.pool.names().release("captain", alice.address()), NameReleased::released);
  EXPECT_EQ(world.pool.names().size(), 0u);
}

TEST(Names, PoolsHaveNamesOfTheirOwn) {
  World world;
  Person& alice = world.person("alice");
  Person& bob = world.person("bob");
  claim(world.pool, alice, "captain");
  claim(world.registry->scope("tenant:acme"), bob, "captain");
  EXPECT_EQ(bob.heard, Transcript{"captain: registered"});
}

TEST(Names, OnlyItsHolderReleasesAName) {
  World world;
  Person& alice = world.person("alice");
  Person& bob = world.person("bob");
  claim(world.pool, alice, "captain");
  EXPECT_EQ(world.pool.names().release("captain", bob.address()), NameReleased::not_held);
  EXPECT_EQ(world.pool.names().release("nobody", bob.address()), NameReleased::not_held);
  EXPECT_EQ(world.pool.names().release("captain", alice.address()), NameReleased::released);
  EXPECT_EQ(world.pool.names().find("captain"), std::nullopt);
  claim(world.pool, bob, "captain");
  EXPECT_EQ(bob.heard, Transcript{"captain: registered"});
}

TEST(Names, WhoEndsGivesBackAllItHolds) {
  World world;
  Person& alice = world.person("alice");
  Person& bob = world.person("bob");
  for (const char* name : {"a", "b", "c"}) claim(world.pool, alice, name);
  claim(world.pool, bob, "d");
  alice.mailbox->end();
  EXPECT_EQ(world.pool.names().find("a"), std::nullopt);
  world.pool.names().release_all(alice.address());
  EXPECT_EQ(world.pool.names().size(), 1u);
  EXPECT_EQ(world.pool.names().find("d"), bob.address());
}

TEST(Names, WhoHasEndedGetsNone) {
  World world;
  Person& alice = world.person("alice");
  alice.mailbox->end();
  world.pool.names().release_all(alice.address());
  claim(world.pool, alice, "captain");
  EXPECT_EQ(alice.heard, Transcript{"captain: unavailable"});
  EXPECT_EQ(world.pool.names().size(), 0u);
}

TEST(Names, AReplacedHolderIsToldBeforeTheNextOneIs) {
  World world;
  Person& alice = world.person("alice");
  Person& bob = world.person("bob");
  claim(world.pool, alice, "captain");
  world.pool.names().claim("captain", bob.address(), Conflict::replace,
                           [&](const NameAnswer& answer) {
                             EXPECT_TRUE(answer);
                             world.turn();
                             EXPECT_EQ(alice.heard.back(), "lost captain");
                           });
  EXPECT_EQ(world.pool.names().find("captain"), bob.address());
  EXPECT_EQ(world.pool.names().release("captain", alice.address()), NameReleased::not_held);
  world.pool.names().release_all(alice.address());
  EXPECT_EQ(world.pool.names().find("captain"), bob.address());
}

TEST(Names, AHolderWithoutRoomToBeToldIsClosed) {
  World world;
  Person& alice = world.person("alice", 0, {.count = 0});
  Person& bob = world.person("bob");
  claim(world.pool, alice, "captain");
  claim(world.pool, bob, "captain", Conflict::replace);
  world.turn();
  EXPECT_EQ(alice.heard, (Transcript{"captain: registered", "close 4000 name taken over"}));
}

TEST(Names, WhatIsSentToANameReachesItsHolder) {
  World world;
  Person& alice = world.person("alice", 0, {.count = 1});
  claim(world.pool, alice, "captain");
  const actor::TextLetter letter{MessageType::text, SharedBytes("ahoy")};
  Names& names = world.pool.names();
  EXPECT_EQ(names.send_now("captain", letter), NamePosted::queued);
  EXPECT_EQ(names.send_now("captain", letter), NamePosted::full);
  EXPECT_EQ(names.send_now("cook", letter), NamePosted::no_such_name);
  world.turn();
  alice.mailbox->end();
  EXPECT_EQ(names.send_now("captain", letter), NamePosted::no_such_name);
  EXPECT_EQ(alice.heard, (Transcript{"captain: registered", "ahoy"}));
}

/// Two nodes of one process at the local hubs.
struct Fleet {
  struct Ship {
    Ship(Fleet& fleet, const std::string& node)
        : registry(Registry::make(
              {fleet.clock, fleet.random, fleet.names->join(node), fleet.bus->join(node), {}})),
          pool(registry->scope("gear:chat")) {
      registry->add_loop(loop.door, loop);
    }
    FakeLoop loop{0};
    std::shared_ptr<Registry> registry;
    Scope& pool;
  };

  ManualClock clock;
  SeededRandom random{5};
  std::shared_ptr<LocalNameHub> names = LocalNameHub::make();
  std::shared_ptr<LocalBusHub> bus = LocalBusHub::make();
  Ship one{*this, "one"};
  Ship two{*this, "two"};
};

TEST(Names, OfTwoNodesOneHoldsAName) {
  Fleet fleet;
  Person& alice = fleet.one.loop.person("alice");
  Person& bob = fleet.two.loop.person("bob");
  claim(fleet.one.pool, alice, "captain");
  claim(fleet.two.pool, bob, "captain");
  EXPECT_EQ(bob.heard, Transcript{"captain: taken on one"});
  fleet.one.pool.names().release_all(alice.address());
  claim(fleet.two.pool, bob, "captain");
  EXPECT_EQ(bob.heard.back(), "captain: registered");
}

TEST(Names, AHolderOnAnotherNodeIsReplacedToo) {
  Fleet fleet;
  Person& alice = fleet.one.loop.person("alice");
  Person& bob = fleet.two.loop.person("bob");
  claim(fleet.one.pool, alice, "captain");
  claim(fleet.two.pool, bob, "captain", Conflict::replace);
  fleet.one.loop.turn();
  EXPECT_EQ(alice.heard.back(), "lost captain");
  EXPECT_EQ(bob.heard, Transcript{"captain: registered"});
  EXPECT_EQ(fleet.one.pool.names().size(), 0u);
}

TEST(Names, AMessageFindsAHolderOnAnotherNode) {
  Fleet fleet;
  Person& alice = fleet.one.loop.person("alice");
  claim(fleet.one.pool, alice, "captain");
  const Sender from_two(fleet.two.registry, fleet.two.pool);
  EXPECT_EQ(from_two.send_to_name("captain", "ahoy"), NamePosted::queued);
  EXPECT_EQ(from_two.send_to_name("cook", "ahoy"), NamePosted::no_such_name);
  EXPECT_EQ(from_two.find("captain"), std::nullopt);
  fleet.one.loop.turn();
  EXPECT_EQ(alice.heard.back(), "ahoy");
}

TEST(Names, APublicationReachesMembersOfAnotherNode) {
  Fleet fleet;
  Person& alice = fleet.one.loop.person("alice");
  Person& bob = fleet.two.loop.person("bob");
  fleet.one.pool.join("tea", alice.address());
  fleet.two.pool.join("tea", bob.address());
  EXPECT_EQ(fleet.one.pool.publish("tea", MessageType::text, SharedBytes("hot")), 1u);
  for (FakeLoop* loop : {&fleet.one.loop, &fleet.two.loop}) loop->turn();
  EXPECT_EQ(alice.heard, Transcript{"tea: hot"});
  EXPECT_EQ(bob.heard, Transcript{"tea: hot"});
  EXPECT_FALSE(fleet.one.pool.count("tea").complete);
}

TEST(Names, WhoseLeaseRanOutIsTold) {
  Fleet fleet;
  Person& alice = fleet.one.loop.person("alice");
  claim(fleet.one.pool, alice, "captain");
  fleet.names->expire("one");
  fleet.one.loop.turn();
  EXPECT_EQ(alice.heard.back(), "lost captain");
  EXPECT_EQ(fleet.one.pool.names().find("captain"), std::nullopt);
  claim(fleet.one.pool, alice, "captain");
  EXPECT_EQ(alice.heard.back(), "captain: registered");
}

TEST(Names, AStoppedNodeLeavesItsNamesAndAnswersUnavailable) {
  Fleet fleet;
  Person& alice = fleet.one.loop.person("alice");
  Person& bob = fleet.two.loop.person("bob");
  claim(fleet.one.pool, alice, "captain");
  fleet.one.registry->stop();
  claim(fleet.one.pool, alice, "cook");
  EXPECT_EQ(alice.heard.back(), "cook: unavailable");
  claim(fleet.two.pool, bob, "captain");
  EXPECT_EQ(bob.heard, Transcript{"captain: registered"});
}

}  // namespace
}  // namespace orrery::registry
