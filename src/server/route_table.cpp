#include "server/route_table.h"

#include <algorithm>

#include <fmt/format.h>

#include "http/directory_files.h"

namespace orrery::server {

namespace {

template <typename T>
void set(T& field, const std::optional<T>& change) {
  if (change) field = *change;
}

Error mistake_in(const RouteSpec& spec, std::string_view what) {
  return Error{fmt::format("route {}{}: {}", spec.scope.host, spec.path, what)};
}

// The shared compressor serves every session, so its window is everybody's.
std::optional<websocket::CompressionRules> compression_of(const Limits& limits) {
  using websocket::CompressionMode;
  if (limits.compression == Compression::off) return std::nullopt;
  if (limits.compression == Compression::shared) return websocket::CompressionRules{};
  const int bits = limits.compression_window_bits;
  return websocket::CompressionRules{CompressionMode::dedicated, bits, bits};
}

std::optional<std::string> fault_in(const Limits& limits) {
  const int bits = limits.compression_window_bits, level = limits.compression_memory_level;
  if (bits < 9 || bits > 15)
    return fmt::format("compression_window_bits is from 9 to 15, not {}", bits);
  if (level < 1 || level > 9)
    return fmt::format("compression_memory_level is from 1 to 9, not {}", level);
  return std::nullopt;
}

Result<std::unique_ptr<WebsocketEntry>> make_websocket(const RouteSpec& spec,
                                                       const ServerOptions& options) {
  if (!spec.open && !spec.open_later)
    return mistake_in(spec, "its handler is built from an admitted value: add .admit(...)");
  const bool for_workers = static_cast<bool>(spec.worker_operations.on_message);
  if (for_workers && !spec.on_workers)
    return mistake_in(spec, "its handler takes a WorkerSession&: add .on_workers()");
  auto entry = std::make_unique<WebsocketEntry>();
  entry->spec = &spec;
  entry->limits = options.limits;
  for (const RouteLimits& changes : spec.scope.limits)
    entry->limits = merged(entry->limits, changes);
  auto origins = websocket::OriginPolicy::parse(spec.scope.origins.value_or(options.origins));
  if (!origins) return mistake_in(spec, origins.error());
  entry->origins = std::move(*origins);
  if (const auto fault = fault_in(entry->limits)) return mistake_in(spec, *fault);
  entry->compression = compression_of(entry->limits);
  entry->origin = {spec.scope.gear, spec.path};
  return entry;
}

// What an Allow header says (RFC 9110 §10.2.1).
std::string allowed_at(const PathEntry& entry) {
  std::vector<std::string_view> methods;
  const auto allow = [&](std::string_view method) {
    if (std::ranges::find(methods, method) == methods.end()) methods.push_back(method);
  };
  if (entry.websocket) allow("GET");
  if (entry.files) allow("GET"), allow("HEAD");
  for (const PlainEntry& plain : entry.http) {
    const std::string& method = plain.spec->method;
    if (method == "*") continue;
    allow(method);
    if (method == "GET") allow("HEAD");
  }
  allow("OPTIONS");
  return fmt::format("{}", fmt::join(methods, ", "));
}

const std::string& method_of(const PlainEntry& plain) {
  return plain.spec->method;
}

PlainEntry plain_of(const RouteSpec& spec) {
  return {&spec, {spec.scope.gear, spec.path}};
}

}  // namespace

Limits merged(Limits base, const RouteLimits& changes) {
  set(base.message_bytes, changes.message_bytes);
  set(base.fragments, changes.fragments);
  set(base.message_timeout, changes.message_timeout);
  set(base.idle, changes.idle);
  set(base.idle_policy, changes.idle_policy);
  set(base.idle_reset, changes.idle_reset);
  set(base.heartbeat, changes.heartbeat);
  set(base.messages_per_second, changes.messages_per_second);
  set(base.rate_policy, changes.rate_policy);
  set(base.queued_bytes, changes.queued_bytes);
  set(base.overflow, changes.overflow);
  set(base.write_timeout, changes.write_timeout);
  set(base.mailbox_count, changes.mailbox_count);
  set(base.mailbox_bytes, changes.mailbox_bytes);
  set(base.mailbox_overflow, changes.mailbox_overflow);
  set(base.admission_timeout, changes.admission_timeout);
  set(base.close_timeout, changes.close_timeout);
  set(base.sessions_per_ip, changes.sessions_per_ip);
  set(base.compression, changes.compression);
  set(base.compression_threshold_bytes, changes.compression_threshold_bytes);
  set(base.compression_window_bits, changes.compression_window_bits);
  set(base.compression_memory_level, changes.compression_memory_level);
  set(base.compression_except, changes.compression_except);
  return base;
}

const PlainEntry* PathEntry::handler_of(std::string_view method) const {
  const auto with = [&](std::string_view name) -> const PlainEntry* {
    const auto found = std::ranges::find(http, name, method_of);
    return found == http.end() ? nullptr : &*found;
  };
  if (const auto* exact = with(method)) return exact;
  if (method == "HEAD")
    if (const auto* get = with("GET")) return get;
  return with("*");
}

Result<std::unique_ptr<RouteTable>> RouteTable::build(const Router& routes,
                                                      const ServerOptions& options) {
  auto table = std::make_unique<RouteTable>();
  std::string mistakes;
  for (const auto& spec : routes.specs()) {
    if (spec->kind == RouteSpec::Kind::websocket && !options.serve_websocket) continue;
    if (const auto added = table->add(*spec, options); !added)
      mistakes += (mistakes.empty() ? "" : "\n") + added.error();
  }
  if (!mistakes.empty()) return Error{std::move(mistakes)};
  for (PathEntry& entry : table->entries_) entry.allow = allowed_at(entry);
  return table;
}

Result<void> RouteTable::add(const RouteSpec& spec, const ServerOptions& options) {
  const auto id = router_.add(spec.scope.host, spec.path);
  if (!id) return mistake_in(spec, id.error());
  if (*id >= entries_.size()) entries_.resize(*id + 1);
  PathEntry& entry = entries_[*id];
  switch (spec.kind) {
    case RouteSpec::Kind::http:
      if (std::ranges::find(entry.http, spec.method, method_of) != entry.http.end())
        return mistake_in(spec, fmt::format("{} is declared twice", spec.method));
      entry.http.push_back(plain_of(spec));
      return {};
    case RouteSpec::Kind::websocket: {
      if (entry.websocket) return mistake_in(spec, "a WebSocket handler is declared twice");
      auto made = make_websocket(spec, options);
      if (!made) return Error{made.error()};
      entry.websocket = std::move(*made);
      entry.websocket->gear_number = number_of(spec.scope.gear);
      return {};
    }
    case RouteSpec::Kind::files: {
      if (entry.files) return mistake_in(spec, "two folders of files are declared");
      auto source = http::DirectoryFiles::open_root(spec.directory);
      if (!source) return mistake_in(spec, source.error());
      entry.files = plain_of(spec);
      entry.source = std::move(*source);
      return {};
    }
  }
  return {};
}

std::size_t RouteTable::number_of(const std::string& gear) {
  const auto known = std::ranges::find(gears_, gear);
  if (known == gears_.end()) return gears_.push_back(gear), gears_.size() - 1;
  return static_cast<std::size_t>(known - gears_.begin());
}

milliseconds RouteTable::longest_write_timeout() const {
  milliseconds longest{0};
  for (const PathEntry& entry : entries_)
    if (entry.websocket) longest = std::max(longest, entry.websocket->limits.write_timeout);
  return longest;
}

std::optional<RouteTable::Found> RouteTable::find(std::string_view host,
                                                  std::string_view path) const {
  auto match = router_.find(host, path);
  if (!match) return std::nullopt;
  return Found{&entries_[match->entry], std::move(match->params)};
}

}  // namespace orrery::server
