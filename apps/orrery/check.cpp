#include "apps/orrery/check.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <optional>

#include "apps/orrery/assemble.h"
#include "cli/config_commands.h"
#include "config/describe.h"
#include "config/forms.h"
#include "config/in_force.h"
#include "net/backend.h"
#include "net/listen_address.h"
#include "server/listening.h"

namespace orrery::app {
namespace {

// A socket for "::" takes what comes over IPv4 too.
bool covers(const std::string& everywhere, const std::string& host) {
  if (everywhere == "*" || everywhere == "::") return true;
  return everywhere == "0.0.0.0" && host.find(':') == host.npos;
}

bool overlap(const net::ListenAddress& one, const net::ListenAddress& other) {
  const auto host = [](const net::ListenAddress& of) {
    return of.host == "localhost" ? std::string("127.0.0.1") : of.host;
  };
  if (one.is_unix() || other.is_unix()) return one.is_unix() && one == other;
  if (one.port == 0 || one.port != other.port) return false;
  return host(one) == host(other) || covers(one.host, other.host) || covers(other.host, one.host);
}

// Sockets of systemd have no address here: nothing is known of them.
bool clash(const std::string& one, const std::string& other) {
  const auto first = net::parse_listen_address(one), second = net::parse_listen_address(other);
  return first && second && overlap(*first, *second);
}

using Faults = std::vector<std::string>;
using Listeners = std::vector<ListenOn>;

void check_certificates(const Listeners& listeners, Faults& faults) {
  const auto one =
      std::ranges::find_if(listeners, [](const auto& each) { return each.tls.has_value(); });
  if (one == listeners.end()) return;  // all show the same
  const auto read = server::Listening(one->address, one->tls).read_certificates(nullptr);
  if (!read) faults.push_back("server.tls: " + read.error());
}

void check_places(const Listeners& listeners, const std::string& admin, Faults& faults) {
  for (auto each = listeners.begin(); each != listeners.end(); ++each) {
    const std::string& address = each->address;
    for (auto other = listeners.begin(); other != each; ++other)
      if (clash(address, other->address))
        faults.push_back(fmt::format(
            "server.address: found {}, where {} listens already; accepted: each place once",
            address, other->address));
    if (clash(address, admin))
      faults.push_back(
          fmt::format("admin.address, admin.port: found {}, where {} of the server listens; "
                      "accepted: a place of its own, such as another admin.port",
                      admin, address));
  }
}

void check_io(config::Io io, Faults& faults) {
  if (io != config::Io::io_uring) return;
  const auto available = net::is_available(net::Backend::io_uring);
  if (!available) faults.push_back("server.io: " + available.error());
}

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

}  // namespace

std::vector<config::Diagnostic> warnings_beyond(const config::Loaded& loaded) {
  std::vector<config::Diagnostic> warnings;
  for (config::Diagnostic secret : config::secrets_in(loaded)) {
    if (secret.path == "admin.token" && token_can_be_guessed(loaded.tree.admin)) {
      warnings.push_back(secret);
      warnings.back().message = fmt::format(
          "found a token of {} bytes, though {} is not loopback; better: {} at least, such as "
          "`openssl rand -hex 24` prints",
          loaded.tree.admin.token.size(), loaded.tree.admin.address, fewest_token_bytes);
    }
    const auto mode = secret.line > 0 ? open_to_others(secret.source) : std::nullopt;
    if (!mode) continue;
    secret.message = fmt::format(
        "not its owner alone may read this secret: the file's mode is {:04o}; better: chmod 600, "
        "or {} in the environment",
        *mode, config::variable_of(secret.path));
    warnings.push_back(std::move(secret));
  }
  return warnings;
}

std::vector<std::string> faults_beyond(const config::Tree& tree) {
  const auto found = listeners(tree.server);
  if (!found) return {found.error()};
  Faults faults;
  check_certificates(*found, faults);
  check_places(*found, admin_address(tree.admin), faults);
  check_io(tree.server.io, faults);
  return faults;
}

cli::Exit check_configuration(const config::Loaded& loaded, std::ostream& out,
                              std::ostream& errors) {
  if (!loaded.ok()) return cli::check_configuration(loaded, {}, out, errors);
  config::Loaded whole = loaded;
  for (auto& warning : warnings_beyond(loaded)) whole.warnings.push_back(std::move(warning));
  return cli::check_configuration(whole, faults_beyond(loaded.tree), out, errors);
}

}  // namespace orrery::app
