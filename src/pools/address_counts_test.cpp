#include "pools/address_counts.h"

#include <gtest/gtest.h>

#include <random>
#include <utility>
#include <vector>

#include "pools/storm.h"

namespace orrery::pools {
namespace {

RemoteAddress v4(unsigned char last) {
  const unsigned char bytes[] = {192, 0, 2, last};
  return RemoteAddress::ipv4(bytes);
}

TEST(AddressCounts, AsManySessionsOfAnAddressAsTheLimitSays) {
  AddressCounts counts;
  auto first = counts.try_enter(v4(1), 2);
  const auto second = counts.try_enter(v4(1), 2);
  EXPECT_TRUE(first && second);
  EXPECT_FALSE(counts.try_enter(v4(1), 2));
  EXPECT_TRUE(counts.try_enter(v4(2), 2)) << "another address";
  EXPECT_EQ(counts.sessions_of(v4(1)), 2u);
  first->release();
  first->release();
  EXPECT_EQ(counts.sessions_of(v4(1)), 1u);
  EXPECT_TRUE(counts.try_enter(v4(1), 2));
}

TEST(AddressCounts, WithoutALimitNothingIsCounted) {
  AddressCounts counts;
  std::vector<AddressTicket> tickets;
  for (int i = 0; i < 100; ++i) tickets.push_back(*counts.try_enter(v4(1), 0));
  EXPECT_FALSE(tickets.front());
  EXPECT_EQ(counts.addresses(), 0u);
}

TEST(AddressCounts, AnAddressWithoutSessionsIsForgotten) {
  AddressCounts counts;
  {
    const auto one = counts.try_enter(v4(1), 5);
    const auto same = counts.try_enter(v4(1), 5);
    const auto other = counts.try_enter(v4(2), 5);
    EXPECT_EQ(counts.addresses(), 2u);
  }
  EXPECT_EQ(counts.addresses(), 0u);
  EXPECT_EQ(counts.sessions_of(v4(1)), 0u);
}

TEST(AddressCounts, ARefusalCountsNothing) {
  AddressCounts counts;
  const auto in = counts.try_enter(v4(1), 1);
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(counts.try_enter(v4(1), 1));
  EXPECT_EQ(counts.sessions_of(v4(1)), 1u);
}

TEST(AddressCounts, ALimitMayDifferFromRouteToRoute) {
  AddressCounts counts;
  const auto first = counts.try_enter(v4(1), 1);
  EXPECT_FALSE(counts.try_enter(v4(1), 1));
  const auto elsewhere = counts.try_enter(v4(1), 2);
  EXPECT_TRUE(elsewhere);
  EXPECT_FALSE(counts.try_enter(v4(1), 2));
}

TEST(AddressCounts, ATicketIsOnePointerInSizeAndMayMove) {
  EXPECT_EQ(sizeof(AddressTicket), sizeof(void*));
  AddressCounts counts;
  AddressTicket kept;
  {
    auto given = counts.try_enter(v4(1), 1);
    kept = std::move(*given);
  }
  EXPECT_EQ(counts.sessions_of(v4(1)), 1u);
}

TEST(RemoteAddress, Ipv4IsNotMistakenForIpv6) {
  const unsigned char six[16] = {192, 0, 2, 1};
  EXPECT_NE(v4(1), RemoteAddress::ipv6(six));
  const unsigned char mapped[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1};
  EXPECT_EQ(v4(1), RemoteAddress::ipv6(mapped));
}

TEST(AddressCountsInAStorm, NeverOneMoreThanTheLimitAndNothingRemains) {
  AddressCounts counts;
  Watermark inside(3);
  storm(8, [&](std::size_t) {
    for (int i = 0; i < 5'000; ++i) {
      const auto ticket = counts.try_enter(v4(9), 3);
      if (!ticket) continue;
      inside.enter();
      inside.leave();
    }
  });
  EXPECT_FALSE(inside.exceeded());
  EXPECT_EQ(counts.addresses(), 0u);
}

TEST(AddressCountsInAStorm, ManyAddressesComeAndGo) {
  AddressCounts counts;
  storm(4, [&](std::size_t index) {
    SCOPED_TRACE(testing::Message() << "seed " << index);
    std::mt19937_64 random(index);
    std::vector<AddressTicket> held;
    for (int i = 0; i < 5'000; ++i) {
      if (auto ticket = counts.try_enter(v4(static_cast<unsigned char>(random() % 40)), 6))
        held.push_back(std::move(*ticket));
      if (held.size() > 20) held.erase(held.begin() + static_cast<long>(random() % 20));
    }
    for (unsigned char last = 0; last < 40; ++last) EXPECT_LE(counts.sessions_of(v4(last)), 6u);
  });
  EXPECT_EQ(counts.addresses(), 0u);
}

}  // namespace
}  // namespace orrery::pools
