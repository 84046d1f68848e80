// Admitting is one opening handshake between its head and its answer: what the gear is asked with,
// and what the session will need.
//
// Owner   the HttpProtocol: on the stack, or, while an admission that is a coroutine waits, its
// own. Thread  the connection's loop. Limit   Limits::admission_timeout.
#pragma once

#include <coroutine>
#include <optional>

#include "orrery/handler.h"
#include "pools/address_counts.h"
#include "pools/pool.h"
#include "server/route_table.h"
#include "websocket/handshake.h"

namespace orrery::server {

struct Admitting {
  Admitting(const WebsocketEntry& on_route, websocket::Upgrade asked, Request from,
            pools::Permit its_permit)
      : route(on_route),
        upgrade(std::move(asked)),
        request(std::move(from)),
        handshake(request, upgrade.offered_protocols),
        permit(std::move(its_permit)) {}

  const WebsocketEntry& route;
  websocket::Upgrade upgrade;
  Request request;
  Handshake handshake;
  pools::Permit permit;
  pools::AddressTicket ticket{};  // where sessions per address are limited
  std::optional<Task<detail::Opening>> task{};
  std::coroutine_handle<> waiter{};  // its innermost coroutine, while a worker has its job
};

}  // namespace orrery::server
