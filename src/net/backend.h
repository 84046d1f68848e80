// Which kind of Poller the loops of a server have.
//
// Thread  any.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "net/poller.h"

namespace orrery::net {

enum class Backend : std::uint8_t { epoll, epoll_and_ring, io_uring };

/// What is taken where nobody chose: epoll, with an io_uring that sends to many if nothing filters
/// our system calls. See docs/decisions/0026-auto-sends-to-many-at-once.md.
[[nodiscard]] Backend automatic_backend();

/// "epoll", "epoll+io_uring", "io_uring".
[[nodiscard]] std::string_view name_of(Backend backend);

/// An Error says what forbids it on this machine.
[[nodiscard]] Result<std::unique_ptr<Poller>> create_poller(Backend backend);
/// Whether create_poller() would succeed, and what it does later.
[[nodiscard]] Result<void> is_available(Backend backend);

}  // namespace orrery::net
