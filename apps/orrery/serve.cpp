#include "apps/orrery/serve.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <ostream>
#include <thread>

#include "apps/orrery/admin_listener.h"
#include "apps/orrery/assemble.h"
#include "apps/orrery/exit_deadline.h"
#include "apps/orrery/reload.h"
#include "apps/orrery/service_notices.h"
#include "apps/orrery/stop_signals.h"
#include "base/clock.h"
#include "cli/config_commands.h"
#include "net/descriptors.h"
#include "pools/thread_workers.h"
#include "server/engine.h"
#include "server/jobs.h"
#include "websocket/secure_random.h"

namespace orrery::app {
namespace {

void log_configuration(const config::Loaded& configuration, observe::Log& log) {
  for (const auto& warning : configuration.warnings)
    log.warn("configuration", {{"place", warning.text()}});
  if (!configuration.inactive.empty())
    log.warn("configuration keys that do not act in this release",
             {{"keys", fmt::format("{}", fmt::join(configuration.inactive, ","))}});
}

cli::Exit refuse(const config::Loaded& configuration, std::ostream& out) {
  cli::print_diagnostics(configuration, out);
  return cli::Exit::refused;
}

cli::Exit fail(observe::Log& log, const std::string& why) {
  log.error("cannot start", {{"why", observe::quoted(why)}});
  return cli::Exit::failed;
}

// How much longer than drain.deadline the process waits for callbacks to return.
constexpr milliseconds grace = 2s;

// The log writes within 100 ms.
[[noreturn]] void leave_behind(observe::Log& log) {
  log.error("a callback has not returned by drain.deadline: the process ends without it");
  std::this_thread::sleep_for(200ms);
  std::_Exit(static_cast<int>(cli::Exit::failed));
}

// Begins the drain, whoever asks first: a signal, or an operator through the admin listener.
class Goodbye {
 public:
  Goodbye(server::Engine& engine, ExitDeadline& last, const config::Drain& drain,
          const ServiceNotices& notices, observe::Log& log)
      : engine_(engine),
        last_(last),
        options_(drain_options(drain)),
        notices_(notices),
        log_(log) {}

  void set_options(const config::Drain& drain) {
    const std::lock_guard lock(mutex_);
    options_ = drain_options(drain);
  }

  void ask(std::string_view asked_by) {
    log_.info("STOP", {{"asked_by", asked_by}});
    DrainOptions options = this->options();
    const bool at_terminal = asked_by == "SIGINT";  // where nobody wants to wait
    if (at_terminal) options.delay = options.spread = 0s;
    const bool first = !begun_.exchange(true);
    if (first) notices_.stopping(options.deadline + 2 * grace);
    if (first || at_terminal) engine_.drain(options);
    last_.arm(options.deadline + grace);
  }

 private:
  [[nodiscard]] DrainOptions options() {
    const std::lock_guard lock(mutex_);
    return options_;
  }

  server::Engine& engine_;
  ExitDeadline& last_;
  std::mutex mutex_;
  DrainOptions options_;
  const ServiceNotices& notices_;
  observe::Log& log_;
  std::atomic<bool> begun_{false};
};

void announce(const server::Engine& engine, const AdminListener& admin, std::ostream& out) {
  for (const auto& address : engine.addresses()) out << "listening " << address << '\n';
  for (const auto& address : admin.addresses()) out << "admin " << address << '\n';
  out.flush();
}

// 422: the file was read, and what it says can't be done (RFC 9110 §15.5.21).
Response answer_to(const ReloadReport& report) {
  return Response::json(as_json(report), report.errors.empty() ? 200 : 422);
}

struct Asked {
  std::function<void()> drain;
  std::function<Response()> reload;
};

// The engine tells nothing before it has started.
admin::NodeControl control_of(server::Engine& engine, const std::atomic<bool>& started,
                              Asked asked) {
  return {
      .status = [&] { return started ? engine.status() : ServerStatus{}; },
      .metrics = [&] { return started ? engine.metrics() : std::string(); },
      .drain = std::move(asked.drain),
      .reload = std::move(asked.reload),
      .sessions =
          [&](const SessionQuery& query) {
            return started ? engine.sessions(query) : SessionList{};
          },
      .kick = [&](auto id, auto reason) { return started && engine.kick(id, reason); },
      .tap = [&](auto id, auto tap,
                 auto asked_by) { return started && engine.tap(id, std::move(tap), asked_by); }};
}

}  // namespace

std::string_view version() {
  return ORRERY_VERSION;
}

cli::Exit serve(const ReadConfiguration& read, std::ostream& out, std::ostream& log_out) {
  const config::Loaded configuration = read();
  if (!configuration.ok()) return refuse(configuration, log_out);
  const config::Tree& tree = configuration.tree;
  const BlockedSignals signals;
  const SystemClock clock;
  observe::SpdlogLog log(log_options(tree.log), log_out);
  log_configuration(configuration, log);
  const std::uint64_t descriptors = net::raise_descriptor_limit();

  Router routes;
  const Gears gears = mount_gears(tree.gears, routes);
  server::ThreadJobs jobs;
  websocket::SecureRandom random;
  const auto make_workers = [](const pools::WorkerLimits& limits) {
    return std::make_unique<pools::ThreadWorkers>(limits);
  };
  ExitDeadline last([&] { leave_behind(log); });
  server::Engine engine(server_options(tree, descriptors),
                        {clock, log, jobs, random, make_workers});
  const auto addresses = listeners(tree.server);
  if (!addresses) return fail(log, addresses.error());
  for (const auto& [address, tls] : *addresses) engine.listen(address, tls);

  const auto service = ServiceEnvironment::of_this_process();
  const auto notices = ServiceNotices::open(service);
  if (!notices) return fail(log, notices.error());
  Goodbye goodbye(engine, last, tree.drain, *notices, log);
  Reload reload(
      {read, [&](const auto& drain) { goodbye.set_options(drain); }, engine, log, descriptors},
      tree);
  std::atomic<bool> started{false};
  const admin::NodeControl control =
      control_of(engine, started,
                 {[&] { goodbye.ask("admin"); }, [&] { return answer_to(reload.run("admin")); }});
  AdminListener admin(tree.admin, control, log);
  if (const auto ready = admin.start(); !ready) return fail(log, ready.error());
  if (const auto ready = engine.start(routes); !ready) return fail(log, ready.error());
  started = true;
  log.info("START", {{"version", version()},
                     {"gears", gears.size()},
                     {"descriptors", descriptors},
                     {"sessions_fit", connections_that_fit(descriptors)}});
  announce(engine, admin, out);

  SignalWatch watch(
      signals,
      [&](std::string_view signal) {
        if (signal == "SIGHUP")
          (void)reload.run(signal);
        else
          goodbye.ask(signal);
      },
      static_cast<int>(cli::Exit::failed));
  if (const auto watching = watch.start(); !watching) return fail(log, watching.error());
  notices->ready(fmt::format("serving at {}", fmt::join(engine.addresses(), ", ")));
  std::optional<Watchdog> watchdog;
  if (const auto step = pulse_of(service, ::getpid())) watchdog.emplace(*notices, *step);
  const DrainReport report = engine.join();
  out << fmt::format("drained: {} told, {} cut\n", report.told, report.cut);
  out.flush();
  return cli::Exit::ok;
}

}  // namespace orrery::app
