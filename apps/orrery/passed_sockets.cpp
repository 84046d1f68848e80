#include "apps/orrery/passed_sockets.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/socket.h>

#include <charconv>
#include <cstdlib>
#include <optional>
#include <utility>

namespace orrery::app {
namespace {

constexpr std::string_view all_of_them = "systemd";
constexpr std::string_view those_named = "systemd:";

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

std::optional<int> number(std::string_view text) {
  int result = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), result);
  if (failed != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return result;
}

bool is_unix(const std::string& address) {
  sockaddr_storage where{};
  socklen_t size = sizeof where;
  const int fd =
      number(std::string_view(address).substr(std::string_view("fd:").size())).value_or(-1);
  return ::getsockname(fd, reinterpret_cast<sockaddr*>(&where), &size) == 0 &&
         where.ss_family == AF_UNIX;
}

}  // namespace

PassedEnvironment PassedEnvironment::of_this_process() {
  return {variable("LISTEN_PID"), variable("LISTEN_FDS"), variable("LISTEN_FDNAMES")};
}

Result<PassedSockets> PassedSockets::of(const PassedEnvironment& environment, int own_pid) {
  PassedSockets passed;
  if (environment.pid != std::to_string(own_pid)) return passed;
  const auto count = number(environment.count);
  if (!count || *count < 0 || *count > most)
    return Error{fmt::format("LISTEN_FDS: found \"{}\"; a number up to {} is accepted",
                             environment.count, most)};
  std::string_view names = environment.names;
  for (int i = 0; i < *count; ++i) {
    const std::size_t end = std::min(names.find(':'), names.size());
    const bool named = !environment.names.empty();
    passed.all_.push_back(
        {first_descriptor + i, named ? std::string(names.substr(0, end)) : "unknown"});
    names.remove_prefix(std::min(end + 1, names.size()));
  }
  return passed;
}

bool PassedSockets::are_meant_by(std::string_view address) {
  return address == all_of_them || address.starts_with(those_named);
}

Result<std::vector<std::string>> PassedSockets::take(std::string_view address,
                                                     std::string_view key) {
  const bool any = address == all_of_them;
  const std::string_view name = any ? "" : address.substr(those_named.size());
  std::vector<std::string> taken;
  for (Socket& socket : all_) {
    if (socket.taken || (!any && socket.name != name)) continue;
    socket.taken = true;
    taken.push_back(fmt::format("fd:{}", socket.descriptor));
  }
  if (!taken.empty()) return taken;
  const std::string there =
      all_.empty() ? "none; start the socket unit (systemctl start orrery.socket), not the service"
                   : fmt::format("{}", fmt::join(left(), ", "));
  return Error{fmt::format("{}: found \"{}\", but systemd passed no such socket; it passed {}", key,
                           address, there)};
}

std::vector<std::string> PassedSockets::left() const {
  std::vector<std::string> names;
  for (const Socket& socket : all_)
    if (!socket.taken) names.push_back(socket.name);
  return names;
}

// Those that are named go first: "systemd" alone takes what is left.
Result<Places> put_sockets(const Places& wished, PassedSockets& passed) {
  Places places{{}, wished.admin};
  if (PassedSockets::are_meant_by(wished.admin)) {
    const auto taken = passed.take(wished.admin, "admin.address");
    if (!taken) return Error{taken.error()};
    if (taken->size() > 1)
      return Error{fmt::format("admin.address: found \"{}\", which are {} sockets; it takes one",
                               wished.admin, taken->size())};
    places.admin = taken->front();
  }
  std::vector<std::vector<ListenOn>> in_order(wished.listeners.size());
  for (const bool any : {false, true}) {
    for (std::size_t i = 0; i < wished.listeners.size(); ++i) {
      const auto& [address, tls] = wished.listeners[i];
      if (!PassedSockets::are_meant_by(address)) in_order[i] = {wished.listeners[i]};
      if (!PassedSockets::are_meant_by(address) || any != (address == all_of_them)) continue;
      const auto taken = passed.take(address, "server.address");
      if (!taken) return Error{taken.error()};
      for (const auto& socket : *taken)
        in_order[i].push_back({socket, is_unix(socket) ? std::nullopt : tls});
    }
  }
  for (auto& each : in_order)
    for (auto& listener : each) places.listeners.push_back(std::move(listener));
  return places;
}

}  // namespace orrery::app
