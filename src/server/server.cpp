#include "orrery/orrery.h"

#include <fmt/format.h>

#include <iostream>

#include "base/clock.h"
#include "observe/log.h"
#include "observe/spdlog_log.h"
#include "pools/thread_workers.h"
#include "server/engine.h"
#include "websocket/secure_random.h"

namespace orrery {

namespace {

// Hands log lines to the function that the options name.
class FunctionLog final : public observe::Log {
 public:
  explicit FunctionLog(std::function<void(LogLevel, std::string_view)> log)
      : log_(std::move(log)) {}
  [[nodiscard]] bool wants(observe::Level) const override { return true; }
  using Log::write;
  void write(observe::Level level, std::string_view event, observe::LogFields fields) override {
    log_(static_cast<LogLevel>(level), observe::as_text(event, fields));
  }

 private:
  std::function<void(LogLevel, std::string_view)> log_;
};

std::unique_ptr<observe::Log> log_for(ServerOptions& options) {
  if (options.log) return std::make_unique<FunctionLog>(std::move(options.log));
  return std::make_unique<observe::SpdlogLog>(observe::SpdlogOptions{}, std::cerr);
}

}  // namespace

// What main() would hand to the engine, for a program that has no wish of its own.
struct Server::World {
  static std::unique_ptr<pools::Workers> workers(const pools::WorkerLimits& limits) {
    return std::make_unique<pools::ThreadWorkers>(limits);
  }

  explicit World(ServerOptions options)
      : log(log_for(options)), engine(std::move(options), {clock, *log, jobs, random, workers}) {}

  SystemClock clock;
  server::ThreadJobs jobs;
  websocket::SecureRandom random;
  std::unique_ptr<observe::Log> log;
  server::Engine engine;
};

Server::Server(ServerOptions options)
    : routes_(options.gear_settings), world_(std::make_unique<World>(std::move(options))) {}
Server::Server(Server&&) noexcept = default;
Server::~Server() = default;

Server& Server::mount(Gear& gear, std::string_view path, std::string_view host) {
  routes_.mount(gear, path, host);
  return *this;
}

Server& Server::listen(std::uint16_t port, std::optional<Tls> tls) {
  return listen(fmt::format("0.0.0.0:{}", port), std::move(tls));
}

Server& Server::listen(std::string address, std::optional<Tls> tls) {
  world_->engine.listen(std::move(address), std::move(tls));
  return *this;
}

Result<void> Server::start() {
  return world_->engine.start(routes_);
}
void Server::stop() {
  world_->engine.stop();
}
void Server::drain(const DrainOptions& options) {
  world_->engine.drain(options);
}
DrainReport Server::join() {
  return world_->engine.join();
}
Sender Server::sender(std::string_view pool) const {
  return world_->engine.sender(pool);
}
ServerStatus Server::status() const {
  return world_->engine.status();
}
std::string Server::metrics() const {
  return world_->engine.metrics();
}
SessionList Server::sessions(const SessionQuery& query) const {
  return world_->engine.sessions(query);
}
Asked Server::kick(std::string_view id, std::string_view asked_by, std::string_view reason) {
  return world_->engine.kick(id, asked_by, reason);
}
Asked Server::tap(std::string_view id, std::weak_ptr<FrameTap> tap, std::string_view asked_by) {
  return world_->engine.tap(id, std::move(tap), asked_by);
}
Result<void> Server::reconfigure(const ServerOptions& options) {
  return world_->engine.reconfigure(options);
}
Result<void> Server::reload_certificates() {
  return world_->engine.reload_certificates();
}
void Server::set_pool(std::string_view pool, const PoolLimits& limits) {
  world_->engine.set_pool(pool, limits);
}
void Server::close_pool(std::string_view pool) {
  world_->engine.close_pool(pool);
}

int Server::run() {
  if (const auto started = start(); !started) {
    world_->log->error(started.error());
    return 1;
  }
  for (const auto& address : addresses()) world_->log->info("listening", {{"address", address}});
  (void)join();
  return 0;
}

std::vector<std::string> Server::addresses() const {
  return world_->engine.addresses();
}

}  // namespace orrery
