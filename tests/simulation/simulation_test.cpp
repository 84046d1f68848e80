#include <gtest/gtest.h>

#include "idle.h"
#include "story.h"

namespace orrery::simulation {

constexpr std::uint64_t seeds = 200;

TEST(Simulation, KeepsItsPromisesWhateverHappens) {
  std::size_t sessions = 0;
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    const Outcome outcome = tell_story(seed, Transcript::Lines::counted);
    sessions += outcome.sessions;
    for (const std::string& fault : outcome.faults)
      ADD_FAILURE() << "seed " << seed << ": " << fault << "\nreplay: " << replay_command(seed);
  }
  EXPECT_GT(sessions, seeds * 5) << "the stories hardly say anything";
}

TEST(Simulation, TellsTheSameStoryForTheSameSeed) {
  for (const std::uint64_t seed : {1, 7, 77}) {
    const auto once = tell_story(seed, Transcript::Lines::counted);
    const auto again = tell_story(seed, Transcript::Lines::counted);
    EXPECT_EQ(once.digest, again.digest) << replay_command(seed);
  }
}

TEST(Simulation, KeepsIdleSessionsForAnHour) {
  constexpr std::size_t sessions = 500;
  const IdleReport report = idle(sessions, std::chrono::hours{1});
  EXPECT_EQ(report.sessions, sessions);
  EXPECT_GE(report.pings, sessions * 70);  // one each 50 s
}

}  // namespace orrery::simulation
