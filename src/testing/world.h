// A World is one TestServer's inside: the real engine on a loop that is turned by hand.
//
// Owner   its TestServer; lines know it weakly.
// Thread  the test's.
// Limit   settle() gives up, with an exception, on a server that never comes to rest.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "net/loop.h"
#include "orrery/testing.h"
#include "server/engine.h"
#include "websocket/deflate.h"

namespace orrery::testing_detail {

/// Keeps the log lines, and hands them on to ServerOptions::log if the test has set one.
class TestLog final : public observe::Log {
 public:
  explicit TestLog(std::function<void(LogLevel, std::string_view)> also) : also_(std::move(also)) {}
  [[nodiscard]] bool wants(observe::Level) const override { return true; }
  using Log::write;
  void write(observe::Level level, std::string_view event, observe::LogFields fields) override;
  [[nodiscard]] const std::vector<std::string>& lines() const { return lines_; }

 private:
  std::function<void(LogLevel, std::string_view)> also_;
  std::vector<std::string> lines_;
};

struct World : std::enable_shared_from_this<World> {
  World(const std::function<void(Router&)>& declare, ServerOptions options);
  ~World();

  /// A client at the other end of a new connection, which the server has accepted.
  [[nodiscard]] std::shared_ptr<Line> dial(const TestRequest& with);
  /// Turns the loop, and lets the clients react, until nothing happens any more.
  void settle();
  void advance(milliseconds by);

  ManualClock clock;
  SeededRandom random{1};
  TestLog log;
  server::InlineJobs jobs;
  websocket::DeflateEngine deflate;  // of the clients
  Router router;
  net::Loop loop;
  std::vector<std::weak_ptr<Line>> lines;
  server::Engine engine;  // from here on last: it uses everything above
  server::LoopServer* server = nullptr;

 private:
  bool lines_react();
};

}  // namespace orrery::testing_detail
