// The Engine assembles a server: listeners, loops and their threads, and what they share.
//
// Owner   the Server (or a TestServer); it owns threads, loops and connections.
// Thread  start(), drain(), stop(), join() and what asks or changes from any; the destructor stops
// and
//         waits.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "net/backend.h"
#include "net/listener.h"
#include "net/loop.h"
#include "net/proxy_door.h"
#include "net/ticket_keys.h"
#include "net/tls_scratch.h"
#include "pools/watchdog_thread.h"
#include "server/listening.h"
#include "server/loop_server.h"
#include "server/node.h"

namespace orrery::server {

class Engine {
 public:
  /// `environment` outlives the engine.
  Engine(ServerOptions options, Environment environment);
  ~Engine();

  void listen(std::string address, std::optional<Tls> tls);
  /// Opens the listeners and starts a thread per loop. `routes` outlive the engine.
  [[nodiscard]] Result<void> start(const Router& routes);
  /// Serves on a loop that the caller turns, without threads and listeners: for streams that are
  /// given to LoopServer::accept(). The loop outlives the engine.
  [[nodiscard]] Result<LoopServer*> start_on(const Router& routes, net::Loop& loop);
  /// The same on several; `loops` are numbered from 0 in this order, and outlive the engine.
  [[nodiscard]] Result<std::vector<LoopServer*>> start_on(const Router& routes,
                                                          const std::vector<net::Loop*>& loops);
  /// See Server::drain(). The loops end, all together, when nobody is left on any of them, or at
  /// the deadline.
  void drain(const DrainOptions& options);
  /// At once, and without a hint when to come back.
  void stop();
  /// Waits until the loops have ended, and the workers' callbacks with them. Returns at once if
  /// none was started.
  DrainReport join();

  [[nodiscard]] ServerStatus status() const;
  /// Whether each loop has turned since this was asked before; true the first time. For one thread.
  [[nodiscard]] bool loops_turned();
  /// See Server::metrics().
  [[nodiscard]] std::string metrics() const;
  /// See Server::sessions(), kick() and tap().
  [[nodiscard]] SessionList sessions(const SessionQuery& query) const;
  Asked kick(std::string_view id, std::string_view asked_by, std::string_view reason);
  Asked tap(std::string_view id, std::weak_ptr<FrameTap> tap, std::string_view asked_by);
  [[nodiscard]] Sender sender(std::string_view pool);
  /// See Server::reconfigure(); with the certificates, read again, or without: all or nothing.
  enum class Certificates : bool { stay, again };
  [[nodiscard]] Result<void> reconfigure(const ServerOptions& options,
                                         Certificates certificates = Certificates::stay);
  /// See Server::reload_certificates().
  [[nodiscard]] Result<void> reload_certificates();
  void set_pool(std::string_view pool, const PoolLimits& limits);
  void close_pool(std::string_view pool);

  /// See ServerOptions::connections; never 0.
  [[nodiscard]] std::size_t connection_limit() const { return node_.options.connections; }
  /// How its loops wait for their sockets.
  [[nodiscard]] net::Backend backend() const;
  /// See Server::addresses().
  [[nodiscard]] const std::vector<std::string>& addresses() const { return addresses_; }
  /// The same once started, as they are bound: "0.0.0.0:7512", where a URL names a host to go to.
  [[nodiscard]] std::vector<std::string> bound_addresses() const;

 private:
  struct LoopThread;

  [[nodiscard]] Result<void> prepare(const Router& routes);
  [[nodiscard]] Result<void> renew_certificates();
  [[nodiscard]] Result<std::unique_ptr<const Rules>> rules_for(const ServerOptions& options) const;
  void close_sessions_of(std::string_view pool);
  void change_pools(const std::map<std::string, PoolLimits>& wished);
  [[nodiscard]] Result<void> set_up();
  void take_down();
  [[nodiscard]] Result<void> open(Listening& address);
  [[nodiscard]] Result<void> start_accepting();
  [[nodiscard]] bool has_room(const LoopThread& on) const;
  void accept(LoopThread& accepting, const Listening& address, net::Descriptor socket,
              const net::PeerAddress& peer);
  [[nodiscard]] LoopThread& home_of_newcomer(LoopThread& accepting);
  void settle(LoopThread& on, const Listening& address, net::Descriptor socket,
              const net::PeerAddress& peer);
  void ask_proxy(LoopThread& on, const Listening& address, net::Descriptor socket,
                 const net::PeerAddress& proxy);
  void refuse(LoopThread& on, const net::PeerAddress& peer, observe::Unwelcome cause,
              std::string_view why);
  void serve(LoopThread& on, const Listening& address, net::Descriptor socket,
             const net::PeerAddress& client);

  void watch_callbacks();

  Node node_;
  const std::shared_ptr<net::TicketKeys> tickets_;  // of all listeners
  const Router* routes_ = nullptr;                  // of start()
  std::vector<std::unique_ptr<Listening>> listening_;
  std::vector<std::string> addresses_;
  std::vector<std::unique_ptr<LoopThread>> threads_;
  mutable std::mutex mutex_;  // start(), drain() and status() exclude each other
  std::mutex joining_;        // one joins the threads, the others wait for it
  bool started_ = false;
  bool stop_asked_ = false;
  // Last: they look at the loops.
  std::unique_ptr<pools::HoldWatch> watch_;
  std::unique_ptr<pools::WatchdogThread> watchdog_;
};

}  // namespace orrery::server
