#include "pools/places.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <utility>
#include <vector>

#include "pools/storm.h"

namespace orrery::pools {
namespace {

TEST(Places, AsManyEnterAsThereArePlaces) {
  Places places(2);
  const Place first = places.try_enter();
  const Place second = places.try_enter();
  const Place third = places.try_enter();
  EXPECT_TRUE(first);
  EXPECT_TRUE(second);
  EXPECT_FALSE(third);
  EXPECT_EQ(places.taken(), 2u);
}

TEST(Places, APlaceThatIsReleasedIsFreeOnce) {
  Places places(1);
  Place place = places.try_enter();
  place.release();
  EXPECT_FALSE(place);
  place.release();
  EXPECT_EQ(places.taken(), 0u);
  EXPECT_TRUE(places.try_enter());
}

TEST(Places, APlaceThatMovesIsStillOne) {
  Places places(2);
  Place here = places.try_enter();
  Place there = std::move(here);
  EXPECT_FALSE(here);  // NOLINT: a moved-from place is empty
  EXPECT_EQ(there.giver(), &places);
  there = places.try_enter();  // takes the second, gives back the first
  EXPECT_EQ(places.taken(), 1u);
  auto& same = there;
  there = std::move(same);
  EXPECT_TRUE(there);
  EXPECT_EQ(places.taken(), 1u);
}

TEST(Places, APlaceIsOnePointerInSize) {
  EXPECT_EQ(sizeof(Place), sizeof(void*));
}

TEST(Places, ALowerLimitRefusesNewcomersAndThrowsNobodyOut) {
  Places places(3);
  std::vector<Place> in;
  for (int i = 0; i < 3; ++i) in.push_back(places.try_enter());
  places.set_limit(1);
  EXPECT_EQ(places.taken(), 3u);
  EXPECT_FALSE(places.try_enter());
  in.pop_back();
  in.pop_back();
  EXPECT_FALSE(places.try_enter());
  in.pop_back();
  EXPECT_TRUE(places.try_enter());
}

TEST(Places, AHigherLimitLetsMoreIn) {
  Places places(0);
  EXPECT_FALSE(places.try_enter());
  places.set_limit(1);
  EXPECT_TRUE(places.try_enter());
}

TEST(Places, ALimitBeyondCountingIsAsHighAsCountingGoes) {
  Places places(~std::size_t{0});
  EXPECT_EQ(places.limit(), Places::most);
  EXPECT_FALSE(places.closed());
  EXPECT_TRUE(places.try_enter());
}

TEST(Places, NobodyEntersWhatIsClosedUntilItOpensAgain) {
  Places places(5);
  const Place before = places.try_enter();
  places.close();
  EXPECT_FALSE(places.try_enter());
  places.set_limit(9);
  EXPECT_TRUE(places.closed());
  EXPECT_EQ(places.taken(), 1u);
  places.reopen();
  EXPECT_TRUE(places.try_enter());
  EXPECT_EQ(places.limit(), 9u);
}

TEST(PlacesInAStorm, NeverOneMoreThanTheLimit) {
  Places places(5);
  Watermark inside(5);
  std::atomic<std::size_t> entered{0};
  storm(8, [&](std::size_t) {
    for (int i = 0; i < 20'000; ++i) {
      const Place place = places.try_enter();
      if (!place) continue;
      inside.enter();
      ++entered;
      inside.leave();
    }
  });
  EXPECT_FALSE(inside.exceeded());
  EXPECT_GT(entered, 0u);
  EXPECT_EQ(places.taken(), 0u);
}

TEST(PlacesInAStorm, ExactlyTheLimitStayIfNobodyLeaves) {
  Places places(1'000);
  std::vector<std::vector<Place>> kept(8);
  storm(8, [&](std::size_t index) {
    for (int i = 0; i < 500; ++i)
      if (Place place = places.try_enter()) kept[index].push_back(std::move(place));
  });
  std::size_t sum = 0;
  for (const auto& each : kept) sum += each.size();
  EXPECT_EQ(sum, 1'000u);
  EXPECT_EQ(places.taken(), 1'000u);
}

TEST(PlacesInAStorm, OnceALowerLimitIsSetNobodyEntersAboveIt) {
  for (int round = 0; round < 50; ++round) {
    Places places(4'000);
    std::vector<std::vector<Place>> kept(4);
    std::size_t taken_then = 0;
    storm(5, [&](std::size_t index) {
      if (index == 4) {
        places.set_limit(10);
        taken_then = places.taken();
        return;
      }
      for (int i = 0; i < 200; ++i)
        if (Place place = places.try_enter()) kept[index].push_back(std::move(place));
    });
    EXPECT_LE(places.taken(), std::max<std::size_t>(taken_then, 10));
  }
}

TEST(PlacesInAStorm, OnceItIsClosedNobodyEnters) {
  for (int round = 0; round < 50; ++round) {
    Places places(4'000);
    std::vector<std::vector<Place>> kept(4);
    std::size_t taken_then = 0;
    storm(5, [&](std::size_t index) {
      if (index == 4) {
        places.close();
        taken_then = places.taken();
        return;
      }
      for (int i = 0; i < 200; ++i)
        if (Place place = places.try_enter()) kept[index].push_back(std::move(place));
    });
    EXPECT_EQ(places.taken(), taken_then);
  }
}

}  // namespace
}  // namespace orrery::pools
