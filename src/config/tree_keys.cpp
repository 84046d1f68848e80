// What every other part of the configuration accepts.
#include "config/forms.h"
#include "config/tree.h"

namespace orrery::config {
namespace {

constexpr std::uint64_t day = 24ull * 3'600'000;
constexpr std::uint64_t gibibyte = 1ull << 30;
constexpr Range any_port{0, 65'535};

// The same field under a second path, where somebody may look for it.
Key also(std::string_view same_as, Key key) {
  key.same_as = same_as;
  return key;
}

Key head_bytes(Server& s) {
  return {"maxHeadBytes", Size{&s.max_head_bytes, {512, 1 << 20}},
          "The largest head of a request (its first line and headers); more gets 431."};
}
Key http_idle(Server& s) {
  return {"httpIdleTimeout", Duration{&s.http_idle_timeout, {1, day}},
          "How long a connection without a WebSocket may be silent between two requests."};
}
Key body_timeout(Server& s) {
  return {"bodyTimeout", Duration{&s.body_timeout, {1, day}},
          "The time that a request's body may take; more gets 408."};
}
Key callback_budget(Server& s) {
  return {"callbackBudget", Duration{&s.callback_budget, {1, day}},
          "A callback that holds its loop longer is reported in the log, with its gear and route."};
}

Keys http_keys(Server& s) {
  return {{"enabled", Flag{&s.protocols.http.enabled},
           "Whether plain HTTP requests are served. If not, they get 426."},
          also("server.maxHeadBytes", head_bytes(s)),
          also("server.httpIdleTimeout", http_idle(s)),
          also("server.bodyTimeout", body_timeout(s))};
}

Keys websocket_keys(Server& s) {
  return join(keys_of(s.protocols.websocket), {also("server.maxHeadBytes", head_bytes(s)),
                                               also("server.httpIdleTimeout", http_idle(s)),
                                               also("server.bodyTimeout", body_timeout(s)),
                                               also("server.callbackBudget", callback_budget(s))});
}

Keys protocol_keys(Server& s) {
  return {{"http", Section{http_keys(s)}, "Plain HTTP."},
          {"websocket", Section{websocket_keys(s)},
           "WebSocket (RFC 6455). The limits are those of one session; a route may set its own."}};
}

Keys gear_keys(Gear& gear) {
  return {{"mount", Text{&gear.mount, mount_path}, "The path that the gear's routes stand below."},
          {"hosts", TextList{&gear.hosts, host_pattern},
           "The hosts that the gear serves, by the Host header. None: all."}};
}

Keys realtime_keys(RealtimeGear& gear) {
  return join(gear_keys(gear),
              {{"store", Text{&gear.store, any_text},
                "Where documents and users are kept: \"memory\", the path of a file, or "
                "\"postgres://...\"."},
               {"history", Count{&gear.history, {0, 1'000'000}},
                "Notifications that each room keeps for clients that come back. 0: none."},
               {"restrictAnonymous", Flag{&gear.restrict_anonymous},
                "Whether a client that has not signed in may do only what its role allows."},
               {"secret", Text{&gear.secret, secret_text},
                "What tokens are signed with. Empty: made once and kept in the store."}});
}

Keys gears_keys(Gears& gears) {
  return {{"echo", Section{gear_keys(gears.echo), &gears.echo.listed},
           "Returns every message as it came; at echo/groups/NAME, to all others of the group."},
          {"chat", Section{gear_keys(gears.chat), &gears.chat.listed},
           "Rooms to talk in, with a page for the browser."},
          {"realtime", Section{later(realtime_keys(gears.realtime)), &gears.realtime.listed},
           "Kuzzle's protocol. At \"/\" it shares the path with the home page: plain requests get "
           "the page, WebSockets the gear.",
           Acts::later}};
}

Keys cluster_keys(Cluster& cluster) {
  return later({{"engine", choice(cluster.engine, {"local", "nats"}),
                 "What joins the nodes of a cluster: nothing, or NATS."},
                {"servers", TextList{&cluster.servers, any_text},
                 "The engine's servers, such as \"nats://10.0.0.1:4222\"."},
                {"token", Text{&cluster.token, secret_text}, "What the engine knows this node by."},
                {"nkey", Text{&cluster.nkey, file_path},
                 "A file with the node's NKey seed, instead of a token."},
                {"tls", Section{keys_of(cluster.tls)}, "TLS to the engine's servers."},
                {"leaseTime", Duration{&cluster.lease_time, {5'000, 300'000}},
                 "How long the names of a node that died silently stay taken."}});
}

Keys admin_keys(Admin& admin) {
  return {{"address", Text{&admin.address, host_address},
           "Where the admin listener listens. Other than loopback needs a token. \"systemd:NAME\": "
           "the socket of that name that systemd opened; commands look for it at 127.0.0.1."},
          {"port", Count{&admin.port, any_port}, "Its port. 0: any free one, printed."},
          {"token", Text{&admin.token, secret_text},
           "What its callers must show, as \"Authorization: Bearer TOKEN\"; others get 401. "
           "Empty: nothing."}};
}

Keys drain_keys(Drain& drain) {
  return {{"delay", Duration{&drain.delay, {0, day}},
           "How long newcomers are still served once the node says that it is not ready."},
          {"spread", Duration{&drain.spread, {0, day}},
           "Over how long the sessions are told to go, evenly. 0: at once."},
          {"reconnectSpread", Duration{&drain.reconnect_spread, {0, day}},
           "Over how long the told clients should come back."},
          {"deadline", Duration{&drain.deadline, {0, day}},
           "After which sessions that are still open are cut."}};
}

Keys log_keys(Log& log) {
  return {
      {"level", choice(log.level, {"debug", "info", "warn", "error"}),
       "The least important lines that are written."},
      {"format", choice(log.format, {"text", "json"}), "How the lines look."},
      {"redact", TextList{&log.redact, redacted_name},
       "Query parameters and members of JSON whose values nobody is shown: not in the log, which "
       "has the queries of refused requests at debug, not among the sessions, not by the tap."}};
}

}  // namespace

Keys keys_of(Tls& tls) {
  return {{"certificate", Text{&tls.certificate, file_path},
           "PEM file with the certificate and its chain. Empty: no TLS."},
          {"key", Text{&tls.key, file_path}, "PEM file with the certificate's private key."},
          {"minVersion", Text{&tls.min_version, tls_version}, "The oldest version spoken."},
          {"clientCa", Text{&tls.client_ca, file_path},
           "PEM file with the authorities that clients' certificates must come from. Empty: "
           "clients need none."}};
}

Keys keys_of(Pool& pool) {
  return {
      {"gears", TextList{&pool.gears, gear_name},
       "The gears that may use the pool of a tenant. Those of a gear have it to themselves."},
      {"maxConnections", Count{&pool.max_connections, {0, 100'000'000}},
       "Sessions on one node; more get 503."},
      {"maxConnectionsInCluster", Count{&pool.max_connections_in_cluster, {0, 1'000'000'000}},
       "Sessions on all nodes together; more get 503. 0: as many as the nodes allow.", Acts::later},
      {"workers", Count{&pool.workers, {0, 1'024}}, "Threads for blocking handlers."},
      {"workerQueue", Count{&pool.worker_queue, {1, 10'000'000}},
       "Callbacks that may wait for a worker; then their sessions are not read."},
      {"maxMemory", Size{&pool.max_memory, {1 << 20, 1024 * gibibyte}},
       "Bytes of all buffers of its sessions; then newcomers get 503, and a session that "
       "needs more is closed with 1013."}};
}

Keys keys_of(Server& s) {
  return {
      {"port", Count{&s.port, any_port},
       "The port of HTTP and WebSocket alike. 0: any free one, printed at start."},
      {"address", TextList{&s.address, listen_address},
       "Where to listen. An address may carry a port of its own. \"systemd\": the sockets that "
       "systemd has opened (orrery.socket), \"systemd:NAME\": those of one FileDescriptorName=."},
      {"threads", Count{&s.threads, {0, 1'024}},
       "Event loops, each on a thread of its own. 0: one per core that the process may use."},
      {"io", choice(s.io, {"auto", "epoll", "io_uring"}),
       "How the loops wait for their sockets. auto: epoll, and an io_uring that sends to many at "
       "once, where the kernel has one and nothing filters system calls. epoll: that alone. "
       "io_uring: it receives and answers small messages, too; where the kernel or a sandbox "
       "forbids it, the start is refused."},
      {"maxRequestSize", Size{&s.max_request_size, {1, 4 * gibibyte}},
       "The largest body of an HTTP request; more gets 413."},
      head_bytes(s),
      http_idle(s),
      body_timeout(s),
      callback_budget(s),
      {"tls", section_list(s.tls),
       "Certificates: with one, all TCP listeners speak TLS. A list of them is chosen from by the "
       "name that the client asks for (SNI); whoever asks for another sees the first, whose "
       "minVersion and clientCa count for all."},
      {"proxyProtocol", choice(s.proxy_protocol, {"off", "v1v2"}),
       "Whether every connection must begin with a PROXY header, version 1 or 2, from one of "
       "trustedProxies, which says who the client is. All others are closed."},
      {"proxyTimeout", Duration{&s.proxy_timeout, {1, day}},
       "The time from accepting a connection to the end of its PROXY header; more is closed."},
      {"trustedProxies", TextList{&s.trusted_proxies, network},
       "The proxies that are believed when a PROXY header, Forwarded or X-Forwarded-For, "
       "-Proto and -Host say who the client is and what it asked for: networks, addresses, or "
       "\"unix:\" for "
       "whoever connects to a unix socket."},
      {"protocols", Section{protocol_keys(s)}, "The protocols of the listeners."},
  };
}

Keys keys_of(Tree& tree) {
  return {
      {"$schema", Text{&tree.schema, any_text},
       "Where editors find the schema of this file: the output of `orrery config schema`."},
      {"unknownKeys", choice(tree.unknown_keys, {"refuse", "warn"}),
       "Whether a key that nobody knows stops the start, or is only mentioned."},
      {"server", Section{keys_of(tree.server)}, "What clients connect to."},
      {"pools", table(tree.pools, pool_name, "tenant:NAME"),
       "Executor pools and their limits: \"gear:NAME\" for all of a gear, \"tenant:ID\" for one "
       "tenant."},
      {"gears", Section{gears_keys(tree.gears)},
       "What runs here. Without this section: echo at /echo and chat at /chat. The home page is at "
       "/ in any case."},
      {"cluster", Section{cluster_keys(tree.cluster)}, "Other nodes, and how to find them."},
      {"admin", Section{admin_keys(tree.admin)}, "The operator's listener."},
      {"drain", Section{drain_keys(tree.drain)}, "How the node says goodbye to its clients."},
      {"log", Section{log_keys(tree.log)}, "What is written to the standard error output."},
  };
}

}  // namespace orrery::config
