#include "registry/groups.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

namespace orrery::registry {
namespace {

std::set<std::uint32_t> slots_in(const Groups& groups, std::string_view group) {
  std::set<std::uint32_t> slots;
  for (const SlotId member : groups.members(group)) slots.insert(member.slot);
  return slots;
}

TEST(Groups, AMemberIsInItsGroupUntilItLeaves) {
  Groups groups;
  groups.join("tea", {1, 0});
  groups.join("tea", {2, 0});
  groups.join("coffee", {1, 0});
  EXPECT_EQ(slots_in(groups, "tea"), (std::set<std::uint32_t>{1, 2}));
  groups.leave("tea", {1, 0});
  EXPECT_EQ(slots_in(groups, "tea"), (std::set<std::uint32_t>{2}));
  EXPECT_EQ(slots_in(groups, "coffee"), (std::set<std::uint32_t>{1}));
  EXPECT_EQ(groups.memberships(), 2u);
}

TEST(Groups, JoiningTwiceIsJoiningOnce) {
  Groups groups;
  groups.join("tea", {1, 0});
  groups.join("tea", {1, 0});
  EXPECT_EQ(groups.members("tea").size(), 1u);
  groups.leave("tea", {1, 0});
  EXPECT_TRUE(groups.members("tea").empty());
  EXPECT_EQ(groups.memberships(), 0u);
}

TEST(Groups, LeavingWhatOneNeverJoinedChangesNothing) {
  Groups groups;
  groups.leave("tea", {1, 0});
  groups.join("tea", {2, 0});
  groups.leave("tea", {1, 0});
  EXPECT_EQ(slots_in(groups, "tea"), (std::set<std::uint32_t>{2}));
}

TEST(Groups, BehaveAsASetOfPairsWouldWhateverTheOrder) {
  std::mt19937 random(7);
  Groups groups;
  std::set<std::pair<std::string, std::uint32_t>> model;
  for (int step = 0; step < 20'000; ++step) {
    const std::string group(1, static_cast<char>('a' + random() % 5));
    const std::uint32_t slot = random() % 40;
    if (random() % 2) {
      groups.join(group, {slot, 0});
      model.insert({group, slot});
    } else {
      groups.leave(group, {slot, 0});
      model.erase({group, slot});
    }
    ASSERT_EQ(groups.memberships(), model.size());
    std::set<std::uint32_t> expected;
    for (const auto& [name, member] : model)
      if (name == group) expected.insert(member);
    ASSERT_EQ(slots_in(groups, group), expected);
  }
}

}  // namespace
}  // namespace orrery::registry
