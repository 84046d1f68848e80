// All of Orrery but its test server, which is <orrery/testing.h>; and the Server itself.
//
// A Server is a set of loops, one per core, that serve one table of routes.
//
//   orrery::Server server;
//   server.websocket("/echo", [](Session& client, Message message) { client.send(message); });
//   return server.listen(9001).run();
//
// Owner   whoever made it; several may live in one process. It never touches signals.
// Thread  declare routes and addresses on one thread, before start(); start(), stop() and join()
// from
//         any. The destructor stops, and waits.
// Errors  a port that is taken, a certificate that can't be read, a route that contradicts another:
//         start() says so, and run() logs it and returns 1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "orrery/address.h"
#include "orrery/limits.h"
#include "orrery/result.h"
#include "orrery/router.h"

namespace orrery {

struct TlsCertificate {
  std::string certificate;
  std::string key;
};

/// Files in PEM, read at start().
struct Tls {
  std::string certificate;  // the chain, leaf first
  std::string key;
  std::string min_version = "1.2";  // or "1.3"
  std::string client_ca{};          // not empty: clients must present a certificate of this CA
  /// Shown to clients that ask for a name of theirs (SNI); all others see the first one, above.
  std::vector<TlsCertificate> more_certificates{};
};

/// Whether the connections of all listeners must begin with a PROXY header, and of which version.
enum class ProxyProtocol : std::uint8_t { off, v1v2 };

/// How loops wait for their sockets. automatic: epoll, and an io_uring that sends to many clients
/// at once where nothing filters system calls. With io_uring start() fails where kernel or sandbox
/// forbid it.
enum class Io : std::uint8_t { automatic, epoll, io_uring };

enum class LogLevel : std::uint8_t { debug, info, warn, error };

struct ServerOptions {
  std::size_t threads = 0;  // loops; 0: one per core that this process may use
  Io io = Io::automatic;
  Limits limits{};  // of every session, unless its route says otherwise
  GearSettings gear_settings{};
  HttpLimits http_limits{};
  std::vector<std::string> origins{"same-origin"};  // see WebsocketRoute::origins()
  /// Open ones at most; a tenth of them may be without a session; more wait in the backlog. 0: what
  /// the process's limit of descriptors allows, less 64, and six for each loop, but half of it at
  /// least.
  std::size_t connections = 0;
  std::map<std::string, PoolLimits> pools{};  // "gear:chat", "tenant:acme"; others: the defaults
  milliseconds callback_budget = 100ms;       // a callback that holds its loop longer is logged
  /// Networks ("10.0.0.0/8"; "unix:" for unix sockets) of proxies whose PROXY header, Forwarded and
  /// X-Forwarded headers are believed.
  std::vector<std::string> trusted_proxies{};
  ProxyProtocol proxy_protocol = ProxyProtocol::off;  // v1v2: others are refused
  bool serve_http = true;                             // false: plain requests get 426
  bool serve_websocket = true;                        // false: no WebSocket routes, 404
  /// Query parameters, and members of JSON, whose values nobody who watches the server is shown.
  /// Queries are logged at debug only.
  std::vector<std::string> redacted{"token",   "access_token",  "refresh_token", "id_token",
                                    "jwt",     "password",      "secret",        "client_secret",
                                    "api_key", "authorization", "cookie"};
  /// Where log lines go; null: to stderr. Called from any thread.
  std::function<void(LogLevel, std::string_view line)> log{};
};

/// What is taken of the limits of an executor pool: see PoolLimits.
struct PoolStatus {
  std::string name{};  // "gear:chat"
  std::size_t sessions = 0, session_limit = 0;
  std::size_t memory_bytes = 0, memory_limit_bytes = 0;
};

/// What a server is doing: for probes and dashboards.
struct ServerStatus {
  bool ready = false;  // accepts newcomers
  bool draining = false;
  std::size_t sessions = 0;
  std::size_t loops = 0;
  bool accepting_paused = false;    // newcomers wait in the kernel for room; the log says why
  std::vector<PoolStatus> pools{};  // by name
  std::map<std::string, std::int64_t> certificates{};  // when each expires: seconds since 1970
};

/// How a drain ended: sessions that were told to go, and those of them that had to be cut.
struct DrainReport {
  std::size_t told = 0;
  std::size_t cut = 0;
};

class Server {
 public:
  explicit Server(ServerOptions options = {});
  Server(Server&&) noexcept;
  ~Server();

  [[nodiscard]] Router& routes() { return routes_; }
  /// Serves a gear below `path`, on one host if given ("example.com" or "*.example.com").
  Server& mount(Gear& gear, std::string_view path, std::string_view host = {});

  // The declarations of Router, for servers that are one gear.
  template <typename T, typename... Args>
  auto websocket(std::string path, Args... arguments) {
    return routes_.websocket<T>(std::move(path), std::move(arguments)...);
  }
  template <typename F>
  auto websocket(std::string path, F handler) {
    return routes_.websocket(std::move(path), std::move(handler));
  }
  Route get(std::string path, HttpHandler handler) {
    return routes_.get(std::move(path), std::move(handler));
  }
  Route files(std::string path, std::string directory) {
    return routes_.files(std::move(path), std::move(directory));
  }

  /// Adds an address: a port on all IPv4 interfaces (0: any free one), "127.0.0.1:9001",
  /// "[::1]:9001", "unix:/run/orrery.sock", or "fd:3": a descriptor that listens already.
  Server& listen(std::uint16_t port, std::optional<Tls> tls = {});
  Server& listen(std::string address, std::optional<Tls> tls = {});

  /// Opens the listeners and starts the loops; returns when clients can connect.
  [[nodiscard]] Result<void> start();
  /// Says goodbye, spread out: no longer ready; after the delay newcomers get 503; on_drain; each
  /// session is closed with 1001 and a hint when to come back; the loops end when all are gone, or
  /// at the deadline. Returns at once. A second call may only hasten the end.
  void drain(const DrainOptions& options = {});
  /// Asks all sessions to go at once, and then ends the loops, within Limits::close_timeout.
  /// Returns at once.
  void stop();
  /// Waits until the loops have ended, and callbacks on workers have returned: one that never does
  /// keeps whoever calls this.
  DrainReport join();

  /// Names and groups of one executor pool, for any thread; it may outlive the server.
  [[nodiscard]] Sender sender(std::string_view pool = "gear:main") const;
  [[nodiscard]] ServerStatus status() const;
  /// What docs/metrics.md lists, in Prometheus' text format (version 0.0.4), for a route of a
  /// listener that the public does not reach. Any thread.
  [[nodiscard]] std::string metrics() const;
  /// The sessions that are open now. Waits for every loop, but not for longer than a quarter of a
  /// second; not from a callback. Any other thread.
  [[nodiscard]] SessionList sessions(const SessionQuery& query = {}) const;
  /// Closes a session with 4002 and this reason; the log says who asked. Waits as sessions() does.
  Asked kick(std::string_view id, std::string_view asked_by, std::string_view reason = "kicked");
  /// Shows `tap` the frames of a session, 50 in a second at most, until it is destroyed or the
  /// session has ended. The log says who asked. Of text the first 512 bytes are shown, without the
  /// values that `redacted` names; of binary nothing. A loop has 16 taps at most. Waits as
  /// sessions() does.
  Asked tap(std::string_view id, std::weak_ptr<FrameTap> tap, std::string_view asked_by);
  /// Takes limits, origins, trusted proxies, pools and the callback budget from `options`, without
  /// disturbing anybody: connections that come later, and requests on plain ones, are held to them;
  /// sessions that are open keep what they began with. Everything else in `options` needs a new
  /// start. An error changes nothing.
  [[nodiscard]] Result<void> reconfigure(const ServerOptions& options);
  /// Reads certificates and keys again, for connections that come later. All are read before any is
  /// used: an error changes nothing.
  [[nodiscard]] Result<void> reload_certificates();
  /// Changes the limits of a pool while it serves, or makes a new one.
  void set_pool(std::string_view pool, const PoolLimits& limits);
  /// Closes the sessions of a pool with 1013, and refuses newcomers with 404.
  void close_pool(std::string_view pool);
  /// start() and join(). 0 after a clean stop, 1 if it could not start.
  int run();

  /// Where clients connect, once started: "http://127.0.0.1:9001", "https://...", "unix:/path".
  [[nodiscard]] std::vector<std::string> addresses() const;

 private:
  Router routes_;
  struct World;
  std::unique_ptr<World> world_;
};

}  // namespace orrery
