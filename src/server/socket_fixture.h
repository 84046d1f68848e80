// A blocking client on a real socket, for tests of servers with threads of their own.
//
// Owner   the test.
// Thread  one.
// Limit   it waits a minute for the server, and then gives up. The kernel interrupts it when an
//         io_uring that its thread has made is gone: then it goes on.
#pragma once

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <cerrno>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/descriptors.h"
#include "net/listen_address.h"
#include "net/poller_fixture.h"
#include "orrery/orrery.h"
#include "server/wire_fixture.h"

namespace orrery::server {

/// How the loops of a tested server wait: where io_uring is forbidden, epoll alone.
inline std::vector<Io> tested_io() {
  if (net::tests_io_uring()) return {Io::epoll, Io::automatic, Io::io_uring};
  return {Io::epoll};
}
inline std::string name_of_io(const ::testing::TestParamInfo<Io>& info) {
  switch (info.param) {
    case Io::epoll: return "Epoll";
    case Io::automatic: return "Automatic";
    case Io::io_uring: break;
  }
  return "Uring";
}

class SocketClient {
 public:
  explicit SocketClient(std::string_view url) : socket_(connected(url)) {}
  virtual ~SocketClient() = default;
  SocketClient(const SocketClient&) = delete;
  SocketClient& operator=(const SocketClient&) = delete;

  virtual void sends(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  /// All up to and with `end`, or to the server's last byte; the rest is for the next call.
  std::string hears(std::string_view end = "\xff never \xff") {
    while (heard_.find(end) == std::string::npos) {
      char bytes[4096];
      const auto got = receive(bytes, sizeof bytes);
      if (got <= 0) return std::exchange(heard_, {});
      heard_.append(bytes, static_cast<std::size_t>(got));
    }
    auto first = heard_.substr(0, heard_.find(end) + end.size());
    heard_.erase(0, first.size());
    return first;
  }
  void opens(std::string_view target) {
    sends(handshake(target));
    const auto head = hears("\r\n\r\n");
    EXPECT_THAT(head, ::testing::StartsWith("HTTP/1.1 101 "));
  }
  void breaks_off() {
    const linger none{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &none, sizeof none);
    socket_.close();
  }

 protected:
  virtual ssize_t receive(char* into, std::size_t size) {
    ssize_t got = -1;
    do got = ::recv(socket_.get(), into, size, 0);
    while (got < 0 && errno == EINTR);
    return got;
  }
  [[nodiscard]] int fd() const { return socket_.get(); }

 private:
  static net::Descriptor connected(std::string_view url) {
    const bool is_unix = url.starts_with("unix:");
    if (!is_unix) url.remove_prefix(url.find("//") + 2);
    const auto where = net::parse_listen_address(url);
    if (!where) throw std::runtime_error(where.error());
    net::Descriptor socket(::socket(is_unix ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const timeval patience{.tv_sec = 60, .tv_usec = 0};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (!(is_unix ? connect_unix(socket.get(), where.value().unix_path)
                  : connect_tcp(socket.get(), where.value())))
      throw std::runtime_error("nobody listens at " + std::string(url));
    return socket;
  }
  static bool connect_tcp(int fd, const net::ListenAddress& where) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(where.port);
    ::inet_pton(AF_INET, where.host.c_str(), &address.sin_addr);
    return net::connects(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  }
  static bool connect_unix(int fd, const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    return net::connects(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  }

  net::Descriptor socket_;
  std::string heard_;
};

}  // namespace orrery::server
