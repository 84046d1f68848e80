#include "server/engine.h"

#include <fmt/format.h>

#include "net/cores.h"
#include "net/epoll_poller.h"
#include "net/tcp_stream.h"
#include "net/tls_stream.h"

namespace orrery::server {

struct Engine::Address {
  std::string text;
  std::optional<Tls> tls;
  std::optional<net::ListenerSet> sockets{};
  std::shared_ptr<const net::TlsContext> context{};
};

// One loop with its thread, its listeners and what its TLS streams share.
struct Engine::LoopThread final : private net::Timer {
  LoopThread(Node& of_node, std::unique_ptr<net::Poller> poller, std::size_t index)
      : node(of_node), loop(of_node.environment.clock, std::move(poller), {.index = index}) {}
  ~LoopThread() = default;

  // On the loop's thread: ends it when everybody is gone, or the time is up.
  void begin_stop() {
    for (auto& listener : listeners) listener->stop_accepting();
    server->stop();
    deadline = loop.now() + node.options.limits.close_timeout + 1s;
    on_timer(loop.now());
  }
  void on_timer(Time now) override {
    if (!server->empty() && now < deadline) {
      loop.timers().arm(*this, now + 20ms);
      return;
    }
    server->cut_off();
    loop.stop();
  }

  Node& node;
  net::Loop loop;
  std::unique_ptr<net::TlsScratch> tls_scratch{};
  LoopServer* server = nullptr;  // the Node's
  std::vector<std::unique_ptr<net::Listener>> listeners{};
  Time deadline{};
  std::thread thread{};
};

namespace {

std::string url_of(const net::ListenAddress& address, bool tls) {
  if (address.is_unix()) return address.text();
  net::ListenAddress shown = address;
  if (shown.host == "0.0.0.0" || shown.host == "*") shown.host = "127.0.0.1";
  if (shown.host == "::") shown.host = "::1";
  return (tls ? "https://" : "http://") + shown.text();
}

}  // namespace

Engine::Engine(ServerOptions options, Environment environment)
    : node_{std::move(options), environment} {}

Engine::~Engine() {
  stop();
  join();
  node_.environment.jobs.stop();
  for (auto& thread : threads_) thread->listeners.clear();
  for (auto& loop : node_.loops) loop->cut_off();  // what on_close publishes meets all loops alive
  node_.loops.clear();
}

void Engine::listen(std::string address, std::optional<Tls> tls) {
  listening_.push_back(std::make_unique<Address>(Address{std::move(address), std::move(tls)}));
}

Result<LoopServer*> Engine::start_on(const Router& routes, net::Loop& loop) {
  auto table = RouteTable::build(routes, node_.options);
  if (!table) return Error{table.error()};
  node_.routes = std::move(*table);
  node_.loops.push_back(std::make_unique<LoopServer>(node_, loop));
  return node_.loops.back().get();
}

Result<void> Engine::start(const Router& routes) {
  const std::lock_guard lock(mutex_);
  if (started_) return Error{"this server was started before"};
  if (node_.stopping) return Error{"this server was stopped before it started"};
  if (listening_.empty()) return Error{"this server has no address: call listen() before start()"};
  auto table = RouteTable::build(routes, node_.options);
  if (!table) return Error{table.error()};
  node_.routes = std::move(*table);
  if (node_.options.threads == 0) node_.options.threads = net::usable_cores();
  const std::lock_guard nobody_joins(joining_);
  if (auto ready = set_up(); !ready) {
    take_down();
    return ready;
  }
  for (auto& each : threads_) each->thread = std::thread([&loop = each->loop] { loop.run(); });
  started_ = true;
  return {};
}

// Listeners and loops, but no thread yet.
Result<void> Engine::set_up() {
  for (auto& address : listening_)
    if (auto opened = open(*address); !opened) return opened;
  for (std::size_t i = 0; i < node_.options.threads; ++i) {
    auto poller = net::EpollPoller::create();
    if (!poller) return Error{poller.error()};
    threads_.push_back(std::make_unique<LoopThread>(node_, std::move(*poller), i));
    node_.loops.push_back(std::make_unique<LoopServer>(node_, threads_.back()->loop));
    threads_.back()->server = node_.loops.back().get();
  }
  return start_accepting();
}

// What a start that failed leaves behind: nothing, so that the next one may succeed.
void Engine::take_down() {
  for (auto& thread : threads_) thread->listeners.clear();
  node_.loops.clear();
  threads_.clear();
  addresses_.clear();
  for (auto& address : listening_) address->sockets.reset();
}

Result<void> Engine::open(Address& address) {
  const auto parsed = net::parse_listen_address(address.text);
  if (!parsed) return Error{parsed.error()};
  auto sockets = net::ListenerSet::open(*parsed, node_.options.threads);
  if (!sockets) return Error{sockets.error()};
  address.sockets.emplace(std::move(*sockets));
  if (address.tls) {
    auto context = net::TlsContext::load({address.tls->certificate, address.tls->key,
                                          address.tls->min_version, address.tls->client_ca});
    if (!context) return Error{context.error()};
    address.context = std::move(*context);
  }
  addresses_.push_back(url_of(address.sockets->address(), address.tls.has_value()));
  return {};
}

Result<void> Engine::start_accepting() {
  for (auto& each : threads_) {
    LoopThread& on = *each;
    for (auto& address : listening_) {
      if (address->context && !on.tls_scratch) on.tls_scratch = std::make_unique<net::TlsScratch>();
      on.listeners.push_back(std::make_unique<net::Listener>(
          on.loop, address->sockets->socket_of(on.loop.index()),
          [this, &on, from = address.get()](net::Descriptor socket, const net::PeerAddress& peer) {
            accept(on, *from, std::move(socket), peer);
          },
          [this](int error) {
            node_.environment.log.warn("accepting pauses: no descriptors or memory left",
                                       {{"errno", error}});
          }));
      if (auto accepting = on.listeners.back()->start_accepting(); !accepting) return accepting;
    }
  }
  return {};
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

void Engine::accept(LoopThread& accepting, const Address& address, net::Descriptor socket,
                    const net::PeerAddress& peer) {
  LoopThread& home = home_of_newcomer(accepting);
  if (&home == &accepting) return settle(home, address, std::move(socket), peer);
  home.loop.post([this, &home, &address, peer, moved = std::move(socket)]() mutable {
    settle(home, address, std::move(moved), peer);
  });
}

void Engine::settle(LoopThread& on, const Address& address, net::Descriptor socket,
                    const net::PeerAddress& peer) {
  std::unique_ptr<net::Stream> stream =
      std::make_unique<net::TcpStream>(on.loop, std::move(socket), peer);
  if (address.context)
    stream = std::make_unique<net::TlsStream>(on.loop, std::move(stream), address.context,
                                              *on.tls_scratch);
  on.server->accept(std::move(stream));
}

void Engine::stop() {
  const std::lock_guard lock(mutex_);
  if (node_.stopping.exchange(true)) return;
  for (auto& each : threads_) each->loop.post([thread = each.get()] { thread->begin_stop(); });
}

void Engine::join() {
  const std::lock_guard alone(joining_);
  for (auto& each : threads_)
    if (each->thread.joinable()) each->thread.join();
}

}  // namespace orrery::server
