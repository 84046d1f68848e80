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
#include "apps/orrery/check.h"
#include "apps/orrery/exit_deadline.h"
#include "apps/orrery/file_watch.h"
#include "apps/orrery/passed_sockets.h"
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

// Beyond what fits newcomers wait in the kernel, unanswered, where a full pool would say 503.
void warn_of_few_descriptors(const config::Tree& tree, std::uint64_t fit, observe::Log& log) {
  const std::uint64_t allowed = largest_pool(tree);
  if (fit >= allowed) return;
  log.warn("fewer sessions fit than a pool allows",
           {{"fit", fit},
            {"pool_allows", allowed},
            {"cure",
             "lower pools.*.maxConnections, or raise the limit of descriptors: see `orrery "
             "doctor`"}});
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

// Where the server and its admin listener listen, on sockets of systemd too.
Result<Places> places_of(const config::Tree& tree, observe::Log& log) {
  auto wished = listeners(tree.server);
  if (!wished) return Error{wished.error()};
  auto passed = PassedSockets::of(PassedEnvironment::of_this_process(), ::getpid());
  if (!passed) return Error{passed.error()};
  auto places = put_sockets({std::move(*wished), admin_address(tree.admin)}, *passed);
  if (places && !passed->left().empty())
    log.warn("no address takes these sockets of systemd",
             {{"names", fmt::format("{}", fmt::join(passed->left(), ","))}});
  return places;
}

std::string serving_at(const server::Engine& engine) {
  return fmt::format("serving at {}", fmt::join(engine.addresses(), ", "));
}

// What the service manager hears about a reload, unless the server starts or drains.
Reload::Parts reload_parts(const ReadConfiguration& read, Goodbye& goodbye, server::Engine& engine,
                           const ServiceNotices& notices, const Clock& clock,
                           observe::SpdlogLog& log) {
  return {read,
          [&goodbye](const auto& drain) { goodbye.set_options(drain); },
          [&engine, &notices, &clock] {
            if (engine.status().ready) notices.reloading(clock.stopwatch());
          },
          [&engine, &notices] {
            if (engine.status().ready) notices.ready(serving_at(engine));
          },
          engine,
          log};
}

std::vector<std::string> certificate_files(const config::Server& server) {
  std::vector<std::string> files;
  for (const auto& tls : server.tls)
    for (const std::string& file : {tls.certificate, tls.key, tls.client_ca})
      if (!file.empty()) files.push_back(file);
  return files;
}

// 422: the file was read, and what it says can't be done (RFC 9110 §15.5.21).
Response answer_to(const ReloadReport& report) {
  return Response::json(as_json(report), report.errors.empty() ? 200 : 422);
}

struct Wishes {
  std::function<void()> drain;
  std::function<Response()> reload;
};

// The engine tells nothing before it has started.
admin::NodeControl control_of(server::Engine& engine, const std::atomic<bool>& started,
                              Wishes wishes) {
  return {.status = [&] { return started ? engine.status() : ServerStatus{}; },
          .metrics = [&] { return started ? engine.metrics() : std::string(); },
          .drain = std::move(wishes.drain),
          .reload = std::move(wishes.reload),
          .sessions =
              [&](const SessionQuery& query) {
                return started ? engine.sessions(query) : SessionList{};
              },
          .kick =
              [&](auto id, auto by) {
                return started ? engine.kick(id, by, "kicked") : Asked::no_such_session;
              },
          .tap =
              [&](auto id, auto tap, auto by) {
                return started ? engine.tap(id, std::move(tap), by) : Asked::no_such_session;
              }};
}

// What runs, and what may become of it.
struct Running {
  const config::Tree& tree;
  server::Engine& engine;
  Goodbye& goodbye;
  Reload& reload;
  const ServiceNotices& notices;
  FileWatch& certificates;
};

// Until a drain has ended. Signals are heard meanwhile, and certificates watched.
Result<DrainReport> serve_to_the_end(const Running& running, const BlockedSignals& signals,
                                     const ServiceEnvironment& service) {
  SignalWatch::Between between;
  if (running.tree.server.uses_tls())
    between = {FileWatch::step, [&] { running.certificates.look(); }};
  SignalWatch watch(
      signals,
      [&](std::string_view signal) {
        if (signal == "SIGHUP")
          (void)running.reload.run(signal);
        else
          running.goodbye.ask(signal);
      },
      static_cast<int>(cli::Exit::failed), std::move(between));
  if (const auto watching = watch.start(); !watching) return Error{watching.error()};
  running.notices.ready(serving_at(running.engine));
  std::optional<Watchdog> watchdog;
  if (const auto step = pulse_of(service, ::getpid()))
    watchdog.emplace(running.notices, *step, [&] { return running.engine.loops_turned(); });
  return running.engine.join();
}

}  // namespace

std::string_view version() {
  return ORRERY_VERSION;
}

cli::Exit serve(const ReadConfiguration& read, std::ostream& out, std::ostream& log_out) {
  const config::Loaded configuration = looked_through(read());
  if (!configuration.ok()) return refuse(configuration, log_out);
  const config::Tree& tree = configuration.tree;
  const BlockedSignals signals;
  const SystemClock clock;
  observe::SpdlogLog log(log_options(tree.log), log_out);
  log_remarks(configuration, log);
  const std::uint64_t descriptors = net::raise_descriptor_limit();

  const Mounted mounted = mount_gears(tree);
  server::ThreadJobs jobs;
  websocket::SecureRandom random;
  const auto make_workers = [](const pools::WorkerLimits& limits) {
    return std::make_unique<pools::ThreadWorkers>(limits);
  };
  ExitDeadline last([&] { leave_behind(log); });
  server::Engine engine(server_options(tree), {clock, log, jobs, random, make_workers});
  const auto places = places_of(tree, log);
  if (!places) return fail(log, places.error());
  for (const auto& [address, tls] : places->listeners) engine.listen(address, tls);

  const auto service = ServiceEnvironment::of_this_process();
  const auto notices = ServiceNotices::open(service);
  if (!notices) return fail(log, notices.error());
  Goodbye goodbye(engine, last, tree.drain, *notices, log);
  Reload reload(reload_parts(read, goodbye, engine, *notices, clock, log), tree);
  std::atomic<bool> started{false};
  const admin::NodeControl control =
      control_of(engine, started,
                 {[&] { goodbye.ask("admin"); }, [&] { return answer_to(reload.run("admin")); }});
  FileWatch certificates(certificate_files(tree.server), [&] { reload.read_certificates(); });
  AdminListener admin(places->admin, tree.admin.token, control, log);
  if (const auto ready = admin.start(); !ready) return fail(log, ready.error());
  if (const auto ready = engine.start(mounted.routes); !ready) return fail(log, ready.error());
  started = true;
  log.info("START", {{"version", version()},
                     {"gears", mounted.gears.size()},
                     {"io", net::name_of(engine.backend())},
                     {"listening", fmt::format("{}", fmt::join(engine.bound_addresses(), ","))},
                     {"descriptors", descriptors},
                     {"sessions_fit", engine.connection_limit()}});
  warn_of_few_descriptors(tree, engine.connection_limit(), log);
  announce(engine, admin, out);

  const auto report =
      serve_to_the_end({tree, engine, goodbye, reload, *notices, certificates}, signals, service);
  if (!report) return fail(log, report.error());
  log.info("drained", {{"told", report->told}, {"cut", report->cut}});
  out << fmt::format("drained: {} told, {} cut\n", report->told, report->cut);
  out.flush();
  return cli::Exit::ok;
}

}  // namespace orrery::app
