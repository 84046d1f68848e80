#include <gtest/gtest.h>

#include "registry/registry_fixture.h"

namespace orrery::registry {
namespace {

TEST(Group, WhatIsPublishedReachesMembersOnAllLoopsAndNobodyElse) {
  World world(3);
  Person& alice = world.person("alice", 0);
  Person& bob = world.person("bob", 2);
  Person& carol = world.person("carol", 1);
  world.pool.join("tea", alice.address());
  world.pool.join("tea", bob.address());
  world.pool.join("coffee", carol.address());
  EXPECT_EQ(world.says("tea", "hot"), 2u);
  EXPECT_EQ(alice.heard, Transcript{}) << "nothing is delivered before publish() returns";
  world.turn();
  EXPECT_EQ(alice.heard, Transcript{"tea: hot"});
  EXPECT_EQ(bob.heard, Transcript{"tea: hot"});
  EXPECT_EQ(carol.heard, Transcript{});
  EXPECT_EQ(world.loops[1]->deliveries, 0u) << "a loop without members gets no hand-over";
}

TEST(Group, PoolsDoNotSeeEachOthersGroups) {
  World world;
  Person& alice = world.person("alice");
  world.pool.join("tea", alice.address());
  Scope& other = world.registry->scope("tenant:acme");
  EXPECT_EQ(other.publish("tea", MessageType::text, SharedBytes("x")), 0u);
  EXPECT_EQ(&world.registry->scope("tenant:acme"), &other);
}

TEST(Group, OneHandOverPerLoopHoweverManyMembers) {
  World world(2);
  for (int i = 0; i < 100; ++i) world.pool.join("tea", world.person("guest", 1).address());
  EXPECT_EQ(world.says("tea", "hot"), 100u);
  world.turn();
  EXPECT_EQ(world.loops[1]->deliveries, 1u);
}

TEST(Group, JoiningTwiceIsJoiningOnce) {
  World world;
  Person& alice = world.person("alice");
  world.pool.join("tea", alice.address(), "first");
  world.pool.join("tea", alice.address(), "second");
  EXPECT_EQ(world.says("tea", "hot"), 1u);
  world.turn();
  EXPECT_EQ(alice.heard, Transcript{"tea: hot"});
  EXPECT_EQ(world.pool.members("tea").value.at(0).metadata, "first");
  world.pool.leave("tea", alice.address());
  world.pool.leave("tea", alice.address());
  EXPECT_EQ(world.pool.count("tea").value, 0u);
}

TEST(Group, TheExceptedOneHearsNothing) {
  World world(2);
  Person& alice = world.person("alice", 0);
  Person& bob = world.person("bob", 1);  // the same slot, on another loop
  for (Person* who : {&alice, &bob}) world.pool.join("tea", who->address());
  world.says("tea", "hot", alice.address());
  world.turn();
  EXPECT_EQ(alice.heard, Transcript{});
  EXPECT_EQ(bob.heard, Transcript{"tea: hot"});
}

TEST(Group, WhoHasLeftHearsNothingOfWhatWasStillOnItsWay) {
  World world;
  Person& alice = world.person("alice");
  world.pool.join("tea", alice.address());
  world.says("tea", "hot");
  world.pool.leave("tea", alice.address());
  world.turn();
  EXPECT_EQ(alice.heard, Transcript{});
}

TEST(Group, AFanOutOfManyTurnsReachesThoseWhoWereThereAtItsStartAndStillAre) {
  World world;
  std::vector<Person*> guests;
  for (int i = 0; i < 10; ++i) guests.push_back(&world.person("guest"));
  for (Person* guest : guests) world.pool.join("tea", guest->address());
  world.loops[0]->members_per_turn = 4;
  world.says("tea", "one");
  world.says("tea", "two");
  const auto who_heard = [&](const Transcript& what) {
    std::vector<int> numbers;
    for (int i = 0; i < 10; ++i)
      if (guests[static_cast<std::size_t>(i)]->heard == what) numbers.push_back(i);
    return numbers;
  };
  world.loops[0]->inbox->drain(1000);
  EXPECT_EQ(who_heard({"tea: one"}), (std::vector{0, 1, 2, 3}));
  EXPECT_EQ(who_heard({}), (std::vector{4, 5, 6, 7, 8, 9}));
  world.pool.leave("tea", guests[5]->address());
  world.pool.leave("tea", guests[9]->address());
  world.pool.join("tea", guests[9]->address());  // again: that is behind the first message's start
  world.loops[0]->inbox->drain(1000);
  EXPECT_EQ(who_heard({"tea: one"}), (std::vector{0, 1, 2, 3, 4, 6, 7, 8}));
  world.turn();
  EXPECT_EQ(who_heard({"tea: one", "tea: two"}), (std::vector{0, 1, 2, 3, 4, 6, 7, 8}));
  EXPECT_EQ(who_heard({"tea: two"}), std::vector{9});
  EXPECT_EQ(who_heard({}), std::vector{5});
}

TEST(Group, AFanOutThatTheLoopsEndCutsShortFreesWhatItHeld) {
  World world;
  for (int i = 0; i < 10; ++i) world.pool.join("tea", world.person("guest").address());
  world.loops[0]->members_per_turn = 4;
  world.says("tea", "hot");
  world.loops[0]->inbox->drain(1000);
  EXPECT_GT(world.registry->bytes_under_way(0), 0u);
  world.loops[0]->inbox->close();
  EXPECT_EQ(world.registry->bytes_under_way(0), 0u);
}

TEST(Group, WhoLeavesDuringAFanOutHearsNothingWhoJoinsHearsTheNext) {
  World world;
  Person& alice = world.person("alice");
  Person& bob = world.person("bob");
  Person& carol = world.person("carol");
  world.pool.join("tea", alice.address());
  world.pool.join("tea", bob.address());
  alice.when_told = [&] {
    world.pool.leave("tea", bob.address());
    world.pool.join("tea", carol.address());
  };
  world.says("tea", "one");
  world.turn();
  world.says("tea", "two");
  world.turn();
  EXPECT_EQ(alice.heard, (Transcript{"tea: one", "tea: two"}));
  EXPECT_EQ(bob.heard, Transcript{});
  EXPECT_EQ(carol.heard, Transcript{"tea: two"});
}

TEST(Group, MessagesOfOnePublisherKeepTheirOrder) {
  World world;
  Person& alice = world.person("alice");
  const auto tea = world.pool.join("tea", alice.address());
  Transcript expected;
  for (int i = 0; i < 50; ++i) {
    const std::string text = std::to_string(i);
    if (i % 2)
      world.says("tea", text);
    else
      (void)world.pool.publish(*tea, MessageType::text, SharedBytes(text));
    expected.push_back("tea: " + text);
  }
  world.turn();
  EXPECT_EQ(alice.heard, expected);
}

TEST(Group, WithoutMembersWatchersAndHistoryItIsForgotten) {
  World world;
  Person& alice = world.person("alice");
  Person& bob = world.person("bob");
  const auto tea = world.pool.join("tea", alice.address());
  EXPECT_TRUE(world.pool.track("tea", bob.address()).size() == 1);
  world.pool.keep_history("tea", {});
  world.pool.leave("tea", alice.address());
  EXPECT_EQ(world.pool.groups(), 1u);
  world.pool.untrack("tea", bob.address());
  EXPECT_EQ(world.pool.groups(), 1u);
  world.pool.keep_history("tea", {.messages = 0});
  EXPECT_EQ(world.pool.groups(), 0u);
  EXPECT_TRUE(tea->retired());
}

TEST(Group, AHandleThatWasKeptTooLongStillFindsTheMembers) {
  World world;
  Person& alice = world.person("alice");
  const auto old = world.pool.join("tea", alice.address());
  world.pool.leave(*old, alice.address());
  world.pool.join("tea", alice.address());
  EXPECT_EQ(world.pool.publish(*old, MessageType::text, SharedBytes("hot")), 1u);
}

TEST(Group, ALoopWithTooMuchUnderWayIsSparedAndTheLossCounted) {
  World world(2, {.loop_bytes = 1000});
  Person& slow = world.person("slow", 0);
  Person& quick = world.person("quick", 1);
  for (Person* who : {&slow, &quick}) world.pool.join("tea", who->address());
  EXPECT_EQ(world.says("tea", std::string(5000, 'x')), 2u) << "one always fits an idle loop";
  world.loops[1]->turn();
  world.says("tea", "hot");
  world.turn();
  EXPECT_EQ(quick.heard.size(), 2u);
  EXPECT_EQ(slow.heard.size(), 1u);
  EXPECT_EQ(world.registry->lost_to_full_loops(), 1u);
  EXPECT_EQ(world.registry->bytes_under_way(0), 0u);
}

TEST(Group, WhenTheLoopsAreGonePublishingReachesNobody) {
  World world;
  Person& alice = world.person("alice");
  world.pool.join("tea", alice.address());
  world.pool.keep_history("tea", {});
  const Sender sender(world.registry, world.pool);
  world.says("tea", "on its way");
  world.registry->stop();
  world.loops.clear();
  EXPECT_EQ(sender.publish("tea", "late"), 0u);
  EXPECT_EQ(sender.count("tea").value, 1u);
}

TEST(GroupHistory, WhoComesBackHearsEachMessageOnce) {
  World world;
  Person& alice = world.person("alice");
  world.pool.keep_history("tea", {});
  world.says("tea", "one");
  world.says("tea", "two");
  const auto first = world.pool.join_since("tea", alice.address(), {});
  EXPECT_EQ(first.recovery.kind, Recovery::Kind::complete);
  ASSERT_EQ(first.recovery.missed.size(), 2u);
  EXPECT_EQ(first.recovery.missed[1].payload, "two");
  world.says("tea", "three");
  world.pool.leave("tea", alice.address());
  Position since = first.recovery.now;
  const auto second = world.pool.join_since("tea", alice.address(), since);
  ASSERT_EQ(second.recovery.missed.size(), 1u);
  world.turn();
  EXPECT_EQ(alice.heard, Transcript{}) << "three was in the answer, although it was under way";
  world.says("tea", "four");
  world.turn();
  EXPECT_EQ(alice.heard, Transcript{"tea: four"});
  EXPECT_EQ(alice.positions.at(0), (Position{since.epoch, 4}));
}

TEST(GroupHistory, BegunAnewItHasAnotherEpochAndDeliversAllTheSame) {
  World world;
  Person& alice = world.person("alice");
  world.pool.keep_history("tea", {});
  for (int i = 0; i < 9; ++i) world.says("tea", "old");
  const auto joined = world.pool.join_since("tea", alice.address(), {});
  world.pool.keep_history("tea", {.messages = 0});
  world.pool.keep_history("tea", {});
  world.says("tea", "new");
  world.turn();
  EXPECT_EQ(alice.heard, Transcript{"tea: new"});
  EXPECT_EQ(alice.positions.at(0).offset, 1u);
  const auto again = world.pool.join_since("tea", alice.address(), joined.recovery.now);
  EXPECT_EQ(again.recovery.kind, Recovery::Kind::gap);
}

TEST(GroupHistory, WithoutAHistoryThereIsAlwaysAGap) {
  World world;
  const auto joined = world.pool.join_since("tea", world.person("alice").address(), {});
  EXPECT_EQ(joined.recovery.kind, Recovery::Kind::gap);
  EXPECT_EQ(joined.recovery.now, Position{});
}

TEST(Presence, ASnapshotThenWhoeverComesAndGoesOnceEach) {
  World world(2);
  Person& alice = world.person("alice", 0);
  Person& bob = world.person("bob", 1);
  Person& carol = world.person("carol", 1);
  world.pool.join("tea", bob.address(), "Bob");
  const auto there = world.pool.track("tea", alice.address());
  ASSERT_EQ(there.size(), 1u);
  EXPECT_EQ(there[0].metadata, "Bob");
  EXPECT_EQ(there[0].address, bob.address());
  world.pool.join("tea", carol.address(), "Carol");
  world.pool.join("tea", carol.address(), "Carol again");
  world.pool.leave("tea", bob.address());
  world.turn();
  EXPECT_EQ(alice.heard, (Transcript{"tea + Carol", "tea - Bob"}));
}

TEST(Presence, NobodyIsToldOfTheirOwnComingAndGoing) {
  World world;
  Person& alice = world.person("alice");
  EXPECT_TRUE(world.pool.track("tea", alice.address()).empty());
  world.pool.join("tea", alice.address(), "Alice");
  world.pool.leave("tea", alice.address());
  world.turn();
  EXPECT_EQ(alice.heard, Transcript{});
}

TEST(Presence, WhoWatchesNoMoreHearsNoMoreAndWhoIsGoneIsForgotten) {
  World world;
  Person& alice = world.person("alice");
  Person& bob = world.person("bob");
  Person& carol = world.person("carol");
  for (Person* who : {&alice, &bob}) (void)world.pool.track("tea", who->address());
  world.pool.untrack("tea", alice.address());
  bob.mailbox->end();
  world.pool.join("tea", carol.address(), "Carol");
  world.pool.leave("tea", carol.address());
  world.turn();
  EXPECT_EQ(alice.heard, Transcript{});
  EXPECT_EQ(world.pool.groups(), 0u) << "the last one who watched is gone";
}

TEST(Presence, WhatFindsNoRoomIsCounted) {
  World world;
  Person& alice = world.person("alice", 0, {.count = 1});
  (void)world.pool.track("tea", alice.address());
  for (int i = 0; i < 3; ++i) world.pool.join("tea", world.person("guest").address(), "Guest");
  world.turn();
  EXPECT_EQ(alice.heard, Transcript{"tea + Guest"});
  EXPECT_EQ(alice.mailbox->take_refused(), 2u);
}

TEST(Presence, LongMetadataIsCutAtACharacter) {
  World world(1, {.metadata_bytes = 6});
  world.pool.join("tea", world.person("alice").address(), "abcde\u00e9");  // é has two bytes
  world.pool.join("tea", world.person("bob").address(), "abcdef");
  const auto members = world.pool.members("tea").value;
  EXPECT_EQ(members.at(0).metadata, "abcde");
  EXPECT_EQ(members.at(1).metadata, "abcdef");
}

TEST(Sender, SpeaksToNamesAndGroupsAndOutlivesTheServer) {
  Sender sender;
  EXPECT_EQ(sender.publish("tea", "x"), 0u);
  EXPECT_EQ(sender.send_to_name("alice", "x"), NamePosted::no_such_name);
  auto world = std::make_unique<World>();
  Person& alice = world->person("alice");
  sender = Sender(world->registry, world->pool);
  world->pool.join("tea", alice.address(), "Alice");
  claim(world->pool, alice, "alice");
  EXPECT_EQ(sender.publish("tea", "hot"), 1u);
  EXPECT_EQ(sender.send_to_name("alice", "hello"), NamePosted::queued);
  EXPECT_EQ(sender.find("alice"), alice.address());
  EXPECT_EQ(sender.members("tea").value.size(), 1u);
  EXPECT_TRUE(sender.count("tea").complete);
  world->turn();
  EXPECT_EQ(alice.heard, (Transcript{"alice: registered", "tea: hot", "hello"}));
  world->registry->stop();
  world.reset();
  EXPECT_EQ(sender.publish("tea", "late"), 0u);
  EXPECT_EQ(sender.send_to_name("alice", "late"), NamePosted::no_such_name);
  EXPECT_EQ(sender.find("alice"), std::nullopt);
}

}  // namespace
}  // namespace orrery::registry
