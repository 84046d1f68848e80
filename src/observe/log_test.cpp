#include "observe/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <sstream>
#include <thread>

#include "observe/counters.h"
#include "observe/redact.h"
#include "observe/spdlog_log.h"

namespace orrery::observe {
namespace {

std::vector<std::string> lines_of(const std::ostringstream& out) {
  std::vector<std::string> lines;
  std::istringstream stream(out.str());
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

// "2026-11-21T21:47:49.123Z info hello" without its time.
std::string after_time(const std::string& line) {
  return line.substr(line.find(' ') + 1);
}

TEST(Log, SaysOneEventPerLine) {
  MemoryLog log;
  log.info("session closed", {{"gear", "echo"},
                              {"route", "/echo/groups/:group"},
                              {"code", 4001},
                              {"reason", quoted("bye")},
                              {"seconds", 3.2},
                              {"bytes_in", std::size_t{17}},
                              {"clean", true}});
  EXPECT_EQ(log.lines().at(0),
            "info session closed gear=echo route=/echo/groups/:group code=4001 reason=\"bye\" "
            "seconds=3.2 bytes_in=17 clean=true");
}

TEST(Log, NeverLetsTextFromOutsideBreakItsLine) {
  const struct {
    std::string_view text, shown;
  } rows[] = {
      {"", R"("")"},
      {"two words", R"("two words")"},
      {"a\nsession closed gear=fake", R"("a\nsession closed gear=fake")"},
      {"say \"hi\" \\", R"("say \"hi\" \\")"},
      {std::string_view("\0\x1b[2J", 5), R"("\u0000\u001b[2J")"},
      {"gr\xc3\xbc\xc3\x9f", "\"gr\xc3\xbc\xc3\x9f\""},
      {"\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\""},
      {"cut \xc3", "\"cut \xef\xbf\xbd\""},
      {"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
      {"\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
  };
  for (const auto& row : rows) {
    MemoryLog log;
    log.warn("told", {{"text", quoted(row.text)}});
    EXPECT_EQ(log.lines().at(0), "warn told text=" + std::string(row.shown));
  }
}

TEST(Log, SpeaksJsonWithTheSameFields) {
  const LogField fields[] = {{"gear", "echo"}, {"code", 4001}, {"reason", quoted("b\"y")}};
  EXPECT_EQ(as_json_members("session closed", fields),
            R"("message":"session closed","gear":"echo","code":4001,"reason":"b\"y")");
}

TEST(Log, KeepsBackWhatNobodyWantsToSee) {
  MemoryLog log(Level::warn);
  log.debug("a");
  log.info("b");
  log.warn("c");
  log.error("d");
  EXPECT_EQ(log.lines(), (std::vector<std::string>{"warn c", "error d"}));
  EXPECT_TRUE(log.has("d"));
  EXPECT_FALSE(log.has("b"));
}

TEST(SpdlogLog, WritesInOrderOnItsOwnThread) {
  std::ostringstream out;
  {
    SpdlogLog log({}, out);
    log.debug("hidden");
    log.info("first", {{"n", 1}});
    log.warn("second");
    log.error("third");
  }
  const auto lines = lines_of(out);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(after_time(lines[0]), "info first n=1");
  EXPECT_EQ(after_time(lines[1]), "warn second");
  EXPECT_EQ(after_time(lines[2]), "error third");
}

TEST(SpdlogLog, WritesJsonLines) {
  std::ostringstream out;
  { SpdlogLog({.format = LogFormat::json}, out).info("started", {{"port", 7512}}); }
  const std::string line = lines_of(out).at(0);
  EXPECT_THAT(
      line, testing::MatchesRegex(R"(\{"time":"20..-[01].-[0-3].T[0-2].:[0-5].:[0-6].\.[0-9]{3}Z",)"
                                  R"("level":"info","message":"started","port":7512\})"));
}

TEST(SpdlogLog, ChangesItsLevelWhileItRuns) {
  std::ostringstream out;
  {
    SpdlogLog log({.least = Level::error}, out);
    log.info("before");
    log.set_least(Level::debug);
    log.debug("after");
  }
  ASSERT_EQ(lines_of(out).size(), 1u);
  EXPECT_EQ(after_time(lines_of(out)[0]), "debug after");
}

// A terminal that does not take anything until it is told to.
class StuckTerminal : public std::stringbuf {
 public:
  void release() {
    stuck_ = false;
    stuck_.notify_all();
  }

 protected:
  std::streamsize xsputn(const char* bytes, std::streamsize size) override {
    stuck_.wait(true);
    return std::stringbuf::xsputn(bytes, size);
  }

 private:
  std::atomic<bool> stuck_{true};
};

TEST(SpdlogLog, DropsTheOldestLinesRatherThanWaitAndSaysHowMany) {
  StuckTerminal terminal;
  std::ostream out(&terminal);
  std::uint64_t dropped = 0;
  {
    SpdlogLog log({.queue_lines = 4}, out);
    for (int i = 0; i < 100; ++i) log.info("line", {{"n", i}});
    dropped = log.dropped();
    terminal.release();
  }
  EXPECT_GE(dropped, 90u);
  EXPECT_NE(terminal.str().find("warn log lines dropped lines="), std::string::npos);
  EXPECT_NE(terminal.str().find("line n=99"), std::string::npos);
}

// Tells when the log's thread writes to it.
class Bell : public std::stringbuf {
 public:
  void wait() const { rung_.wait(false); }

 protected:
  int sync() override {
    rung_ = true;
    rung_.notify_all();
    return 0;
  }

 private:
  std::atomic<bool> rung_{false};
};

// Whoever blocks a signal to wait for it gets it, though the log began before.
TEST(SpdlogLog, LeavesSignalsToTheProgram) {
  Bell bell;
  std::ostream out(&bell);
  SpdlogLog log({}, out);
  log.info("begun");
  bell.wait();
  sigset_t signals, before;
  sigemptyset(&signals);
  sigaddset(&signals, SIGUSR2);
  ::pthread_sigmask(SIG_BLOCK, &signals, &before);
  ::kill(::getpid(), SIGUSR2);  // would end this program if the log's thread took it
  const timespec long_enough{.tv_sec = 10, .tv_nsec = 0};
  EXPECT_EQ(::sigtimedwait(&signals, nullptr, &long_enough), SIGUSR2);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

TEST(SpdlogLog, TakesLinesFromManyThreads) {
  std::ostringstream out;
  {
    SpdlogLog log({.queue_lines = 10'000}, out);
    std::vector<std::jthread> writers;
    for (int writer = 0; writer < 4; ++writer)
      writers.emplace_back([&log, writer] {
        for (int i = 0; i < 500; ++i) log.info("from", {{"writer", writer}});
      });
  }
  EXPECT_EQ(lines_of(out).size(), 2'000u);
}

TEST(Redact, HidesTheValuesOfSecretParameters) {
  const std::vector<std::string> names{"token", "access_token"};
  const struct {
    std::string_view target, shown;
  } rows[] = {
      {"/chat", "/chat"},
      {"/chat?", "/chat?"},
      {"/token", "/token"},
      {"/chat?token=abc", "/chat?token=[redacted]"},
      {"/chat?x=1&token=abc&y=2", "/chat?x=1&token=[redacted]&y=2"},
      {"/chat?TOKEN=abc", "/chat?TOKEN=[redacted]"},
      {"/chat?t%6Fken=abc", "/chat?t%6Fken=[redacted]"},
      {"/chat?token=a=b?c", "/chat?token=[redacted]"},
      {"/chat?token=a;access_token=b", "/chat?token=[redacted];access_token=[redacted]"},
      {"/chat?mytoken=1", "/chat?mytoken=1"},
      {"/chat?token", "/chat?token"},
      {"/chat?x=%", "/chat?x=%"},
  };
  for (const auto& row : rows) EXPECT_EQ(redact(row.target, names), row.shown);
}

TEST(Redact, HidesSecretsInTextOfAnyKind) {
  const std::vector<std::string> names{"token", "jwt", "access_token", "authorization"};
  const struct {
    std::string_view text, shown;
  } rows[] = {
      {"", ""},
      {"hello", "hello"},
      {"token", "token"},
      {"my token is lost", "my token is lost"},
      {R"({"jwt":"abc","x":1})", R"({"jwt":"[redacted]","x":1})"},
      {R"({"jwt" : "a\"b", "x":1})", R"({"jwt" : "[redacted]", "x":1})"},
      {R"({"a":{"Token":123}})", R"({"a":{"Token":[redacted]}})"},
      {R"({"jwt":null})", R"({"jwt":[redacted]})"},
      {R"({"jwt":{"part":"abc"},"x":1})", R"({"jwt":[redacted])"},
      {R"({"jwt":"abc)", R"({"jwt":"[redacted]")"},
      {R"({'jwt':'abc'})", R"({'jwt':'[redacted]'})"},
      {R"({"jwtx":"abc"})", R"({"jwtx":"abc"})"},
      {"x=1&token=abc&y=2", "x=1&token=[redacted]&y=2"},
      {"token: abc\nnext", "token: [redacted]\nnext"},
      {"token=abc def&y=2", "token=[redacted]&y=2"},
      {"Authorization: Bearer abc", "Authorization: [redacted]"},
      {R"({"accessToken":"abc"})", R"({"accessToken":"[redacted]"})"},
      {R"({"Access-Token":"abc"})", R"({"Access-Token":"[redacted]"})"},
      {R"({"body":"{\"token\": \"abc\", \"x\":1}"})",
       R"({"body":"{\"token\": \"[redacted]\", \"x\":1}"})"},
      {R"({"body":"{\"token\": \"a\\\"b\", \"x\":1}"})",
       R"({"body":"{\"token\": \"[redacted]\", \"x\":1}"})"},
      {R"({"to\u006ben":"abc","x":1})", R"({"to\u006ben":"[redacted]","x":1})"},
      {R"({"x":"\u003cb\u003e"})", R"({"x":"\u003cb\u003e"})"},
      {"tok%65n=abc", "tok%65n=[redacted]"},
      {"token=", "token=[redacted]"},
  };
  for (const auto& row : rows) EXPECT_EQ(redact_text(row.text, names), row.shown);
}

TEST(Counters, AreReadWhileTheirLoopCounts) {
  LoopCounters counters;
  std::jthread loop([&counters] {
    for (int i = 0; i < 10'000; ++i) counters.connections_accepted.add();
    counters.dropped[0].add();
  });
  std::uint64_t last = 0;
  while (counters.dropped[0].count() == 0) {
    const std::uint64_t now = counters.connections_accepted.count();
    EXPECT_GE(now, last);
    last = now;
  }
  loop.join();
  EXPECT_EQ(counters.connections_accepted.count(), 10'000u);
}

}  // namespace
}  // namespace orrery::observe
