#include "apps/orrery/serve.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <ostream>

#include "apps/orrery/assemble.h"
#include "base/clock.h"
#include "net/descriptors.h"
#include "server/engine.h"
#include "server/jobs.h"

namespace orrery::app {
namespace {

// Listeners, loops, files that are served, the log: what is no client.
constexpr std::uint64_t reserved_descriptors = 64;

// SIGINT and SIGTERM, taken by whoever waits for them rather than by a handler that interrupts.
class StopSignals {
 public:
  StopSignals() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    std::signal(SIGPIPE, SIG_IGN);  // whoever reads our output may go away
  }

  /// Waits for the first; from then on, another one ends the process at once.
  std::string_view wait() {
    int number = 0;
    sigwait(&signals_, &number);
    for (const int each : {SIGINT, SIGTERM})
      std::signal(each, [](int) { _exit(static_cast<int>(cli::Exit::failed)); });
    pthread_sigmask(SIG_UNBLOCK, &signals_, nullptr);
    return number == SIGINT ? "SIGINT" : "SIGTERM";
  }

 private:
  sigset_t signals_{};
};

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

}  // namespace

std::string_view version() {
  return ORRERY_VERSION;
}

cli::Exit serve(const config::Loaded& configuration, std::ostream& out, std::ostream& log_out) {
  const config::Tree& tree = configuration.tree;
  StopSignals signals;
  const SystemClock clock;
  observe::SpdlogLog log(log_options(tree.log), log_out);
  log_configuration(configuration, log);
  const std::uint64_t descriptors = net::raise_descriptor_limit();

  Router routes;
  const Gears gears = mount_gears(tree.gears, routes);
  server::ThreadJobs jobs;
  server::Engine engine(server_options(tree), {clock, log, jobs});
  const auto addresses = listeners(tree.server);
  if (!addresses) return fail(log, addresses.error());
  for (const auto& [address, tls] : *addresses) engine.listen(address, tls);
  if (const auto started = engine.start(routes); !started) return fail(log, started.error());

  log.info("START", {{"version", version()},
                     {"gears", gears.size()},
                     {"descriptors", descriptors},
                     {"sessions_fit", descriptors - std::min(descriptors, reserved_descriptors)}});
  for (const auto& address : engine.addresses()) out << "listening " << address << '\n';
  out.flush();

  const std::string_view signal = signals.wait();
  log.info("STOP", {{"signal", signal}});
  engine.stop();
  engine.join();
  return cli::Exit::ok;
}

}  // namespace orrery::app
