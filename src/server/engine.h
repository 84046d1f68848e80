// The Engine assembles a server: listeners, loops and their threads, and what they share.
//
// Owner   the Server (or a TestServer); it owns threads, loops and connections.
// Thread  start(), stop(), join() from any; the destructor stops and waits.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "net/listener.h"
#include "net/listener_set.h"
#include "net/loop.h"
#include "net/tls_context.h"
#include "net/tls_scratch.h"
#include "server/loop_server.h"
#include "server/node.h"

namespace orrery::server {

class Engine {
 public:
  /// `environment` outlives the engine.
  Engine(ServerOptions options, Environment environment);
  ~Engine();

  void listen(std::string address, std::optional<Tls> tls);
  /// Opens the listeners and starts a thread per loop.
  [[nodiscard]] Result<void> start(const Router& routes);
  /// Serves on a loop that the caller turns, without threads and listeners: for streams that are
  /// given to LoopServer::accept(). The loop outlives the engine.
  [[nodiscard]] Result<LoopServer*> start_on(const Router& routes, net::Loop& loop);
  /// Says goodbye to all sessions; the loops end when they are gone, or when their time is up.
  void stop();
  /// Waits until the loops have ended. Returns at once if none was started.
  void join();

  /// See Server::addresses().
  [[nodiscard]] const std::vector<std::string>& addresses() const { return addresses_; }

 private:
  struct Address;
  struct LoopThread;

  [[nodiscard]] Result<void> set_up();
  void take_down();
  [[nodiscard]] Result<void> open(Address& address);
  [[nodiscard]] Result<void> start_accepting();
  void accept(LoopThread& accepting, const Address& address, net::Descriptor socket,
              const net::PeerAddress& peer);
  [[nodiscard]] LoopThread& home_of_newcomer(LoopThread& accepting);
  void settle(LoopThread& on, const Address& address, net::Descriptor socket,
              const net::PeerAddress& peer);

  Node node_;
  std::vector<std::unique_ptr<Address>> listening_;
  std::vector<std::string> addresses_;
  std::vector<std::unique_ptr<LoopThread>> threads_;
  std::mutex mutex_;    // start() and stop() exclude each other
  std::mutex joining_;  // one joins the threads, the others wait for it
  bool started_ = false;
};

}  // namespace orrery::server
