#include "net/listener_set.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace orrery::net {
namespace {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  template <typename T>
  static SocketAddress of(const T& address) {
    SocketAddress result;
    std::memcpy(&result.storage, &address, sizeof address);
    result.size = sizeof address;
    return result;
  }
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

enum class Port { exclusive, shared };

Error failed(const ListenAddress& address, std::string_view why) {
  return Error{fmt::format("cannot listen on {}: {}", address.text(), why)};
}

Error failed(const ListenAddress& address, int error) {
  if (error == EADDRINUSE && !address.is_unix())
    return failed(address, fmt::format("port {} is already in use by another process; "
                                       "choose another with server.port",
                                       address.port));
  if (error == EADDRNOTAVAIL) return failed(address, "this machine has no such address");
  if (error == EACCES && !address.is_unix())
    return failed(address, fmt::format("port {} needs CAP_NET_BIND_SERVICE; choose one from 1024 "
                                       "with server.port",
                                       address.port));
  return failed(address, std::strerror(error));
}

Result<SocketAddress> socket_address(const ListenAddress& address) {
  const std::string& host = address.host == "localhost" ? "127.0.0.1" : address.host;
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(address.port);
  if (::inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1) return SocketAddress::of(v4);

  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(address.port);
  if (host == "*" || ::inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) == 1)
    return SocketAddress::of(v6);
  return failed(address, "the host is neither an IP address nor localhost nor *");
}

void set_option(int fd, int level, int name, int value) {
  ::setsockopt(fd, level, name, &value, sizeof value);
}

int seconds(milliseconds time) {
  return static_cast<int>(std::chrono::ceil<std::chrono::seconds>(time).count());
}

// So even a session that nobody reads, and that has nothing to say, ends when its peer vanishes.
void watch_peers(int fd, const ListenerOptions& options) {
  set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(options.give_up_after.count()));
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, seconds(options.probe_after));
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL,
             seconds(std::min(options.give_up_after / 4, milliseconds{75'000})));
}

// A bound TCP socket, or an empty Descriptor and errno. "::" takes IPv4 too.
Descriptor bind_tcp(const SocketAddress& where, Port port, const ListenerOptions& options) {
  Descriptor socket(
      ::socket(where.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP));
  if (!socket) return {};
  const int fd = socket.get();
  set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);  // connections of an earlier process still linger
  if (port == Port::shared) set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
  if (where.storage.ss_family == AF_INET6) set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);  // newcomers inherit this, and what follows
  watch_peers(fd, options);
  if (options.wait_for_first_byte) set_option(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, 1);
  if (::bind(fd, where.get(), where.size) != 0) return {};
  return socket;
}

SocketAddress bound_address(int fd) {
  SocketAddress where;
  where.size = sizeof where.storage;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&where.storage), &where.size);
  return where;
}

std::uint16_t port_of(const SocketAddress& where) {
  sockaddr_in address;  // the port lies at the same place in both families
  std::memcpy(&address, &where.storage, sizeof address);
  return ntohs(address.sin_port);
}

ListenAddress listen_address_of(const SocketAddress& where) {
  ListenAddress address;
  if (where.storage.ss_family == AF_UNIX) {
    const auto* const path =
        reinterpret_cast<const char*>(&where.storage) + offsetof(sockaddr_un, sun_path);
    address.unix_path.assign(path, ::strnlen(path, sizeof sockaddr_un{}.sun_path));
    if (address.unix_path.empty()) address.unix_path = "@";  // an abstract name
    return address;
  }
  char text[INET6_ADDRSTRLEN] = {};
  const auto* const v4 = reinterpret_cast<const sockaddr_in*>(&where.storage);
  const auto* const v6 = reinterpret_cast<const sockaddr_in6*>(&where.storage);
  const bool four = where.storage.ss_family == AF_INET;
  ::inet_ntop(where.storage.ss_family,
              four ? static_cast<const void*>(&v4->sin_addr) : &v6->sin6_addr, text, sizeof text);
  address.host = text;
  address.port = port_of(where);
  return address;
}

bool listens(int fd) {
  int listening = 0, kind = 0;
  socklen_t size = sizeof listening;
  return ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening == 1 &&
         ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &kind, &size) == 0 && kind == SOCK_STREAM;
}

// Whether `where` is a socket on which nobody listens: what a killed process leaves behind.
bool is_stale(const sockaddr_un& where) {
  struct stat file {};
  if (::lstat(where.sun_path, &file) != 0 || !S_ISSOCK(file.st_mode)) return false;
  const Descriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const auto address = SocketAddress::of(where);
  return probe && ::connect(probe.get(), address.get(), address.size) != 0 && errno == ECONNREFUSED;
}

}  // namespace

ListenerSet::ListenerSet(ListenerSet&& other) noexcept
    : address_(std::exchange(other.address_, {})),
      sockets_(std::exchange(other.sockets_, {})),
      device_(other.device_),
      inode_(other.inode_) {}

ListenerSet::~ListenerSet() {
  if (!address_.is_unix() || sockets_.empty()) return;
  struct stat file {};
  const bool ours = ::lstat(address_.unix_path.c_str(), &file) == 0 && file.st_dev == device_ &&
                    file.st_ino == inode_;
  if (ours) ::unlink(address_.unix_path.c_str());
}

Result<ListenerSet> ListenerSet::open(const ListenAddress& address, std::size_t loops,
                                      const ListenerOptions& options) {
  ListenerSet set;
  set.address_ = address;
  auto opened = address.is_open()   ? set.take_open(options)
                : address.is_unix() ? set.open_unix(options)
                                    : set.open_tcp(loops, options);
  if (!opened) return Error{opened.error()};
  return set;
}

// The first socket has the port to itself until it listens: from then on no other process can bind
// it by the same rule, and only then our own others join.
Result<void> ListenerSet::open_tcp(std::size_t loops, const ListenerOptions& options) {
  auto wanted = socket_address(address_);
  if (!wanted) return Error{wanted.error()};
  Descriptor first = bind_tcp(*wanted, Port::exclusive, options);
  const bool no_ipv6 = !first && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL);
  if (no_ipv6 && address_.host == "*") {
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_port = htons(address_.port);
    first = bind_tcp(SocketAddress::of(any), Port::exclusive, options);
  }
  if (!first || ::listen(first.get(), options.backlog) != 0) return failed(address_, errno);
  const SocketAddress where = bound_address(first.get());
  address_.port = port_of(where);
  if (loops > 1) set_option(first.get(), SOL_SOCKET, SO_REUSEPORT, 1);
  sockets_.push_back(std::move(first));

  while (sockets_.size() < loops) {
    Descriptor next = bind_tcp(where, Port::shared, options);
    if (!next || ::listen(next.get(), options.backlog) != 0) return failed(address_, errno);
    sockets_.push_back(std::move(next));
  }
  return {};
}

Result<void> ListenerSet::open_unix(const ListenerOptions& options) {
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  if (address_.unix_path.size() >= sizeof where.sun_path)
    return failed(address_,
                  fmt::format("the path is longer than {} bytes", sizeof where.sun_path - 1));
  std::copy(address_.unix_path.begin(), address_.unix_path.end(), where.sun_path);
  const auto address = SocketAddress::of(where);

  Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return failed(address_, errno);
  int bound = ::bind(socket.get(), address.get(), address.size);
  if (bound != 0 && errno == EADDRINUSE) {
    if (!is_stale(where))
      return failed(address_, "another process listens there, or the path is not a socket");
    ::unlink(where.sun_path);
    bound = ::bind(socket.get(), address.get(), address.size);
  }
  struct stat file {};
  if (bound != 0 || ::listen(socket.get(), options.backlog) != 0 ||
      ::lstat(where.sun_path, &file) != 0)
    return failed(address_, errno);
  device_ = file.st_dev;
  inode_ = file.st_ino;
  sockets_.push_back(std::move(socket));
  return {};
}

// Whoever opened it goes on listening with it when we are gone: its path stays.
Result<void> ListenerSet::take_open(const ListenerOptions& options) {
  const int fd = address_.descriptor;
  if (!listens(fd)) return failed(address_, "it is no stream socket that listens");
  Descriptor socket(fd);
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
  address_ = listen_address_of(bound_address(fd));
  if (!address_.is_unix()) {
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    watch_peers(fd, options);
  }
  sockets_.push_back(std::move(socket));
  return {};
}

}  // namespace orrery::net
