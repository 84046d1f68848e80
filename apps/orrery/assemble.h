// From the configuration to what the server takes: options, addresses, and the gears that it lists.
//
// Owner   serve(): the gears outlive the server that mounts them.
// Thread  one, before the server starts.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/tree.h"
#include "observe/spdlog_log.h"
#include "orrery/orrery.h"

namespace orrery::app {

ServerOptions server_options(const config::Tree& tree);
DrainOptions drain_options(const config::Drain& drain);
/// The sessions that the largest pool of the configuration allows.
std::uint64_t largest_pool(const config::Tree& tree);
observe::SpdlogOptions log_options(const config::Log& log);

/// One listener: an address with its port, and its certificate if it speaks TLS.
struct ListenOn {
  std::string address;
  std::optional<Tls> tls;
};

/// The listeners of the configuration. "systemd" and "systemd:NAME" stand for sockets: see
/// put_sockets(). The error is that there are none.
Result<std::vector<ListenOn>> listeners(const config::Server& server);

/// The address of the admin listener.
std::string admin_address(const config::Admin& admin);

/// The gears that run here and the home page, mounted on routes that hand them the configuration's
/// settings for gears.
struct Mounted {
  Router routes;
  std::vector<std::unique_ptr<Gear>> gears{};
};
Mounted mount_gears(const config::Tree& tree);

}  // namespace orrery::app
