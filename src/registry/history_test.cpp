#include "registry/history.h"

#include <gtest/gtest.h>

namespace orrery::registry {
namespace {

using namespace std::chrono_literals;

struct Chronicle {
  GroupHistory history{77, {.messages = 3, .age = 60s}, 1000};
  Time now{1s};

  void write(std::string text) {
    (void)history.append(MessageType::text, SharedBytes(std::move(text)), now);
  }
  std::string since(Position position) {
    const auto missed = history.since(position, now);
    std::string transcript = missed.whole ? "complete:" : "gap";
    for (const auto& kept : missed.messages)
      transcript += " " + std::to_string(kept.position.offset) + std::string(kept.payload.view());
    return transcript;
  }
};

TEST(History, TellsWhatWasMissedAndNoMore) {
  Chronicle chronicle;
  for (const char* text : {"a", "b", "c"}) chronicle.write(text);
  EXPECT_EQ(chronicle.since({77, 1}), "complete: 2b 3c");
  EXPECT_EQ(chronicle.since({77, 3}), "complete:");
}

TEST(History, AdmitsAGapWhereItHasForgotten) {
  Chronicle chronicle;
  for (const char* text : {"a", "b", "c", "d"}) chronicle.write(text);
  EXPECT_EQ(chronicle.since({77, 1}), "complete: 2b 3c 4d");
  EXPECT_EQ(chronicle.since({77, 0}), "gap");
}

TEST(History, IsCompleteWhenNothingWasEverPublished) {
  Chronicle chronicle;
  EXPECT_EQ(chronicle.since({77, 0}), "complete:");
  EXPECT_EQ(chronicle.since({}), "complete:");
}

TEST(History, FromTheFirstMessageOnAsLongAsThatIsKept) {
  Chronicle chronicle;
  for (const char* text : {"a", "b", "c"}) chronicle.write(text);
  EXPECT_EQ(chronicle.since({}), "complete: 1a 2b 3c");
  chronicle.write("d");
  EXPECT_EQ(chronicle.since({}), "gap");
}

TEST(History, KnowsNothingOfOtherEpochsNorOfTheFuture) {
  Chronicle chronicle;
  chronicle.write("a");
  EXPECT_EQ(chronicle.since({78, 1}), "gap");
  EXPECT_EQ(chronicle.since({77, 2}), "gap");
  EXPECT_EQ(chronicle.since({0, 1}), "gap");
}

TEST(History, ForgetsWhatIsTooOld) {
  Chronicle chronicle;
  chronicle.write("a");
  chronicle.now += 30s;
  chronicle.write("b");
  chronicle.now += 31s;
  EXPECT_EQ(chronicle.since({77, 0}), "gap");
  EXPECT_EQ(chronicle.since({77, 1}), "complete: 2b");
}

TEST(History, ForgetsTheOldestWhenItsBytesAreTooMany) {
  Chronicle chronicle;
  chronicle.write(std::string(600, 'x'));
  chronicle.write(std::string(600, 'y'));
  EXPECT_EQ(chronicle.since({77, 0}), "gap");
  EXPECT_EQ(chronicle.since({77, 1}), "complete: 2" + std::string(600, 'y'));
}

TEST(History, MadeSmallerItForgetsAtOnce) {
  Chronicle chronicle;
  for (const char* text : {"a", "b", "c"}) chronicle.write(text);
  chronicle.history.resize({.messages = 1, .age = 60s}, chronicle.now);
  EXPECT_EQ(chronicle.since({77, 1}), "gap");
  EXPECT_EQ(chronicle.since({77, 2}), "complete: 3c");
}

}  // namespace
}  // namespace orrery::registry
