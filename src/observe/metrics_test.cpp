#include "observe/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace orrery::observe {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

TEST(Metrics, TheirPageIsUpToDate) {
  const auto page =
      std::filesystem::path(__FILE__).parent_path().parent_path().parent_path() / "docs/metrics.md";
  if (std::getenv("ORRERY_WRITE_GENERATED") != nullptr) std::ofstream(page) << metrics_page();
  std::stringstream content;
  content << std::ifstream(page).rdbuf();
  EXPECT_EQ(content.str(), metrics_page())
      << "docs/metrics.md is out of date: run observe_test with ORRERY_WRITE_GENERATED=1";
}

TEST(Metrics, AreNamedOnceInTheWayOfPrometheus) {
  std::set<std::string_view> names;
  for (const Metric* metric : all_metrics()) {
    EXPECT_TRUE(metric->name.starts_with("orrery_")) << metric->name;
    EXPECT_EQ(metric->name.ends_with("_total"), metric->type == MetricType::counter);
    EXPECT_TRUE(metric->help.ends_with(".")) << metric->help;
    EXPECT_TRUE(names.insert(metric->name).second) << metric->name;
  }
}

TEST(Metrics, OfManyLoopsAddUp) {
  MetricValues values;
  values.add(metrics::sessions, {{"gear", "chat"}, {"pool", "gear:chat"}}, 3);
  values.add(metrics::sessions, {{"gear", "chat"}, {"pool", "gear:chat"}}, 4);
  values.add(metrics::sessions, {{"gear", "echo"}, {"pool", "gear:echo"}}, 1);
  const std::string text = values.text();
  EXPECT_THAT(text, HasSubstr("# HELP orrery_sessions Open WebSocket sessions.\n"
                              "# TYPE orrery_sessions gauge\n"
                              "orrery_sessions{gear=\"chat\",pool=\"gear:chat\"} 7\n"
                              "orrery_sessions{gear=\"echo\",pool=\"gear:echo\"} 1\n"));
  EXPECT_THAT(text, Not(HasSubstr("orrery_messages_total"))) << "what is not known is not said";
}

TEST(Metrics, OfCallbacksAreAHistogramInSeconds) {
  Durations first, second;
  for (const auto took : {1'000ns, 2'000ns, 3'000ns}) first.add(took);
  second.add(2s);
  MetricValues values;
  values.add(metrics::callbacks, {{"gear", "chat"}}, first);
  values.add(metrics::callbacks, {{"gear", "chat"}}, second);
  const std::string text = values.text();
  EXPECT_THAT(text, HasSubstr("orrery_callback_seconds_count{gear=\"chat\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("orrery_callback_seconds_sum{gear=\"chat\"} 2.000006"));
  EXPECT_THAT(text, HasSubstr("orrery_callback_seconds_bucket{gear=\"chat\",le=\"5e-06\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("orrery_callback_seconds_bucket{gear=\"chat\",le=\"1\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("orrery_callback_seconds_bucket{gear=\"chat\",le=\"+Inf\"} 4\n"));
}

TEST(CountersByGear, AreThoseOfOneGearInOnePool) {
  CountersByGear book;
  GearCounters& chat = book.of(1, "chat", 0, "gear:chat");
  GearCounters& tenant = book.of(1, "chat", 3, "tenant:acme");
  chat.sessions_opened.add(2);
  tenant.sessions_opened.add(5);
  EXPECT_EQ(&book.of(1, "chat", 0, "gear:chat"), &chat);
  std::vector<std::string> seen;
  book.for_each([&](const GearCounters& each) {
    seen.push_back(each.gear + " in " + each.pool + ": " +
                   std::to_string(each.sessions_opened.count()));
  });
  EXPECT_THAT(seen, testing::ElementsAre("chat in gear:chat: 2", "chat in tenant:acme: 5"));
}

TEST(CountersByGear, StayWhereTheyAreWhileGearsAndPoolsCome) {
  CountersByGear book;
  std::vector<GearCounters*> known;
  for (const std::size_t number : {0, 1, 5, 2, 9})
    for (const std::size_t gear : {number, std::size_t{3}})
      known.push_back(&book.of(gear, "gear", number, "pool"));
  for (const std::size_t number : {9, 2, 5, 1, 0}) {
    EXPECT_EQ(book.find(3, number), known.back());
    known.pop_back();
    EXPECT_EQ(book.find(number, number), known.back());
    known.pop_back();
  }
  EXPECT_EQ(book.find(0, 1), nullptr);
  EXPECT_EQ(book.find(10, 0), nullptr);
  EXPECT_EQ(book.find(0, 1'000), nullptr);
}

}  // namespace
}  // namespace orrery::observe
