#include "config/rules.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "config/forms.h"
#include "config/suggest.h"

namespace orrery::config {
namespace {

void check_protocols(const Protocols& protocols, Report& report) {
  const bool http = protocols.http.enabled;
  const bool websocket = protocols.websocket.enabled;
  if (!http && !websocket) {
    report.errors.push_back(report.about(
        "server.protocols.websocket.enabled",
        "found false here and at server.protocols.http.enabled; accepted: true for one of them"));
  } else if (!websocket) {
    report.warnings.push_back(report.about("server.protocols.websocket.enabled",
                                           "WebSocket is off: its routes answer 404"));
  } else if (!http) {
    report.warnings.push_back(report.about("server.protocols.http.enabled",
                                           "HTTP is off: plain requests, pages too, get 426"));
  }
}

void check_keepalive(const Websocket& websocket, Report& report) {
  const bool beats = websocket.heartbeat.count() > 0;
  if (beats)
    report.warnings.push_back(
        report.about("server.protocols.websocket.heartbeat",
                     "this key is deprecated: idleTimeout notices dead clients with fewer PINGs"));
  if (!beats && websocket.idle_timeout.count() == 0)
    report.warnings.push_back(report.about(
        "server.protocols.websocket.idleTimeout",
        "idleTimeout and heartbeat are both 0: sockets of dead clients stay open forever"));
}

// What counts for all names: a client could ask for one, and then send requests for another.
void check_same(const std::string& path, const std::string& said, const std::string& first,
                Report& report) {
  if (report.set.contains(path) && said != first)
    report.errors.push_back(report.about(
        path,
        fmt::format("found {}; accepted: nothing, or {} as in server.tls[0], which counts for "
                    "all certificates",
                    quoted(said), quoted(first))));
}

void check_tls(const std::vector<Tls>& certificates, Report& report) {
  for (std::size_t i = 0; i < certificates.size(); ++i) {
    const Tls& tls = certificates[i];
    const std::string path = report.set.contains("server.tls[0]") || certificates.size() > 1
                                 ? fmt::format("server.tls[{}]", i)
                                 : "server.tls";
    if (tls.certificate.empty() != tls.key.empty())
      report.errors.push_back(
          report.about(path + (tls.key.empty() ? ".key" : ".certificate"),
                       "found \"\"; accepted: certificate and key together, or neither"));
    if (certificates.size() > 1 && tls.certificate.empty() && tls.key.empty())
      report.errors.push_back(report.about(
          path + ".certificate", "found \"\"; accepted: the path of a file, for each of the list"));
    if (i == 0) continue;
    const Tls& first = certificates.front();
    check_same(path + ".minVersion", tls.min_version, first.min_version, report);
    check_same(path + ".clientCa", tls.client_ca, first.client_ca, report);
  }
}

void check_proxies(const Server& server, Report& report) {
  if (server.proxy_protocol != ProxyProtocol::off && server.trusted_proxies.empty())
    report.errors.push_back(report.about(
        "server.proxyProtocol",
        "found \"v1v2\" without server.trustedProxies, whose PROXY headers are believed; accepted: "
        "\"off\", or the networks of the proxies there"));
}

void check_mounts(const Gears& gears, Report& report) {
  const std::pair<std::string_view, const Gear*> all[] = {
      {"echo", &gears.echo}, {"chat", &gears.chat}, {"realtime", &gears.realtime}};
  for (const auto& [name, gear] : all)
    for (const auto& [other, earlier] : all) {
      if (earlier == gear) break;
      const bool clash = gear->listed && earlier->listed && gear->mount == earlier->mount &&
                         gear->hosts == earlier->hosts;
      if (clash)
        report.errors.push_back(
            report.about(fmt::format("gears.{}.mount", name),
                         fmt::format("found {}, where {} is mounted; accepted: a path of its own",
                                     quoted(gear->mount), other)));
    }
}

void check_admin(const Admin& admin, Report& report) {
  if (admin.token.empty() && !is_loopback(admin.address))
    report.errors.push_back(report.about(
        "admin.address", fmt::format("found {} without admin.token; accepted: a loopback address, "
                                     "or a token that callers must show",
                                     quoted(admin.address))));
}

void check_drain(const Drain& drain, Report& report) {
  if (drain.delay + drain.spread > drain.deadline)
    report.warnings.push_back(report.about(
        "drain.deadline", "delay and spread are longer than the deadline: sessions will be cut"));
}

std::vector<std::string> listed_names(const Gears& gears) {
  const bool listed[] = {gears.echo.listed, gears.chat.listed, gears.realtime.listed};
  static_assert(std::size(listed) == std::size(gear_names));
  std::vector<std::string> names;
  for (std::size_t i = 0; i < std::size(listed); ++i)
    if (listed[i]) names.emplace_back(gear_names[i]);
  return names;
}

// A pool whose gear does not run bounds nothing: whoever wrote it meant another one.
void check_pool_gear(const std::string& path, const std::string& gear,
                     const std::vector<std::string>& listed, Report& report) {
  if (std::find(listed.begin(), listed.end(), gear) != listed.end()) return;
  const std::string accepted =
      listed.empty() ? "none, as no gear is listed" : fmt::format("{}", fmt::join(listed, ", "));
  const auto near = nearest(gear, listed);
  const std::string hint = near ? fmt::format("; did you mean {}?", quoted(*near)) : "";
  report.errors.push_back(report.about(
      path, fmt::format("found the gear {}, which is not listed under gears; accepted: {}{}",
                        quoted(gear), accepted, hint)));
}

void check_pools(const Tree& tree, Report& report) {
  constexpr std::string_view of_gear = "gear:";
  const auto listed = listed_names(tree.gears);
  for (const auto& [name, pool] : tree.pools) {
    const std::string path = fmt::format("pools.{}", name);
    const bool own = name.starts_with(of_gear);
    if (own) check_pool_gear(path, name.substr(of_gear.size()), listed, report);
    if (own && !pool.gears.empty())
      report.errors.push_back(report.about(
          path + ".gears",
          "found gears for a pool that belongs to one gear; accepted: nothing, or \"tenant:ID\""));
    if (!own)
      for (const auto& gear : pool.gears) check_pool_gear(path + ".gears", gear, listed, report);
    if (!own && pool.gears.empty())
      report.warnings.push_back(
          report.about(path, "no gear may use this pool: its gears are not said"));
  }
}

}  // namespace

void check_rules(const Tree& tree, Report& report) {
  check_protocols(tree.server.protocols, report);
  check_keepalive(tree.server.protocols.websocket, report);
  check_tls(tree.server.tls, report);
  check_proxies(tree.server, report);
  check_mounts(tree.gears, report);
  check_admin(tree.admin, report);
  check_drain(tree.drain, report);
  check_pools(tree, report);
}

}  // namespace orrery::config
