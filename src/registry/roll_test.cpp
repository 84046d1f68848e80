#include "registry/roll.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

namespace orrery::registry {
namespace {

using Guests = Roll<int, std::string>;

std::vector<int> keys_of(Guests& guests) {
  std::vector<int> keys;
  guests.for_each([&](int key, const std::string&) { keys.push_back(key); });
  return keys;
}

TEST(Roll, WhoIsOnItTwiceIsOnItOnceWithTheFirstValue) {
  Guests guests;
  EXPECT_NE(guests.add(7, "first"), nullptr);
  EXPECT_EQ(guests.add(7, "second"), nullptr);
  EXPECT_EQ(*guests.find(7), "first");
  EXPECT_EQ(guests.size(), 1u);
}

TEST(Roll, WhoIsStruckOffWhileItIsReadIsNotReadOut) {
  Guests guests;
  for (int key = 0; key < 20; ++key) guests.add(key, "");
  std::vector<int> read;
  guests.for_each([&](int key, const std::string&) {
    read.push_back(key);
    guests.remove(key);
    guests.remove(key + 1);
  });
  EXPECT_EQ(read, (std::vector<int>{0, 2, 4, 6, 8, 10, 12, 14, 16, 18}));
  EXPECT_TRUE(guests.empty());
}

TEST(Roll, WhoComesWhileItIsReadIsReadNextTime) {
  Guests guests;
  guests.add(1, "");
  guests.for_each([&](int, const std::string&) {
    guests.remove(1);
    for (int key = 0; key < 30; ++key) guests.add(key, "");
  });
  EXPECT_EQ(keys_of(guests).size(), 30u);
}

TEST(Roll, BehavesAsATableWouldWhateverTheOrder) {
  std::mt19937 random(3);
  Guests guests;
  std::map<int, std::string> model;
  for (int step = 0; step < 30'000; ++step) {
    const int key = static_cast<int>(random() % 24);
    const auto change = [&] {
      if (random() % 2) {
        guests.add(key, std::to_string(step));
        model.emplace(key, std::to_string(step));
      } else {
        EXPECT_EQ(guests.remove(key), model.erase(key) == 1);
      }
    };
    if (random() % 8 == 0)
      guests.for_each([&](int, const std::string&) { change(); });
    else
      change();
    ASSERT_EQ(guests.size(), model.size());
    std::map<int, std::string> found;
    guests.for_each([&](int at, const std::string& value) { found[at] = value; });
    ASSERT_EQ(found, model);
    for (int at = 0; at < 24; ++at) ASSERT_EQ(guests.find(at) != nullptr, model.contains(at));
  }
}

}  // namespace
}  // namespace orrery::registry
