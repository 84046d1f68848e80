#include "cli/bench_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/parse.h"

namespace orrery::cli {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

BenchReport echo_report() {
  BenchReport report;
  report.options.client.url = "ws://127.0.0.1:7512/echo";
  report.seconds = 2;
  report.sent = 100'010;
  report.answered = 100'000;
  report.opened = 100;
  report.opening_seconds = 0.25;
  report.own_cpu_seconds = 0.5;
  report.latencies.record(100us, 99);
  report.latencies.record(3ms);
  return report;
}

TEST(BenchReport, IsATableForPeople) {
  BenchReport report = echo_report();
  report.server = ServerCost{1.5, 8 << 20, 600};
  const std::string table = table_of(report);
  for (const char* words : {"echo, 100 connections, depth 1, 64 bytes of text",
                            "100 sessions in 0.25 s", "50000 messages per second", "p50 100 us",
                            "p99.99 3 ms", "max 3 ms", "15.000 us per message", "0.75 cores",
                            "8 MiB resident, 600 B per session", "5.000 us per message"})
    EXPECT_THAT(table, HasSubstr(words));
  EXPECT_THAT(table, Not(HasSubstr("NOTE")));
  EXPECT_TRUE(report.clean());
}

TEST(BenchReport, SaysInWhatStepsAnOpenLoopWas) {
  BenchReport report = echo_report();
  report.options.rate = 20'000;
  EXPECT_THAT(table_of(report), HasSubstr("20000 per second, 64 bytes"));
  EXPECT_THAT(json_of(report), HasSubstr("\"stepMicroseconds\":0.000"));
  report.step = 223'500ns;
  EXPECT_THAT(table_of(report), HasSubstr("20000 per second in steps of 224 us, 64 bytes"));
  EXPECT_THAT(json_of(report), HasSubstr("\"stepMicroseconds\":223.500"));
}

TEST(BenchReport, SaysWhatWentWrong) {
  BenchReport report = echo_report();
  report.options.rate = 100'000;
  report.sent = 200'000;
  report.unanswered = 7;
  report.own_cpu_seconds = 1.95;
  report.endings["closed by the server with 1008 too slow"] = 2;
  const std::string table = table_of(report);
  for (const char* words :
       {"7 messages, 5 s after the end", "2 sessions: closed by the server with 1008 too slow",
        "did not keep up: 200000 were due, 100000", "98 % of the time", "--threads"})
    EXPECT_THAT(table, HasSubstr(words));
  EXPECT_FALSE(report.clean());
}

TEST(BenchReport, SaysHowToRaiseALimitThatItRanInto) {
  BenchReport report = echo_report();
  report.endings["closed by the server with 1008 slow consumer"] = 1;
  EXPECT_THAT(table_of(report), Not(HasSubstr("rateLimit")));
  report.endings["closed by the server with 1008 rate limited"] = 2;
  for (const char* words : {"2 sessions: closed by the server with 1008 rate limited",
                            "messages per second of one session", "`orrery routes`",
                            "--set server.protocols.websocket.rateLimit=0", "--rate"})
    EXPECT_THAT(table_of(report), HasSubstr(words));
}

TEST(BenchReport, IsJsonForPrograms) {
  BenchReport report = echo_report();
  report.options.mode = BenchMode::fan_out;
  report.server = ServerCost{1.5, 8 << 20, -3};
  report.endings["a \"quoted\"\n\\ word"] = 1;
  const std::string json = json_of(report);
  const auto parsed = config::parse(json);
  ASSERT_TRUE(std::holds_alternative<config::Value>(parsed)) << json;
  for (const char* words :
       {"\"mode\":\"fan-out\"", "\"perSecond\":50000.0", "\"p99.99\":3000.000", "\"p50\":100",
        "\"cpuMicrosecondsPerMessage\":15.0000", "\"bytesPerSession\":-3",
        "\"lastMemberMicroseconds\":{\"count\":0", R"("a \"quoted\"\u000a\\ word":1)"})
    EXPECT_THAT(json, HasSubstr(words));
}

}  // namespace
}  // namespace orrery::cli
