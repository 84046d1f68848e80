#include "apps/orrery/assemble.h"

#include <fmt/format.h>

#include <algorithm>

#include "gears/chat/gear.h"
#include "gears/echo/gear.h"
#include "gears/home/gear.h"

namespace orrery::app {
namespace {

Compression compression_of(const config::Websocket& websocket) {
  if (!websocket.compression) return Compression::off;
  const bool shared = websocket.compression_mode == config::CompressionMode::shared;
  return shared ? Compression::shared : Compression::dedicated;
}

Overflow overflow_of(config::Overflow overflow) {
  switch (overflow) {
    case config::Overflow::close: return Overflow::close;
    case config::Overflow::drop_newest: return Overflow::drop_newest;
    case config::Overflow::drop_oldest: return Overflow::drop_oldest;
    case config::Overflow::latest_per_key: return Overflow::latest_per_key;
  }
  return Overflow::close;
}

Limits session_limits(const config::Websocket& w) {
  Limits limits;
  limits.message_bytes = w.max_message_size.count;
  limits.fragments = w.max_fragments;
  limits.message_timeout = w.message_timeout;
  limits.idle = w.idle_timeout;
  limits.idle_policy = w.send_pings_automatically ? IdlePolicy::ping : IdlePolicy::close;
  limits.idle_reset =
      w.reset_idle_timeout_on_send ? IdleReset::by_receiving_or_sending : IdleReset::by_receiving;
  limits.heartbeat = w.heartbeat;
  limits.messages_per_second = w.rate_limit;
  limits.rate_policy =
      w.rate_limit_policy == config::RateLimitPolicy::drop ? RatePolicy::drop : RatePolicy::close;
  limits.queued_bytes = w.max_queued_bytes.count;
  limits.overflow = overflow_of(w.overflow);
  limits.write_timeout = w.write_timeout;
  limits.mailbox_count = w.mailbox_count;
  limits.mailbox_bytes = w.mailbox_bytes.count;
  limits.mailbox_overflow = w.mailbox_overflow == config::MailboxOverflow::close
                                ? MailboxOverflow::close
                                : MailboxOverflow::drop_newest;
  limits.admission_timeout = w.admission_timeout;
  limits.close_timeout = w.close_timeout;
  limits.sessions_per_ip = w.max_sessions_per_ip;
  limits.compression = compression_of(w);
  limits.compression_threshold_bytes = w.compression_threshold.count;
  limits.compression_window_bits = static_cast<int>(w.compression_window_bits);
  limits.compression_memory_level = static_cast<int>(w.compression_memory_level);
  limits.compression_except = w.compression_except;
  return limits;
}

HttpLimits http_limits(const config::Server& server) {
  HttpLimits limits;
  limits.head_bytes = server.max_head_bytes.count;
  limits.body_bytes = server.max_request_size.count;
  limits.proxy_timeout = server.proxy_timeout;
  limits.handshake_timeout = server.protocols.websocket.handshake_timeout;
  limits.body_timeout = server.body_timeout;
  limits.idle = server.http_idle_timeout;
  return limits;
}

GearSettings gear_settings(const config::Tree& tree) {
  return {.realtime_notifications = tree.server.protocols.websocket.realtime_notifications};
}

PoolLimits pool_limits(const config::Pool& pool) {
  return {.sessions = pool.max_connections,
          .workers = pool.workers,
          .worker_queue = pool.worker_queue,
          .memory_bytes = pool.max_memory.count,
          .gears = pool.gears};
}

Io io_of(config::Io io) {
  switch (io) {
    case config::Io::automatic: return Io::automatic;
    case config::Io::epoll: return Io::epoll;
    case config::Io::io_uring: return Io::io_uring;
  }
  return Io::automatic;
}

bool has_port(std::string_view address) {
  const bool bracketed = address.starts_with("[");
  if (bracketed) return address.find("]:") != address.npos;
  return std::count(address.begin(), address.end(), ':') == 1;
}

std::string with_port(const std::string& address, std::uint32_t port) {
  if (has_port(address)) return address;
  const bool six = address.find(':') != address.npos && !address.starts_with("[");
  return six ? fmt::format("[{}]:{}", address, port) : fmt::format("{}:{}", address, port);
}

void mount(Gear& gear, const config::Gear& where, Router& routes) {
  if (where.hosts.empty()) routes.mount(gear, where.mount);
  for (const auto& host : where.hosts) routes.mount(gear, where.mount, host);
}

}  // namespace

ServerOptions server_options(const config::Tree& tree) {
  ServerOptions options;
  options.threads = tree.server.threads;
  options.io = io_of(tree.server.io);
  options.limits = session_limits(tree.server.protocols.websocket);
  options.gear_settings = gear_settings(tree);
  options.http_limits = http_limits(tree.server);
  options.origins = tree.server.protocols.websocket.origins;
  options.trusted_proxies = tree.server.trusted_proxies;
  if (tree.server.proxy_protocol == config::ProxyProtocol::v1v2)
    options.proxy_protocol = ProxyProtocol::v1v2;
  for (const auto& [name, pool] : tree.pools) options.pools.emplace(name, pool_limits(pool));
  options.callback_budget = tree.server.callback_budget;
  options.redacted = tree.log.redact;
  options.serve_http = tree.server.protocols.http.enabled;
  options.serve_websocket = tree.server.protocols.websocket.enabled;
  return options;
}

DrainOptions drain_options(const config::Drain& drain) {
  return {.delay = drain.delay,
          .spread = drain.spread,
          .reconnect_spread = drain.reconnect_spread,
          .deadline = drain.deadline};
}

// A gear's own pool has the defaults until it is configured.
std::uint64_t largest_pool(const config::Tree& tree) {
  std::uint64_t most = 0;
  for (const auto& [name, pool] : tree.pools)
    most = std::max<std::uint64_t>(most, pool.max_connections);
  const std::pair<const char*, const config::Gear*> gears[] = {{"gear:echo", &tree.gears.echo},
                                                               {"gear:chat", &tree.gears.chat}};
  for (const auto& [pool, gear] : gears)
    if (gear->listed && !tree.pools.contains(pool))
      most = std::max<std::uint64_t>(most, config::Pool{}.max_connections);
  return most;
}

observe::SpdlogOptions log_options(const config::Log& log) {
  constexpr observe::Level levels[] = {observe::Level::debug, observe::Level::info,
                                       observe::Level::warn, observe::Level::error};
  observe::SpdlogOptions options;
  options.least = levels[static_cast<std::size_t>(log.level)];
  options.format =
      log.format == config::LogFormat::json ? observe::LogFormat::json : observe::LogFormat::text;
  return options;
}

Result<std::vector<ListenOn>> listeners(const config::Server& server) {
  std::vector<ListenOn> all;
  std::optional<Tls> tls;
  const config::Tls& files = server.tls.front();
  if (server.uses_tls())
    tls = Tls{files.certificate, files.key, files.min_version, files.client_ca, {}};
  for (std::size_t i = 1; i < server.tls.size(); ++i)
    tls->more_certificates.push_back({server.tls[i].certificate, server.tls[i].key});
  for (const auto& address : server.address) {
    if (address == "systemd" || address.starts_with("systemd:")) {
      all.push_back({address, tls});
    } else if (address.starts_with("unix:")) {
      all.push_back({address, std::nullopt});
    } else {
      all.push_back({with_port(address, server.port), tls});
    }
  }
  if (all.empty()) return Error{"found no address; give at least one"};
  return all;
}

std::string admin_address(const config::Admin& admin) {
  const bool whole = admin.address.starts_with("unix:") || admin.address.starts_with("systemd");
  return whole ? admin.address : with_port(admin.address, admin.port);
}

Mounted mount_gears(const config::Tree& tree) {
  Mounted mounted{Router(gear_settings(tree))};
  const auto add = [&mounted](std::unique_ptr<Gear> gear, const config::Gear& where) {
    mount(*gear, where, mounted.routes);
    mounted.gears.push_back(std::move(gear));
  };
  const config::Gears& listed = tree.gears;
  std::vector<gears::HomeEntry> entries;
  if (listed.chat.listed) {
    add(std::make_unique<gears::ChatGear>(), listed.chat);
    entries.push_back({"Chat", listed.chat.mount, "Rooms to talk in: open it in two windows.",
                       gears::Door::page});
  }
  if (listed.echo.listed) {
    add(std::make_unique<gears::EchoGear>(), listed.echo);
    entries.push_back(
        {"Echo", listed.echo.mount, "Says back whatever it hears.", gears::Door::socket});
  }
  add(std::make_unique<gears::HomeGear>(std::move(entries)), config::Gear{true, "/", {}});
  return mounted;
}

}  // namespace orrery::app
