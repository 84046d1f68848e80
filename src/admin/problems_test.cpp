#include "admin/problems.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace orrery::admin {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::int64_t today = 1'700'000'000;
constexpr std::int64_t day = 86'400;
const std::chrono::system_clock::time_point now{std::chrono::seconds{today}};

// "error: the sentence", one by one.
std::vector<std::string> said_of(const ServerStatus& status) {
  std::vector<std::string> said;
  for (const auto& [key, level, text] : problems_of(status, now))
    said.push_back((level == Problem::Level::error ? "error: " : "warning: ") + text);
  return said;
}

ServerStatus well() {
  return {.ready = true, .sessions = 3, .loops = 2};
}

TEST(Problems, AreNoneWhereAllIsWell) {
  ServerStatus status = well();
  status.pools = {{"gear:chat", 80, 100, 800, 1000}};
  status.certificates = {{"north", today + 14 * day}};
  EXPECT_THAT(said_of(status), IsEmpty());
}

TEST(Problems, TellOfTheNodeItself) {
  EXPECT_THAT(said_of({}), ElementsAre("warning: This node is not ready for newcomers."));
  EXPECT_THAT(said_of({.draining = true, .sessions = 1'234}),
              ElementsAre("warning: This node is draining: 1,234 sessions left, newcomers are "
                          "refused."));
  EXPECT_THAT(said_of({.draining = true, .sessions = 1}),
              ElementsAre(testing::HasSubstr("1 session left")));
  EXPECT_THAT(said_of({.ready = true, .accepting_paused = true}),
              ElementsAre(testing::StartsWith("error: Newcomers wait unanswered")));
}

TEST(Problems, TellOfPoolsThatAreFullOrNearlySo) {
  ServerStatus status = well();
  status.pools = {{"a", 9, 10, 0, 1'000},
                  {"b", 10, 10, 0, 1'000},
                  {"c", 0, 0, 0, 1'000},
                  {"d", 0, 10, 1'050'000'000, 1'073'741'824}};
  EXPECT_THAT(said_of(status),
              ElementsAre("error: Pool b has no places left: 10 of 10.",
                          "error: Pool c has no places left: 0 of 0.",
                          "warning: Pool a is nearly full: 9 of 10, 90 %.",
                          "warning: Pool d is nearly full: 1.05 GB of 1.07 GB, 97 %."));
}

TEST(Problems, TellOfCertificatesBeforeTheyExpire) {
  ServerStatus status = well();
  status.certificates = {{"east", today + 14 * day - 1},
                         {"north", today + 2 * day - 1},
                         {"south", today - 1},
                         {"west", today + 20 * day}};
  EXPECT_THAT(said_of(status), ElementsAre("error: Certificate north expires in 47 hours.",
                                           "error: Certificate south has expired.",
                                           "warning: Certificate east expires in 13 days."));
}

TEST(Problems, AreAtMostFourOfAKind) {
  ServerStatus status = well();
  for (const auto* name : {"a", "b", "c", "d", "e", "f"})
    status.pools.push_back({name, 10, 10, 0, 1'000});
  const auto said = said_of(status);
  ASSERT_EQ(said.size(), 5u);
  EXPECT_EQ(said.back(), "warning: 2 further warnings about pools.");
}

TEST(Problems, KeepTheirKeyWhileTheirNumbersChange) {
  ServerStatus status = well();
  status.pools = {{"a", 9, 10, 0, 1'000}};
  EXPECT_EQ(problems_of(status, now).front().key, "a places high");
  status.certificates = {{"north", today}};
  EXPECT_EQ(problems_of(status, now).front().key, "certificate north");
}

}  // namespace
}  // namespace orrery::admin
