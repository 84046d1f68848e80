// AdminGear tells operators and probes how the node is, and lets them act on it.
//
//   GET  /                       the dashboard
//   GET  /healthz                200 "ok": the process answers
//   GET  /readyz                 200 "ready", or 503 with why not: "starting", "draining"
//   GET  /metrics                for Prometheus: docs/metrics.md
//   GET  /api/status             {"ready":true,"draining":false,"sessions":3,"loops":2,...}
//   GET  /api/sessions           ?gear= &pool= &name= &group= &text= &limit=
//   POST /api/sessions/ID/close  202; 404 if there is none; 503 if its loop does not answer
//   POST /api/reload             200, or 422 with what is wrong
//   POST /api/drain              202: the drain has begun; again: it goes on
//   WebSocket /api/live          what the dashboard lives on: docs/live_api.md
//
// Owner   whoever mounts it, until the admin server has ended.
// Thread  routes() before the server starts; the functions are called on its loop.
// Limit   without a token only callers on this machine are answered; with one, those who show it.
//         Probes and the dashboard's files, which say nothing, are anybody's.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "admin/node_control.h"
#include "orrery/orrery.h"

namespace orrery::admin {

struct AdminOptions {
  std::string token{};  // empty: none is asked for, and only this machine may ask
  NodeFacts facts{};
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
  [[nodiscard]] Response sessions(const Request& request) const;
  [[nodiscard]] Response close_session(const Request& request) const;
  [[nodiscard]] Response begin_drain() const;

  NodeControl node_;
  AdminOptions options_;
};

/// Whether both are the same, in a time that says nothing about where they differ.
[[nodiscard]] bool same_secret(std::string_view shown, std::string_view secret);

}  // namespace orrery::admin
