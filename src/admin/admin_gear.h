// AdminGear tells operators and probes how the node is, and lets them drain it.
//
//   GET  /healthz     200 "ok": the process answers
//   GET  /readyz      200 "ready", or 503 with why not: "starting", "draining"
//   GET  /api/status  {"ready":true,"draining":false,"sessions":3,"loops":2,"version":"0.1.0"}
//   GET  /metrics     for Prometheus: docs/metrics.md
//   POST /api/reload  200 {"applied":[...],"needs_restart":[...],"errors":[]}, or 422 with errors
//   POST /api/drain   202: the drain has begun; again: it goes on
//
// Owner   whoever mounts it, until the admin server has ended.
// Thread  routes() before the server starts; the functions are called on its loop.
// Limit   without a token only callers on this machine are answered; with one, those who show it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "orrery/orrery.h"

namespace orrery::admin {

/// What the node tells about itself, and lets be done to it. All return soon.
struct NodeControl {
  std::function<ServerStatus()> status;
  std::function<std::string()> metrics;
  std::function<void()> drain;
  std::function<Response()> reload;
};

struct AdminOptions {
  std::string token{};  // empty: none is asked for, and only this machine may ask
  std::string version{};
};

class AdminGear final : public Gear {
 public:
  AdminGear(NodeControl node, AdminOptions options)
      : node_(std::move(node)), options_(std::move(options)) {}

  [[nodiscard]] std::string_view name() const override { return "admin"; }
  void routes(Router& routes) override;

 private:
  [[nodiscard]] std::optional<Response> stop_strangers(const Request& request) const;
  [[nodiscard]] Response readiness() const;
  [[nodiscard]] Response status() const;
  [[nodiscard]] Response begin_drain() const;

  NodeControl node_;
  AdminOptions options_;
};

/// Whether both are the same, in a time that says nothing about where they differ.
[[nodiscard]] bool same_secret(std::string_view shown, std::string_view secret);

}  // namespace orrery::admin
