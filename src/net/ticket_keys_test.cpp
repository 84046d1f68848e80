#include "net/ticket_keys.h"

#include <gtest/gtest.h>

namespace orrery::net {
namespace {

using namespace std::chrono_literals;

class TicketKeysTest : public testing::Test {
 protected:
  /// "seals", "only opens" or "unknown".
  std::string said_of(const TicketKeys::Key& key) {
    const auto found = keys.find(key.name.data());
    if (!found) return "unknown";
    EXPECT_EQ(found->key.cipher, key.cipher);
    EXPECT_EQ(found->key.mac, key.mac);
    return found->age == TicketKeys::Age::seals ? "seals" : "only opens";
  }

  ManualClock clock;
  TicketKeys keys{clock};
};

TEST_F(TicketKeysTest, AKeySealsForAWhileAndThenOnlyOpens) {
  const auto first = *keys.newest();
  clock.advance(11h);
  EXPECT_EQ(keys.newest()->name, first.name);
  EXPECT_EQ(said_of(first), "seals");
  clock.advance(1h);
  EXPECT_EQ(said_of(first), "only opens");
  EXPECT_EQ(said_of(first), "only opens") << "asked again";
  const auto second = *keys.newest();
  EXPECT_NE(second.name, first.name);
  EXPECT_NE(second.cipher, first.cipher);
  EXPECT_NE(second.mac, first.mac);
  EXPECT_EQ(said_of(second), "seals");
  EXPECT_EQ(said_of(first), "only opens");
}

TEST_F(TicketKeysTest, AKeyIsGoneAfterTwiceAsLong) {
  const auto first = *keys.newest();
  clock.advance(20h);
  const auto second = *keys.newest();
  clock.advance(4h);
  EXPECT_EQ(said_of(first), "unknown");
  EXPECT_EQ(said_of(second), "seals");
  clock.advance(100h);
  EXPECT_EQ(said_of(second), "unknown");
}

TEST_F(TicketKeysTest, WhatNobodyMadeIsUnknown) {
  TicketKeys::Key other;
  EXPECT_EQ(said_of(other), "unknown");
  (void)keys.newest();
  EXPECT_EQ(said_of(other), "unknown");
}

}  // namespace
}  // namespace orrery::net
