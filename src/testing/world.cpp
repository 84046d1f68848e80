#include "testing/world.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "net/manual_poller.h"
#include "net/memory_stream.h"
#include "testing/line.h"

namespace orrery::testing_detail {

namespace {

std::unique_ptr<pools::Workers> inline_workers(const pools::WorkerLimits&) {
  return std::make_unique<pools::InlineWorkers>();
}

}  // namespace

void TestLog::write(observe::Level level, std::string_view event, observe::LogFields fields) {
  const auto line = observe::as_text(event, fields);
  lines_.push_back(std::string(observe::name_of(level)) + " " + line);
  if (also_) also_(static_cast<LogLevel>(level), line);
}

World::World(const std::function<void(Router&)>& declare, ServerOptions options)
    : log(options.log),
      router(options.gear_settings),
      loop(clock, std::make_unique<net::ManualPoller>()),
      engine(std::move(options), server::Environment{clock, log, jobs, random, inline_workers}) {
  declare(router);
  auto started = engine.start_on(router, loop);
  if (!started) throw std::logic_error("the test server can't start: " + started.error());
  server = *started;
  settle();
}

World::~World() {
  for (const auto& one : lines)
    if (const auto line = one.lock()) line->lose_world();
}

std::shared_ptr<Line> World::dial(const TestRequest& with) {
  constexpr std::uint16_t some_port = 40000;
  auto [stream, end] = net::MemoryStream::driven(loop, {.peer = {with.address, some_port}});
  auto line = std::make_shared<Line>(weak_from_this(), std::move(end));
  std::erase_if(lines, [](const auto& one) { return one.expired(); });
  lines.push_back(line);
  server->accept(std::move(stream));
  return line;
}

bool World::lines_react() {
  bool any = false;
  for (std::size_t i = 0; i < lines.size(); ++i)
    if (const auto line = lines[i].lock()) any |= line->react();
  return any;
}

void World::settle() {
  constexpr int patience_turns = 20'000;
  for (int turns = 0; turns < patience_turns; ++turns) {
    const bool turned = loop.turn(milliseconds{0});
    const bool reacted = lines_react();
    if (!turned && !reacted) return;
  }
  throw std::logic_error("the test server never comes to rest: a handler answers itself for ever");
}

// From deadline to deadline, so that each timer sees its own time and clients answer in between.
void World::advance(milliseconds by) {
  const Time until = clock.now() + by;
  settle();
  while (clock.now() < until) {
    const Time next = loop.timers().next_deadline().value_or(until);
    clock.advance(std::clamp(next - clock.now(), milliseconds{1}, until - clock.now()));
    settle();
  }
}

}  // namespace orrery::testing_detail
