#include "apps/orrery/serve.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <atomic>
#include <ostream>

#include "apps/orrery/admin_listener.h"
#include "apps/orrery/assemble.h"
#include "apps/orrery/stop_signals.h"
#include "base/clock.h"
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

cli::Exit fail(observe::Log& log, const std::string& why) {
  log.error("cannot start", {{"why", observe::quoted(why)}});
  return cli::Exit::failed;
}

// Begins the drain, whoever asks first: a signal, or an operator through the admin listener.
class Goodbye {
 public:
  Goodbye(server::Engine& engine, const config::Drain& drain, observe::Log& log)
      : engine_(engine), options_(drain_options(drain)), log_(log) {}

  void ask(std::string_view asked_by) {
    log_.info("STOP", {{"asked_by", asked_by}});
    DrainOptions options = options_;
    const bool at_terminal = asked_by == "SIGINT";  // where nobody wants to wait
    if (at_terminal) options.delay = options.spread = 0s;
    const bool first = !begun_.exchange(true);
    if (first || at_terminal) engine_.drain(options);
  }

 private:
  server::Engine& engine_;
  const DrainOptions options_;
  observe::Log& log_;
  std::atomic<bool> begun_{false};
};

}  // namespace

std::string_view version() {
  return ORRERY_VERSION;
}

cli::Exit serve(const config::Loaded& configuration, std::ostream& out, std::ostream& log_out) {
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
  server::Engine engine(server_options(tree, descriptors),
                        {clock, log, jobs, random, make_workers});
  const auto addresses = listeners(tree.server);
  if (!addresses) return fail(log, addresses.error());
  for (const auto& [address, tls] : *addresses) engine.listen(address, tls);

  Goodbye goodbye(engine, tree.drain, log);
  std::atomic<bool> started{false};  // the engine tells nothing before
  const admin::NodeControl control{[&] { return started ? engine.status() : ServerStatus{}; },
                                   [&] { goodbye.ask("admin"); }};
  AdminListener admin(tree.admin, control, log);
  if (const auto ready = admin.start(); !ready) return fail(log, ready.error());
  if (const auto ready = engine.start(routes); !ready) return fail(log, ready.error());
  started = true;
  log.info("START", {{"version", version()},
                     {"gears", gears.size()},
                     {"descriptors", descriptors},
                     {"sessions_fit", connections_that_fit(descriptors)}});
  for (const auto& address : engine.addresses()) out << "listening " << address << '\n';
  for (const auto& address : admin.addresses()) out << "admin " << address << '\n';
  out.flush();

  SignalWatch watch(
      signals, [&](std::string_view signal) { goodbye.ask(signal); },
      static_cast<int>(cli::Exit::failed));
  if (const auto watching = watch.start(); !watching) return fail(log, watching.error());
  const DrainReport report = engine.join();
  out << fmt::format("drained: {} told, {} cut\n", report.told, report.cut);
  out.flush();
  return cli::Exit::ok;
}

}  // namespace orrery::app
