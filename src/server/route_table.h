// A RouteTable is what Router declared, checked and ready to be looked up.
//
// Owner   the engine; built once, before the loops start.
// Thread  read by all loops.
// Errors  build() names the route and what is wrong with it, all mistakes at once.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/file_source.h"
#include "http/router.h"
#include "orrery/orrery.h"
#include "pools/hold_watch.h"
#include "websocket/extensions.h"
#include "websocket/origin.h"

namespace orrery::server {

/// A WebSocket route with everything that it inherits filled in.
struct WebsocketEntry {
  const RouteSpec* spec = nullptr;
  Limits limits;
  websocket::OriginPolicy origins;
  std::optional<websocket::CompressionRules> compression;
  pools::CallbackOrigin origin;  // for the watchdog, here and below
  std::size_t gear_number = 0;   // for its counters: gears count from 0
};

/// A plain route, or a folder of files.
struct PlainEntry {
  const RouteSpec* spec = nullptr;
  pools::CallbackOrigin origin{};
};

/// All that is served at one path of one host.
struct PathEntry {
  std::vector<PlainEntry> http;  // by method; "*" last
  std::unique_ptr<WebsocketEntry> websocket;
  std::optional<PlainEntry> files;
  std::unique_ptr<http::FileSource> source;  // of files
  std::string allow;                         // "GET, HEAD, OPTIONS"

  /// The plain handler for a method; HEAD falls back on GET. Null: 405.
  [[nodiscard]] const PlainEntry* handler_of(std::string_view method) const;
};

class RouteTable {
 public:
  struct Found {
    const PathEntry* entry;
    std::vector<http::PathParam> params;
  };

  [[nodiscard]] static Result<std::unique_ptr<RouteTable>> build(const Router& routes,
                                                                 const ServerOptions& options);
  /// `path` as sent; nothing: 404.
  [[nodiscard]] std::optional<Found> find(std::string_view host, std::string_view path) const;
  /// Those with WebSocket routes, by their numbers.
  [[nodiscard]] const std::vector<std::string>& gears() const { return gears_; }
  /// How long the most patient route waits for a client that takes nothing.
  [[nodiscard]] milliseconds longest_write_timeout() const;

 private:
  Result<void> add(const RouteSpec& spec, const ServerOptions& options);

  [[nodiscard]] std::size_t number_of(const std::string& gear);

  http::Router router_;
  std::vector<PathEntry> entries_;
  std::vector<std::string> gears_;
};

/// `base` with what `changes` sets.
[[nodiscard]] Limits merged(Limits base, const RouteLimits& changes);

}  // namespace orrery::server
