#include "benchmarks/rig/upgrade.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace orrery::benchmarks {
namespace {

// RFC 6455 §1.3
constexpr std::string_view key = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr std::string_view accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

}  // namespace

Result<net::Descriptor> connect_to(std::uint16_t port) {
  net::Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return Error{fmt::format("cannot connect to port {}: {}", port, std::strerror(errno))};
  const int yes = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  return socket;
}

std::string upgrade_request(std::string_view path) {
  return fmt::format(
      "GET {} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: {}\r\nSec-WebSocket-Version: 13\r\n\r\n",
      path, key);
}

Upgraded upgraded(std::string_view answer) {
  const std::size_t end = answer.find("\r\n\r\n");
  if (end == std::string_view::npos) return Upgraded::not_yet;
  const bool accepted = answer.starts_with("HTTP/1.1 101 ") &&
                        answer.substr(0, end).find(accept) != std::string_view::npos &&
                        end + 4 == answer.size();
  return accepted ? Upgraded::yes : Upgraded::refused;
}

}  // namespace orrery::benchmarks
