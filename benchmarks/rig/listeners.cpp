#include "benchmarks/rig/listeners.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "benchmarks/rig/upgrade.h"

namespace orrery::benchmarks {

Result<std::unique_ptr<Listeners>> Listeners::open(std::uint16_t port, const std::string& path,
                                                   std::size_t sessions) {
  std::unique_ptr<Listeners> listeners(new Listeners);
  listeners->epoll_ = net::Descriptor(::epoll_create1(EPOLL_CLOEXEC));
  for (std::size_t i = 0; i < sessions; ++i)
    if (auto connected = listeners->connect(port, path); !connected)
      return Error{connected.error()};
  return listeners;
}

Result<void> Listeners::connect(std::uint16_t port, const std::string& path) {
  auto socket = connect_to(port);
  if (!socket) return Error{socket.error()};
  const std::string request = upgrade_request(path);
  if (::send(socket->get(), request.data(), request.size(), MSG_NOSIGNAL) < 0)
    return Error{fmt::format("cannot send: {}", std::strerror(errno))};
  std::string answer;
  while (upgraded(answer) == Upgraded::not_yet) {
    char byte = 0;
    if (::recv(socket->get(), &byte, 1, 0) != 1) return Error{"the server closed a handshake"};
    answer += byte;
  }
  if (upgraded(answer) == Upgraded::refused) return Error{"the server refused: " + answer};
  epoll_event event{.events = EPOLLIN, .data = {.fd = socket->get()}};
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, socket->get(), &event);
  sockets_.push_back(std::move(*socket));
  return {};
}

Result<void> Listeners::hear(std::uint64_t bytes) {
  constexpr int patience_ms = 10'000;
  std::array<epoll_event, 256> events;
  while (bytes > 0) {
    const int found =
        ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), patience_ms);
    if (found == 0) return Error{fmt::format("{} bytes never came", bytes)};
    for (int i = 0; i < found; ++i) {
      const auto got = ::recv(events[static_cast<std::size_t>(i)].data.fd, buffer_.data(),
                              buffer_.size(), MSG_DONTWAIT);
      if (got == 0) return Error{"the server closed a session"};
      if (got < 0 && errno == EAGAIN) continue;
      if (got < 0) return Error{fmt::format("cannot receive: {}", std::strerror(errno))};
      if (static_cast<std::uint64_t>(got) > bytes) return Error{"more came than was sent"};
      bytes -= static_cast<std::uint64_t>(got);
    }
  }
  return {};
}

}  // namespace orrery::benchmarks
