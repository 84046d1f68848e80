#include "cli/doctor.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <ostream>
#include <sstream>

#include "net/listen_address.h"

namespace orrery::cli {
namespace {

using days = std::chrono::duration<std::int64_t, std::ratio<86'400>>;

constexpr std::uint64_t few_descriptors = 1'024;
constexpr std::uint64_t enough_descriptors = 65'536;
constexpr std::uint64_t listen_backlog = 4'096;  // what our listeners ask for
constexpr days renew_before{14};

std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc{} || end == text.data()) return std::nullopt;
  return number;
}

std::string date(CalendarTime time) {
  return fmt::format("{:%Y-%m-%d}", fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

Finding descriptors(const Machine& machine) {
  const std::uint64_t many = machine.descriptors();
  const std::string says = fmt::format("{} files and sockets may be open, a client is one", many);
  if (many >= enough_descriptors) return {Health::ok, "descriptors", says};
  return {many < few_descriptors ? Health::fail : Health::warn, "descriptors", says,
          fmt::format("LimitNOFILE={0} in the unit, or `ulimit -Hn {0}` as root before the start",
                      1 << 20)};
}

Finding backlog(const Machine& machine) {
  const auto most = number_in(machine.setting("net/core/somaxconn").value_or(""));
  if (!most) return {Health::ok, "backlog", "net.core.somaxconn is not shown here"};
  const std::string says =
      fmt::format("{} newcomers may wait per listener (net.core.somaxconn)", *most);
  if (*most >= listen_backlog) return {Health::ok, "backlog", says};
  return {Health::warn, "backlog", says,
          fmt::format("sysctl -w net.core.somaxconn={0}, and in /etc/sysctl.d to keep it",
                      listen_backlog)};
}

struct PortRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};

std::optional<PortRange> outgoing_ports(const Machine& machine) {
  std::istringstream text(machine.setting("net/ipv4/ip_local_port_range").value_or(""));
  PortRange range;
  if (!(text >> range.first >> range.last)) return std::nullopt;
  return range;
}

// "7512,8000-8010"
bool is_listed(std::string_view list, std::uint64_t port) {
  while (!list.empty()) {
    const auto comma = list.find(',');
    const auto part = list.substr(0, comma);
    const auto dash = part.find('-');
    const auto first = number_in(part);
    const auto last = dash == part.npos ? first : number_in(part.substr(dash + 1));
    if (first && last && *first <= port && port <= *last) return true;
    list = comma == list.npos ? "" : list.substr(comma + 1);
  }
  return false;
}

// A port that the kernel also lends to outgoing connections may be taken at the next start.
Finding port_range(const std::vector<std::string>& addresses, const Machine& machine) {
  const auto range = outgoing_ports(machine);
  if (!range) return {Health::ok, "port range", "net.ipv4.ip_local_port_range is not shown here"};
  const std::string kept = machine.setting("net/ipv4/ip_local_reserved_ports").value_or("");
  for (const auto& text : addresses) {
    const auto address = net::parse_listen_address(text);
    if (!address || address->is_unix()) continue;
    const std::uint64_t port = address->port;
    if (port < range->first || port > range->last || is_listed(kept, port)) continue;
    return {Health::warn, "port range",
            fmt::format("{} lies in {} to {}, from which the kernel takes ports for outgoing "
                        "connections",
                        port, range->first, range->last),
            fmt::format("sysctl -w net.ipv4.ip_local_reserved_ports={}, or another port", port)};
  }
  return {Health::ok, "port range",
          fmt::format("outgoing connections use {} to {}, no listener does", range->first,
                      range->last)};
}

Finding certificate(const config::Tls& tls, const Machine& machine) {
  const std::string what = "certificate " + tls.certificate;
  const auto dates = machine.certificate(tls);
  if (!dates)
    return {Health::fail, what, dates.error(),
            "let the server's user read certificate and key, which belong together, in PEM"};
  const CalendarTime now = machine.now();
  if (now < dates->from)
    return {Health::fail, what, "is valid only from " + date(dates->from),
            "set the clock, or wait, or ask for another"};
  const auto left = std::chrono::duration_cast<days>(dates->until - now);
  if (dates->until <= now)
    return {Health::fail, what, "expired on " + date(dates->until),
            "renew it, and `orrery reload`"};
  const std::string says = fmt::format("is valid until {}, {} {}", date(dates->until), left.count(),
                                       left.count() == 1 ? "day" : "days");
  if (left < renew_before) return {Health::warn, what, says, "renew it, and `orrery reload`"};
  if (machine.readable_by_all(tls.key))
    return {Health::warn, what, says + "; but everybody may read its key",
            fmt::format("chmod o-r {}", tls.key)};
  return {Health::ok, what, says};
}

Finding clock(const Machine& machine) {
  using namespace std::chrono;
  const CalendarTime now = machine.now();
  const std::string today = date(now);
  const bool possible = now > CalendarTime(sys_days(2025y / January / 1)) &&
                        now < CalendarTime(sys_days(2100y / January / 1));
  if (!possible)
    return {Health::fail, "clock", "says " + today,
            "set it: `timedatectl set-ntp true`, or `date -s`"};
  if (!machine.clock_is_kept())
    return {Health::warn, "clock", fmt::format("says {}, and nothing keeps it right", today),
            "`timedatectl set-ntp true`; in a container or virtual machine, on its host"};
  return {Health::ok, "clock", fmt::format("says {}, and is kept right", today)};
}

Finding io(config::Io chosen, const Machine& machine) {
  if (chosen == config::Io::automatic)
    return {Health::ok, "io", fmt::format("{}, by itself", net::name_of(machine.automatic_io()))};
  const auto backend =
      chosen == config::Io::io_uring ? net::Backend::io_uring : net::Backend::epoll;
  const std::string_view name = net::name_of(backend);
  const Result<void> possible =
      backend == net::Backend::io_uring ? machine.io_uring() : Result<void>();
  if (possible) return {Health::ok, "io", fmt::format("{}, as server.io says", name)};
  return {
      Health::fail, "io", possible.error(),
      "`sysctl -w kernel.io_uring_disabled=0` and a sandbox that allows it, or server.io=epoll"};
}

// It comes with the cluster's engines: docs/decisions/0025-what-waits-for-its-gear.md.
std::optional<Finding> cluster(config::Engine engine) {
  if (engine == config::Engine::local) return std::nullopt;
  return Finding{Health::warn, "cluster", "NATS does not act in this release: the node runs alone",
                 "cluster.engine=local until then"};
}

Finding listener(const std::string& address, const Machine& machine) {
  const std::string what = "listener " + address;
  const PortAnswer answer = machine.listen(address);
  switch (answer.state) {
    case PortState::free: return {Health::ok, what, "is free"};
    case PortState::taken:
      return {Health::warn, what, "somebody listens there",
              "`orrery status` says whether it is this server, `ss -lntxp` who else; or take "
              "another port"};
    case PortState::forbidden:
      return {Health::fail, what, answer.why,
              "take a port above 1023, or give the right to it: "
              "AmbientCapabilities=CAP_NET_BIND_SERVICE in the unit"};
    case PortState::impossible: break;
  }
  return {Health::fail, what, answer.why, "give an address that this machine has (`ip address`)"};
}

std::string_view word_of(Health health) {
  constexpr std::string_view words[] = {"ok", "warn", "fail"};
  return words[static_cast<std::size_t>(health)];
}

}  // namespace

std::vector<Finding> examine(const config::Tree& tree, const std::vector<std::string>& addresses,
                             const Machine& machine) {
  std::vector<Finding> findings{descriptors(machine), backlog(machine),
                                port_range(addresses, machine), clock(machine),
                                io(tree.server.io, machine)};
  for (const auto& tls : tree.server.tls)
    if (!tls.certificate.empty()) findings.push_back(certificate(tls, machine));
  for (const auto& address : addresses) findings.push_back(listener(address, machine));
  if (auto alone = cluster(tree.cluster.engine)) findings.push_back(std::move(*alone));
  return findings;
}

Exit print_findings(const std::vector<Finding>& findings, std::ostream& out) {
  Exit exit = Exit::ok;
  for (const auto& [health, what, says, fix] : findings) {
    out << fmt::format("{:<5} {}: {}", word_of(health), what, says);
    if (!fix.empty()) out << "; to mend it: " << fix;
    out << '\n';
    if (health == Health::fail) exit = Exit::failed;
  }
  return exit;
}

}  // namespace orrery::cli
