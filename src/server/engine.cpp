#include "server/engine.h"

#include <fmt/format.h>

#include "net/backend.h"
#include "net/cores.h"
#include "net/tcp_stream.h"
#include "net/tls_stream.h"
#include "server/accept_pauses.h"
#include "server/metrics.h"
#include "server/operators.h"

namespace orrery::server {

// One loop with its thread, its listeners and what its TLS streams share; or one that the caller
// of start_on() turns.
struct Engine::LoopThread final : private net::Timer {
  LoopThread(Node& of_node, std::unique_ptr<net::Poller> poller, std::size_t index)
      : node(of_node),
        own_loop(std::make_unique<net::Loop>(of_node.environment.clock, std::move(poller),
                                             net::LoopOptions{.index = index})),
        loop(*own_loop) {}
  LoopThread(Node& of_node, net::Loop& of_caller) : node(of_node), loop(of_caller) {}
  ~LoopThread() = default;

  // On the loop's thread. A later call may only hasten the end.
  void begin_drain(const DrainOptions& wished, Time asked) {
    const bool again = deadline != Time::max();
    deadline = std::min(deadline, asked + wished.deadline);
    goodbye_at = std::min(goodbye_at, asked + wished.delay);
    spread = again ? std::min(spread, wished.spread) : wished.spread;
    reconnect_spread =
        again ? std::min(reconnect_spread, wished.reconnect_spread) : wished.reconnect_spread;
    on_timer(loop.now());
  }

  // Nobody is refused by the kernel while others still say goodbye: all loops end together.
  void on_timer(Time now) override {
    if (now >= goodbye_at) {
      server->drain(spread, reconnect_spread);
      for (net::Listener* each : lasting) each->stop_accepting();
      goodbye_at = Time::max();
    }
    const bool gone = server->draining() && server->empty();
    if (gone && !std::exchange(done, true)) ++node.loops_done;
    if (now >= deadline) cut = server->cut_off();
    if (now < deadline && node.loops_done < node.loops.size())
      return loop.timers().arm(*this, std::min(now + 20ms, std::min(goodbye_at, deadline)));
    for (auto& listener : listeners) listener->stop_accepting();
    server->cut_off();
    loop.stop();
  }

  void close_listeners() {
    lasting.clear();
    listeners.clear();
  }

  Node& node;
  const std::unique_ptr<net::Loop> own_loop{};
  net::Loop& loop;
  std::unique_ptr<net::TlsScratch> tls_scratch{};
  LoopServer* server = nullptr;  // the Node's
  std::vector<std::unique_ptr<net::Listener>> listeners{};
  std::vector<net::Listener*> lasting{};       // whose newcomers may wait for our successor
  std::optional<net::ProxyDoor> proxy_door{};  // where connections begin with a PROXY header
  Time deadline = Time::max();
  Time goodbye_at = Time::max();
  milliseconds spread{0};
  milliseconds reconnect_spread{0};
  std::size_t cut = 0;
  bool done = false;
  std::atomic<bool> turned{true};  // since loops_turned() asked
  std::thread thread{};
};

Node::Node(ServerOptions with, Environment in)
    : options(std::move(with)),
      environment(std::move(in)),
      pools(options.pools, environment.make_workers),
      registry(registry::Registry::alone(environment.clock, environment.random,
                                         {.loops = options.threads})) {}

std::size_t Node::connections() const {
  std::size_t sum = 0;
  for (const auto& loop : loops) sum += loop->load();
  return sum;
}

namespace {

// What is no client: files that are served, listeners of others, the log; then, for each loop, its
// listener, its poller, its waker and its alarm, and a ring that sends and a file at a time.
constexpr std::uint64_t reserved_descriptors = 64, reserved_for_each_loop = 6;

ServerOptions completed(ServerOptions options) {
  if (options.threads == 0) options.threads = net::usable_cores();
  if (options.connections == 0) {
    const std::uint64_t limit = net::descriptor_limit();
    const std::uint64_t reserved = reserved_descriptors + options.threads * reserved_for_each_loop;
    options.connections = limit - std::min(limit / 2, reserved);
  }
  return options;
}

}  // namespace

Engine::Engine(ServerOptions options, Environment environment)
    : node_(completed(std::move(options)), std::move(environment)),
      tickets_(std::make_shared<net::TicketKeys>(node_.environment.clock)) {}

Engine::~Engine() {
  stop();
  (void)join();
  node_.environment.jobs.stop();
  node_.pools.stop();
  if (watchdog_) watchdog_->stop();
  for (auto& thread : threads_) {
    thread->close_listeners();
    thread->proxy_door.reset();
  }
  for (auto& loop : node_.loops) loop->cut_off();  // what on_close publishes meets all loops alive
  node_.registry->stop();
  node_.loops.clear();
}

void Engine::listen(std::string address, std::optional<Tls> tls) {
  listening_.push_back(std::make_unique<Listening>(std::move(address), std::move(tls)));
}

// What the options and the routes mean, before anything is opened.
Result<void> Engine::prepare(const Router& routes) {
  routes_ = &routes;
  auto rules = rules_for(node_.options);
  if (!rules) return Error{rules.error()};
  node_.rules.push_back(std::move(*rules));
  return {};
}

Result<std::unique_ptr<const Rules>> Engine::rules_for(const ServerOptions& options) const {
  auto trusted = net::Networks::parse(options.trusted_proxies);
  if (!trusted) return Error{"trusted proxies: " + trusted.error()};
  if (node_.options.proxy_protocol != ProxyProtocol::off && trusted->empty())
    return Error{
        "server.trustedProxies: this server was started with the PROXY protocol, so some proxy "
        "must "
        "be trusted until it is started again"};
  auto table = RouteTable::build(*routes_, options);
  if (!table) return Error{table.error()};
  return std::make_unique<const Rules>(
      Rules{std::move(*table), std::move(*trusted), options.http_limits});
}

Result<LoopServer*> Engine::start_on(const Router& routes, net::Loop& loop) {
  auto servers = start_on(routes, {&loop});
  if (!servers) return Error{servers.error()};
  return servers->front();
}

Result<std::vector<LoopServer*>> Engine::start_on(const Router& routes,
                                                  const std::vector<net::Loop*>& loops) {
  if (auto read = prepare(routes); !read) return Error{read.error()};
  std::vector<LoopServer*> servers;
  for (net::Loop* const loop : loops) {
    threads_.push_back(std::make_unique<LoopThread>(node_, *loop));
    node_.loops.push_back(std::make_unique<LoopServer>(node_, *loop));
    servers.push_back(threads_.back()->server = node_.loops.back().get());
  }
  node_.ready = true;
  return servers;
}

Result<void> Engine::start(const Router& routes) {
  const std::lock_guard lock(mutex_);
  if (started_) return Error{"this server was started before"};
  if (stop_asked_) return Error{"this server was stopped before it started"};
  if (listening_.empty()) return Error{"this server has no address: call listen() before start()"};
  if (auto read = prepare(routes); !read) return Error{read.error()};
  const std::lock_guard nobody_joins(joining_);
  if (auto ready = set_up(); !ready) {
    take_down();
    return ready;
  }
  watch_callbacks();
  for (auto& each : threads_) each->thread = std::thread([&loop = each->loop] { loop.run(); });
  started_ = true;
  node_.ready = true;
  return {};
}

// What holds a loop is told while it does.
void Engine::watch_callbacks() {
  std::vector<const pools::Holding*> loops;
  for (const auto& loop : node_.loops) loops.push_back(&loop->holding());
  watch_ = std::make_unique<pools::HoldWatch>(
      loops, node_.options.callback_budget, [this](const pools::HeldLoop& held) {
        node_.environment.log.warn("a callback holds its loop", {{"gear", held.gear},
                                                                 {"route", held.route},
                                                                 {"loop", held.loop},
                                                                 {"ms", held.held.count()}});
      });
  watchdog_ = std::make_unique<pools::WatchdogThread>(*watch_, node_.environment.clock);
}

net::Backend Engine::backend() const {
  switch (node_.options.io) {
    case Io::epoll: return net::Backend::epoll;
    case Io::io_uring: return net::Backend::io_uring;
    case Io::automatic: break;
  }
  return net::automatic_backend();
}

// Listeners and loops, but no thread yet.
Result<void> Engine::set_up() {
  for (auto& address : listening_)
    if (auto opened = open(*address); !opened) return opened;
  for (std::size_t i = 0; i < node_.options.threads; ++i) {
    auto poller = net::create_poller(backend());
    if (!poller) return Error{"server.io: " + poller.error()};
    threads_.push_back(std::make_unique<LoopThread>(node_, std::move(*poller), i));
    node_.loops.push_back(std::make_unique<LoopServer>(node_, threads_.back()->loop));
    threads_.back()->server = node_.loops.back().get();
  }
  return start_accepting();
}

// What a start that failed leaves behind: nothing, so that the next one may succeed.
void Engine::take_down() {
  for (auto& thread : threads_) thread->close_listeners();
  node_.loops.clear();
  threads_.clear();
  addresses_.clear();
  for (auto& address : listening_) address->close();
}

Result<void> Engine::open(Listening& address) {
  net::ListenerOptions options;  // the kernel is more patient than any route
  const milliseconds patience = node_.rules.back()->routes->longest_write_timeout() * 2;
  options.give_up_after = std::max(options.give_up_after, patience);
  auto opened = address.open(node_.options.threads, options, tickets_);
  if (opened) addresses_.push_back(address.url());
  return opened;
}

Result<void> Engine::start_accepting() {
  for (auto& each : threads_) {
    LoopThread& on = *each;
    if (node_.options.proxy_protocol != ProxyProtocol::off)
      on.proxy_door.emplace(on.loop, node_.options.http_limits.proxy_timeout,
                            [this, &on](const auto& proxy, auto refusal, std::string_view why) {
                              const bool late = refusal == net::ProxyDoor::Refusal::late;
                              refuse(on, proxy,
                                     late ? observe::Unwelcome::late_proxy_header
                                          : observe::Unwelcome::bad_proxy_header,
                                     why);
                            });
    for (auto& address : listening_) {
      if (address->speaks_tls() && !on.tls_scratch)
        on.tls_scratch = std::make_unique<net::TlsScratch>();
      on.listeners.push_back(std::make_unique<net::Listener>(
          on.loop, address->socket_of(on.loop.index()),
          [this, &on, from = address.get()](net::Descriptor socket, const net::PeerAddress& peer) {
            accept(on, *from, std::move(socket), peer);
          },
          [&on](int error) { accepting_pauses(*on.server, error); },
          [&on] { accepting_goes_on(*on.server); }, [this, &on] { return has_room(on); }));
      if (address->outlives_us()) on.lasting.push_back(on.listeners.back().get());
      if (auto accepting = on.listeners.back()->start_accepting(); !accepting) return accepting;
    }
  }
  return {};
}

// Who waits at a proxy door is a stranger too.
bool Engine::has_room(const LoopThread& on) const {
  std::size_t connections = node_.connections();
  for (const auto& each : threads_)
    if (each->proxy_door) connections += each->proxy_door->waiting();
  const std::size_t waiting = on.proxy_door ? on.proxy_door->waiting() : 0;
  return on.server->strangers() + waiting < node_.strangers_per_loop() &&
         connections < node_.options.connections;
}

// A loop that has many more connections than the mean hands newcomers to the one with the fewest,
// before any session exists: the kernel spreads by chance, and not at all over a shared socket.
Engine::LoopThread& Engine::home_of_newcomer(LoopThread& accepting) {
  LoopThread* calmest = &accepting;
  std::size_t sum = 0;
  for (auto& each : threads_) {
    const std::size_t load = each->server->load();
    sum += load;
    if (load < calmest->server->load()) calmest = each.get();
  }
  const std::size_t mean = sum / threads_.size();
  const bool well_above = accepting.server->load() > mean + mean / 4 + 16;
  return well_above ? *calmest : accepting;
}

void Engine::accept(LoopThread& accepting, const Listening& address, net::Descriptor socket,
                    const net::PeerAddress& peer) {
  LoopThread& home = home_of_newcomer(accepting);
  if (&home == &accepting) return settle(home, address, std::move(socket), peer);
  home.loop.post([this, &home, &address, peer, moved = std::move(socket)]() mutable {
    settle(home, address, std::move(moved), peer);
  });
}

void Engine::settle(LoopThread& on, const Listening& address, net::Descriptor socket,
                    const net::PeerAddress& peer) {
  if (on.proxy_door) return ask_proxy(on, address, std::move(socket), peer);
  serve(on, address, std::move(socket), peer);
}

void Engine::ask_proxy(LoopThread& on, const Listening& address, net::Descriptor socket,
                       const net::PeerAddress& proxy) {
  if (!on.server->rules().trusted.contain(proxy.peer().address))
    return refuse(on, proxy, observe::Unwelcome::untrusted_proxy, "no trusted proxy");
  on.proxy_door->wait_for_header(
      std::move(socket), proxy,
      [this, &on, &address](net::Descriptor known, const net::PeerAddress& client) {
        serve(on, address, std::move(known), client);
      });
}

// Its socket is closed by whoever holds it.
void Engine::refuse(LoopThread& on, const net::PeerAddress& peer, observe::Unwelcome cause,
                    std::string_view why) {
  on.server->counters().connections_refused[static_cast<std::size_t>(cause)].add();
  node_.environment.log.info("connection refused",
                             {{"cause", why}, {"remote", peer.peer().address}});
}

void Engine::serve(LoopThread& on, const Listening& address, net::Descriptor socket,
                   const net::PeerAddress& client) {
  std::unique_ptr<net::Stream> stream =
      std::make_unique<net::TcpStream>(on.loop, std::move(socket), client);
  if (address.speaks_tls())
    stream = std::make_unique<net::TlsStream>(on.loop, std::move(stream), address.context(),
                                              *on.tls_scratch);
  on.server->accept(std::move(stream));
}

void Engine::drain(const DrainOptions& options) {
  const std::lock_guard lock(mutex_);
  stop_asked_ = true;
  node_.ready = false;
  node_.draining = true;
  const Time now = node_.environment.clock.now();  // a loop may be held, and hear of it late
  for (auto& each : threads_)
    each->loop.post([thread = each.get(), options, now] { thread->begin_drain(options, now); });
}

void Engine::stop() {
  drain({.delay = 0s,
         .spread = 0s,
         .reconnect_spread = 0s,
         .deadline = node_.options.limits.close_timeout + 1s});
}

DrainReport Engine::join() {
  const std::lock_guard alone(joining_);
  DrainReport report;
  for (auto& each : threads_) {
    if (each->thread.joinable()) each->thread.join();
    report.told += each->server->told();
    report.cut += each->cut;
  }
  if (started_) node_.pools.stop();  // callbacks on workers end too
  return report;
}

ServerStatus Engine::status() const {
  const std::lock_guard lock(mutex_);
  ServerStatus status = status_of(node_);
  for (const auto& address : listening_) address->add_expiries(status.certificates);
  return status;
}

// A loop that has not answered yet is not asked again.
bool Engine::loops_turned() {
  bool all = true;
  for (auto& each : threads_) {
    if (each->turned.exchange(false))
      each->loop.post([thread = each.get()] { thread->turned = true; });
    else
      all = false;
  }
  return all;
}

std::string Engine::metrics() const {
  const std::lock_guard lock(mutex_);
  observe::MetricValues values;
  add_metrics(node_, values);
  std::map<std::string, std::int64_t> expiries;
  for (const auto& address : listening_) address->add_expiries(expiries);
  for (const auto& [certificate, moment] : expiries)
    values.add(observe::metrics::tls_not_after, {{"certificate", certificate}},
               static_cast<double>(moment));
  return values.text();
}

SessionList Engine::sessions(const SessionQuery& query) const {
  return list_sessions(node_, query);
}
Asked Engine::kick(std::string_view id, std::string_view asked_by, std::string_view reason) {
  return server::kick(node_, id, asked_by, reason);
}
Asked Engine::tap(std::string_view id, std::weak_ptr<FrameTap> tap, std::string_view asked_by) {
  return server::tap(node_, id, std::move(tap), asked_by);
}

Sender Engine::sender(std::string_view pool) {
  return Sender(node_.registry, node_.registry->scope(pool));
}

Result<void> Engine::reconfigure(const ServerOptions& options, Certificates certificates) {
  const std::lock_guard lock(mutex_);
  if (!routes_) return Error{"this server has not started"};
  auto rules = rules_for(options);
  if (!rules) return Error{rules.error()};
  if (certificates == Certificates::again) {  // the last that can fail
    auto read = renew_certificates();
    if (!read) return Error{"server.tls: " + read.error()};
  }
  node_.rules.push_back(std::move(*rules));
  for (auto& loop : node_.loops)
    loop->loop().post([to = loop.get(), now = node_.rules.back().get()] { to->follow(*now); });
  if (watch_) watch_->set_budget(options.callback_budget);
  change_pools(options.pools);
  return {};
}

// A pool that is not configured any more has the defaults again, or closes if it is a tenant's.
void Engine::change_pools(const std::map<std::string, PoolLimits>& wished) {
  for (const auto& [name, limits] : node_.options.pools) {
    if (wished.contains(name)) continue;
    if (name.starts_with("tenant:"))
      close_sessions_of(name);
    else
      set_pool(name, {});
  }
  for (const auto& [name, limits] : wished) set_pool(name, limits);
  node_.options.pools = wished;
}

Result<void> Engine::reload_certificates() {
  const std::lock_guard lock(mutex_);
  return renew_certificates();
}

// All are read before any is used.
Result<void> Engine::renew_certificates() {
  std::vector<std::pair<Listening*, std::shared_ptr<const net::TlsContext>>> fresh;
  for (auto& address : listening_) {
    if (!address->speaks_tls()) continue;
    auto context = address->read_certificates(tickets_);
    if (!context) return Error{context.error()};
    fresh.emplace_back(address.get(), std::move(*context));
  }
  bool changed = false;
  for (auto& [address, context] : fresh) changed |= address->use(std::move(context));
  if (changed) node_.environment.log.info("certificates have changed", {{"shown_to", "newcomers"}});
  return {};
}

std::vector<std::string> Engine::bound_addresses() const {
  std::vector<std::string> all;
  for (const auto& address : listening_) all.push_back(address->bound());
  return all;
}

void Engine::set_pool(std::string_view pool, const PoolLimits& limits) {
  if (!node_.pools.set(pool, limits))
    node_.environment.log.error("no pool has this name", {{"pool", observe::quoted(pool)}});
}

void Engine::close_pool(std::string_view name) {
  const std::lock_guard lock(mutex_);
  close_sessions_of(name);
}

void Engine::close_sessions_of(std::string_view name) {
  const pools::Pool* const pool = node_.pools.close(name);
  if (!pool) return;
  for (auto& loop : node_.loops)
    loop->loop().post([server = loop.get(), pool] { server->close_pool(*pool); });
}

}  // namespace orrery::server
