#include "cli/admin_client.h"

#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <span>

#include "http/response_reader.h"
#include "net/descriptors.h"

namespace orrery::cli {
namespace {

constexpr std::string_view unix_prefix = "unix:";
constexpr std::string_view nobody_there =
    "nobody listens there; is the server running with this configuration?";

bool is_unix(const config::Admin& admin) {
  return admin.address.starts_with(unix_prefix);
}

// Where to reach what listens on all addresses, or on a socket that systemd has opened.
std::string host_of(const config::Admin& admin) {
  std::string_view host = admin.address;
  if (host.starts_with("systemd")) return "127.0.0.1";
  if (host.starts_with("[") && host.ends_with("]")) host = host.substr(1, host.size() - 2);
  if (host == "0.0.0.0" || host == "*") return "127.0.0.1";
  return host == "::" ? "::1" : std::string(host);
}

std::string place_of(const config::Admin& admin) {
  if (is_unix(admin)) return admin.address;
  const std::string host = host_of(admin);
  const bool six = host.find(':') != host.npos;
  return fmt::format("{}{}{}:{}", six ? "[" : "", host, six ? "]" : "", admin.port);
}

Error trouble(const config::Admin& admin, std::string_view what) {
  return Error{fmt::format("no answer from the admin listener at {}: {}", place_of(admin), what)};
}

std::string_view why(int error) {
  switch (error) {
    case ECONNREFUSED:
    case ENOENT: return nobody_there;
    case EAGAIN:
    case EINPROGRESS:
    case ETIMEDOUT: return "it took too long";
    default: return std::strerror(error);
  }
}

void be_patient(int socket, std::chrono::milliseconds patience) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(patience);
  const timeval wait{.tv_sec = seconds.count(), .tv_usec = (patience - seconds).count() * 1000};
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
  ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);  // connect() too
}

net::Descriptor connect_to(const sockaddr* address, socklen_t size,
                           std::chrono::milliseconds patience) {
  net::Descriptor socket(::socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return {};
  be_patient(socket.get(), patience);
  if (::connect(socket.get(), address, size) != 0) return {};
  return socket;
}

Result<net::Descriptor> connect_to_unix(const config::Admin& admin,
                                        std::chrono::milliseconds patience) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = admin.address.substr(unix_prefix.size());
  if (path.size() >= sizeof address.sun_path) return trouble(admin, "its path is too long");
  path.copy(address.sun_path, path.size());
  auto socket = connect_to(reinterpret_cast<const sockaddr*>(&address), sizeof address, patience);
  if (!socket) return trouble(admin, why(errno));
  return socket;
}

Result<net::Descriptor> connect(const config::Admin& admin, std::chrono::milliseconds patience) {
  if (is_unix(admin)) return connect_to_unix(admin, patience);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int failed =
      ::getaddrinfo(host_of(admin).c_str(), std::to_string(admin.port).c_str(), &hints, &found);
  if (failed != 0) return trouble(admin, ::gai_strerror(failed));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> addresses(found, &::freeaddrinfo);
  for (const addrinfo* each = found; each; each = each->ai_next)
    if (auto socket = connect_to(each->ai_addr, each->ai_addrlen, patience)) return socket;
  return trouble(admin, why(errno));
}

std::string request_bytes(const config::Admin& admin, const AdminQuestion& question) {
  const std::string host = is_unix(admin) ? "localhost" : place_of(admin);
  std::string bytes = fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n",
                                  question.method, question.path, host);
  if (question.method != "GET") bytes += "Content-Length: 0\r\n";
  if (!admin.token.empty()) bytes += fmt::format("Authorization: Bearer {}\r\n", admin.token);
  return bytes + "\r\n";
}

bool send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

Result<AdminAnswer> read_answer(const config::Admin& admin, int socket) {
  using Reader = http::ResponseReader;
  Reader reader(http::HeadLimits{});
  char bytes[4096];
  while (true) {
    const ssize_t count = ::recv(socket, bytes, sizeof bytes, 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return trouble(admin, why(errno));
    std::span<char> input(bytes, static_cast<std::size_t>(count));
    Reader::Event event = count == 0 ? reader.finish() : reader.next(input);
    while (std::holds_alternative<http::HeadArrived>(event)) event = reader.next(input);
    if (const auto* fault = std::get_if<http::Fault>(&event)) return trouble(admin, fault->reason);
    if (std::holds_alternative<http::ResponseComplete>(event))
      return AdminAnswer{reader.head().status, std::string(reader.body())};
    if (count == 0) return trouble(admin, "it hung up");
  }
}

}  // namespace

Result<AdminAnswer> ask_admin(const config::Admin& admin, const AdminQuestion& question) {
  if (admin.port == 0 && !is_unix(admin))
    return Error{
        "admin.port is 0, any free one: say which, as `orrery serve` printed it: --set "
        "admin.port=PORT"};
  auto socket = connect(admin, question.patience);
  if (!socket) return Error{socket.error()};
  if (!send_all(socket->get(), request_bytes(admin, question))) return trouble(admin, why(errno));
  return read_answer(admin, socket->get());
}

bool nobody_listens(const config::Admin& admin) {
  const auto socket = connect(admin, std::chrono::seconds{1});
  return !socket && socket.error() == trouble(admin, nobody_there).message;
}

}  // namespace orrery::cli
