#include "apps/orrery/check.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include <algorithm>
#include <optional>
#include <sstream>

#include "apps/orrery/assemble.h"
#include "config/describe.h"
#include "config/forms.h"
#include "config/in_force.h"
#include "net/backend.h"
#include "net/listen_address.h"
#include "server/listening.h"
#include "server/route_table.h"

namespace orrery::app {
namespace {

// A socket for "::" takes what comes over IPv4 too.
bool covers(const std::string& everywhere, const std::string& host) {
  if (everywhere == "*" || everywhere == "::") return true;
  return everywhere == "0.0.0.0" && host.find(':') == host.npos;
}

bool overlap(const net::ListenAddress& one, const net::ListenAddress& other) {
  const auto host = [](const net::ListenAddress& of) {
    in6_addr bytes{};  // an IPv6 address is written in many ways
    if (::inet_pton(AF_INET6, of.host.c_str(), &bytes) == 1)
      return std::string(reinterpret_cast<const char*>(&bytes), sizeof bytes);
    return of.host == "localhost" ? std::string("127.0.0.1") : of.host;
  };
  if (one.is_unix() || other.is_unix()) return one.is_unix() && one == other;
  if (one.port == 0 || one.port != other.port) return false;
  return host(one) == host(other) || covers(one.host, other.host) || covers(other.host, one.host);
}

// Sockets of systemd have no address here: nothing is known of them.
bool clash(const std::string& one, const std::string& other) {
  if (one.starts_with("systemd") || other.starts_with("systemd")) return false;
  const auto first = net::parse_listen_address(one), second = net::parse_listen_address(other);
  return first && second && overlap(*first, *second);
}

using Listeners = std::vector<ListenOn>;

// What is found, one by one, each where the file has its key.
class Look {
 public:
  explicit Look(config::Loaded& loaded) : loaded_(loaded), tree_(loaded.tree) {}

  void at_everything() {
    const auto found = listeners(tree_.server);
    if (!found) return fault("server.address", found.error());
    at_certificates(*found);
    at_places(*found);
    at_routes();
    at_io();
  }

 private:
  void fault(const std::string& key, const std::string& what) {
    config::Diagnostic fault{.message = key + ": " + what};
    if (const auto* place = place_of(key)) {
      fault = *place;
      fault.path = key;
      fault.message = what;
    }
    loaded_.errors.push_back(std::move(fault));
  }

  // Where it was set; of several keys below it, the one that went over the file.
  [[nodiscard]] const config::Diagnostic* place_of(const std::string& key) const {
    const config::Diagnostic* found = nullptr;
    for (const auto& [path, place] : loaded_.set) {
      if (path != key && !path.starts_with(key + ".")) continue;
      if (found == nullptr || place.line == 0) found = &place;
    }
    return found;
  }

  void at_certificates(const Listeners& listeners) {
    const auto one =
        std::ranges::find_if(listeners, [](const auto& each) { return each.tls.has_value(); });
    if (one == listeners.end()) return;  // all show the same
    const auto read = server::Listening(one->address, one->tls).read_certificates(nullptr);
    if (!read) fault("server.tls", read.error());
  }

  void at_places(const Listeners& listeners) {
    const std::string admin = admin_address(tree_.admin);
    for (auto each = listeners.begin(); each != listeners.end(); ++each) {
      const std::string& address = each->address;
      for (auto other = listeners.begin(); other != each; ++other)
        if (clash(address, other->address))
          fault("server.address",
                fmt::format("found {}, where {} listens already; accepted: each place once",
                            address, other->address));
      if (clash(address, admin))
        fault(admin.starts_with("unix:") ? "admin.address" : "admin.port",
              fmt::format("found {}, where {} of the server listens; accepted: a place of its own",
                          admin, address));
    }
  }

  void at_routes() {
    const Mounted mounted = mount_gears(tree_);
    const auto built = server::RouteTable::build(mounted.routes, server_options(tree_));
    if (built) return;
    std::istringstream mistakes(built.error());
    for (std::string mistake; std::getline(mistakes, mistake);) fault("gears", mistake);
  }

  void at_io() {
    if (tree_.server.io != config::Io::io_uring) return;
    const auto available = net::is_available(net::Backend::io_uring);
    if (!available) fault("server.io", available.error());
  }

  config::Loaded& loaded_;
  const config::Tree& tree_;
};

constexpr std::size_t fewest_token_bytes = 16;
constexpr mode_t readable_by_others = S_IRGRP | S_IROTH;

bool token_can_be_guessed(const config::Admin& admin) {
  return !admin.token.empty() && admin.token.size() < fewest_token_bytes &&
         !config::is_loopback(admin.address);
}

// The permissions of a file that not its owner alone may read; nothing for what is no file.
std::optional<unsigned> open_to_others(const std::string& file) {
  struct stat facts {};
  if (::stat(file.c_str(), &facts) != 0 || !S_ISREG(facts.st_mode)) return std::nullopt;
  if ((facts.st_mode & readable_by_others) == 0) return std::nullopt;
  return facts.st_mode & 0777U;
}

void warn_of_secrets(config::Loaded& loaded) {
  for (config::Diagnostic secret : config::secrets_in(loaded)) {
    if (secret.path == "admin.token" && token_can_be_guessed(loaded.tree.admin)) {
      loaded.warnings.push_back(secret);
      loaded.warnings.back().message = fmt::format(
          "found a token of {} bytes, though {} is not loopback; better: {} at least, such as "
          "`openssl rand -hex 24` prints",
          loaded.tree.admin.token.size(), loaded.tree.admin.address, fewest_token_bytes);
    }
    const auto mode = secret.line > 0 ? open_to_others(secret.source) : std::nullopt;
    if (!mode) continue;
    secret.message = fmt::format(
        "not its owner alone may read this secret: the file's mode is {:04o}; better: {} in the "
        "environment, or a file that only the server's user can read",
        *mode, config::variable_of(secret.path));
    loaded.warnings.push_back(std::move(secret));
  }
}

}  // namespace

config::Loaded looked_through(config::Loaded loaded) {
  if (!loaded.ok()) return loaded;
  warn_of_secrets(loaded);
  Look(loaded).at_everything();
  return loaded;
}

void log_remarks(const config::Loaded& configuration, observe::Log& log) {
  for (const auto& warning : configuration.warnings)
    log.warn("configuration", {{"place", warning.text()}});
  if (!configuration.inactive.empty())
    log.warn("configuration keys that do not act in this release",
             {{"keys", fmt::format("{}", fmt::join(configuration.inactive, ","))}});
}

}  // namespace orrery::app
