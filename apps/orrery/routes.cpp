#include "apps/orrery/routes.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ostream>
#include <vector>

#include "apps/orrery/assemble.h"
#include "cli/config_commands.h"
#include "server/route_table.h"

namespace orrery::app {
namespace {

using Line = std::array<std::string, 6>;

std::string size(std::uint64_t bytes) {
  constexpr std::uint64_t kib = 1 << 10, mib = 1 << 20;
  if (bytes >= mib && bytes % mib == 0) return fmt::format("{} MiB", bytes / mib);
  if (bytes >= kib && bytes % kib == 0) return fmt::format("{} KiB", bytes / kib);
  return fmt::format("{} B", bytes);
}

std::string limits_of_session(const Limits& limits) {
  std::string text = fmt::format("message {}, idle {} ms, queue {}", size(limits.message_bytes),
                                 limits.idle.count(), size(limits.queued_bytes));
  if (limits.messages_per_second != 0)
    text += fmt::format(", {} messages/s", limits.messages_per_second);
  if (limits.sessions_per_ip != 0)
    text += fmt::format(", {} sessions per address", limits.sessions_per_ip);
  return text;
}

std::string limits_of(const RouteSpec& spec, const ServerOptions& options) {
  if (spec.kind == RouteSpec::Kind::files) return "files in " + spec.directory;
  if (spec.kind == RouteSpec::Kind::http)
    return fmt::format("body {}", size(options.http_limits.body_bytes));
  Limits limits = options.limits;
  for (const auto& changes : spec.scope.limits) limits = server::merged(limits, changes);
  return limits_of_session(limits);
}

std::string method_of(const RouteSpec& spec) {
  if (spec.kind == RouteSpec::Kind::websocket) return "websocket";
  return spec.kind == RouteSpec::Kind::files ? "GET" : spec.method;
}

Line line_of(const RouteSpec& spec, const ServerOptions& options) {
  return {spec.scope.gear,           spec.scope.host.empty() ? "*" : spec.scope.host,
          method_of(spec),           spec.path.empty() ? "/" : spec.path,
          "gear:" + spec.scope.gear, limits_of(spec, options)};
}

bool is_served(const RouteSpec& spec, const ServerOptions& options) {
  const bool websocket = spec.kind == RouteSpec::Kind::websocket;
  return websocket ? options.serve_websocket : options.serve_http;
}

}  // namespace

void print_routes(const Router& routes, const ServerOptions& options, std::ostream& out) {
  std::vector<Line> lines{{"GEAR", "HOST", "METHOD", "PATH", "POOL", "LIMITS"}};
  for (const auto& spec : routes.specs())
    if (is_served(*spec, options)) lines.push_back(line_of(*spec, options));
  std::array<std::size_t, std::tuple_size_v<Line>> widths{};
  for (const auto& line : lines)
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
  for (const auto& line : lines) {
    for (std::size_t i = 0; i + 1 < line.size(); ++i)
      out << fmt::format("{:<{}}  ", line[i], widths[i]);
    out << line.back() << '\n';
  }
}

cli::Exit print_routes(const config::Loaded& configuration, std::ostream& out,
                       std::ostream& errors) {
  cli::print_diagnostics(configuration, errors);
  if (!configuration.ok()) return cli::Exit::refused;
  const Mounted mounted = mount_gears(configuration.tree);
  print_routes(mounted.routes, server_options(configuration.tree), out);
  return cli::Exit::ok;
}

}  // namespace orrery::app
