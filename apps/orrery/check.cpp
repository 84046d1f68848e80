#include "apps/orrery/check.h"

#include <fmt/format.h>

#include "apps/orrery/assemble.h"
#include "cli/config_commands.h"
#include "net/listen_address.h"
#include "server/listening.h"

namespace orrery::app {
namespace {

bool is_everywhere(const std::string& host) {
  return host == "*" || host == "0.0.0.0" || host == "::";
}

bool overlap(const net::ListenAddress& one, const net::ListenAddress& other) {
  const auto host = [](const net::ListenAddress& of) {
    return of.host == "localhost" ? std::string("127.0.0.1") : of.host;
  };
  if (one.is_unix() || other.is_unix()) return one.is_unix() && one == other;
  if (one.port == 0 || one.port != other.port) return false;
  return is_everywhere(one.host) || is_everywhere(other.host) || host(one) == host(other);
}

// Sockets of systemd have no address here: nothing is known of them.
bool clash(const std::string& one, const std::string& other) {
  const auto first = net::parse_listen_address(one), second = net::parse_listen_address(other);
  return first && second && overlap(*first, *second);
}

}  // namespace

std::vector<std::string> faults_beyond(const config::Tree& tree) {
  const auto found = listeners(tree.server);
  if (!found) return {found.error()};
  std::vector<std::string> faults;
  for (const auto& [address, tls] : *found) {
    if (!tls) continue;
    const auto read = server::Listening(address, tls).read_certificates(nullptr);
    if (!read) faults.push_back("server.tls: " + read.error());
    break;  // all show the same
  }
  const std::string admin = admin_address(tree.admin);
  for (const auto& [address, tls] : *found)
    if (clash(address, admin))
      faults.push_back(
          fmt::format("admin.address, admin.port: found {}, where {} of the server listens; "
                      "accepted: a place of its own, such as another admin.port",
                      admin, address));
  return faults;
}

cli::Exit check_configuration(const config::Loaded& loaded, std::ostream& out,
                              std::ostream& errors) {
  const auto faults = loaded.ok() ? faults_beyond(loaded.tree) : std::vector<std::string>{};
  return cli::check_configuration(loaded, faults, out, errors);
}

}  // namespace orrery::app
