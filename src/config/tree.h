// The configuration as a tree of plain structs. What a field's initialiser says is its default.
//
// Owner   whoever loaded it.
// Thread  none: a plain value; a running server gets a copy.
// Limit   the ranges stand in the tables of keys_of().
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/key.h"

namespace orrery::config {

enum class UnknownKeys : std::uint8_t { refuse, warn };
enum class Io : std::uint8_t { automatic, epoll, io_uring };
enum class ProxyProtocol : std::uint8_t { off, v1v2 };
enum class Overflow : std::uint8_t { close, drop_newest, drop_oldest, latest_per_key };
enum class MailboxOverflow : std::uint8_t { drop_newest, close };
enum class RateLimitPolicy : std::uint8_t { close, drop };
enum class CompressionMode : std::uint8_t { shared, dedicated };
enum class Engine : std::uint8_t { local, nats };
enum class LogLevel : std::uint8_t { debug, info, warn, error };
enum class LogFormat : std::uint8_t { text, json };

struct Tls {
  std::string certificate;  // empty: no TLS
  std::string key;
  std::string min_version = "1.2";
  std::string client_ca;
};

struct Http {
  bool enabled = true;
};

struct Websocket {
  bool enabled = true;
  milliseconds idle_timeout{60'000};
  milliseconds heartbeat{0};
  bool compression = false;
  std::uint32_t rate_limit = 0;
  bool realtime_notifications = true;
  bool send_pings_automatically = true;
  bool reset_idle_timeout_on_send = false;

  std::vector<std::string> origins{"same-origin"};
  Bytes max_message_size{1 << 20};
  std::uint32_t max_fragments = 0;
  milliseconds message_timeout{30'000};
  RateLimitPolicy rate_limit_policy = RateLimitPolicy::close;
  Bytes max_queued_bytes{1 << 20};
  Overflow overflow = Overflow::close;
  milliseconds write_timeout{30'000};
  std::uint32_t mailbox_count = 10'000;
  Bytes mailbox_bytes{4 << 20};
  MailboxOverflow mailbox_overflow = MailboxOverflow::drop_newest;
  std::uint32_t max_sessions_per_ip = 0;
  milliseconds handshake_timeout{5'000};
  milliseconds admission_timeout{10'000};
  milliseconds close_timeout{5'000};
  CompressionMode compression_mode = CompressionMode::shared;
  Bytes compression_threshold{64};
  std::uint32_t compression_window_bits = 15;
  std::uint32_t compression_memory_level = 8;
  std::vector<std::string> compression_except;
};

struct Protocols {
  Http http;
  Websocket websocket;
};

struct Server {
  std::uint32_t port = 7512;
  std::vector<std::string> address{"0.0.0.0"};
  std::uint32_t threads = 0;
  Io io = Io::automatic;
  Bytes max_request_size{1'000'000};
  Bytes max_head_bytes{16 << 10};
  milliseconds http_idle_timeout{60'000};
  milliseconds body_timeout{30'000};
  milliseconds callback_budget{100};
  std::vector<Tls> tls{Tls{}};  // several certificates are chosen by the name the client asks for
  ProxyProtocol proxy_protocol = ProxyProtocol::off;
  milliseconds proxy_timeout{3'000};
  std::vector<std::string> trusted_proxies;
  Protocols protocols;

  [[nodiscard]] bool uses_tls() const { return !tls.front().certificate.empty(); }
};

struct Pool {
  std::vector<std::string> gears;
  std::uint32_t max_connections = 10'000;
  std::uint32_t max_connections_in_cluster = 0;
  std::uint32_t workers = 2;
  std::uint32_t worker_queue = 1'000;
  Bytes max_memory{1 << 30};
};

struct Gear {
  bool listed = false;  // it runs
  std::string mount;
  std::vector<std::string> hosts;
};

struct RealtimeGear : Gear {
  std::string store = "memory";
  std::uint32_t history = 100;
  bool restrict_anonymous = false;
  std::string secret;
};

struct Gears {
  Gear echo{true, "/echo", {}};
  Gear chat{true, "/chat", {}};
  RealtimeGear realtime{{false, "/", {}}};
};

struct Cluster {
  Engine engine = Engine::local;
  std::vector<std::string> servers;
  std::string token;
  std::string nkey;
  Tls tls;
  milliseconds lease_time{25'000};
};

struct Admin {
  std::string address = "127.0.0.1";
  std::uint32_t port = 7513;
  std::string token;
};

struct Drain {
  milliseconds delay{0};
  milliseconds spread{10'000};
  milliseconds reconnect_spread{10'000};
  milliseconds deadline{30'000};
};

struct Log {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::text;
  std::vector<std::string> redact{"token",   "access_token",  "refresh_token", "id_token",
                                  "jwt",     "password",      "secret",        "client_secret",
                                  "api_key", "authorization", "cookie"};
};

struct Tree {
  std::string schema;  // "$schema", for editors; never read
  UnknownKeys unknown_keys = UnknownKeys::refuse;
  Server server;
  std::map<std::string, Pool> pools;
  Gears gears;
  Cluster cluster;
  Admin admin;
  Drain drain;
  Log log;
};

Keys keys_of(Tree& tree);
Keys keys_of(Server& server);
Keys keys_of(Websocket& websocket);
Keys keys_of(Tls& tls);
Keys keys_of(Pool& pool);

/// The gears that this server knows, as the file names them.
inline constexpr std::string_view gear_names[] = {"echo", "chat", "realtime"};

}  // namespace orrery::config
