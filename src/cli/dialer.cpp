#include "cli/dialer.h"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include "net/peer_address.h"
#include "net/tcp_stream.h"
#include "net/tls_stream.h"

namespace orrery::cli {
namespace {

constexpr int probe_ms = 3000;

Result<std::string> text_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in)
    return Error{fmt::format("--ca {}: {}; give a PEM file with the certificates to trust", file,
                             std::strerror(errno))};
  return std::string(std::istreambuf_iterator<char>(in), {});
}

Result<std::shared_ptr<const net::TlsContext>> tls_of(const ClientOptions& options) {
  net::TlsClientOptions wanted{.verify = options.verify};
  if (!options.ca_file.empty()) {
    auto text = text_of(options.ca_file);
    if (!text) return Error{text.error()};
    wanted.ca = *std::move(text);
  }
  return net::TlsContext::client(wanted);
}

Result<void> find_unix(const Target& target, Place& place) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (target.unix_path.size() >= sizeof address.sun_path)
    return Error{fmt::format("{} is too long for the path of a socket: at most {} bytes",
                             target.unix_path, sizeof address.sun_path - 1)};
  target.unix_path.copy(address.sun_path, target.unix_path.size());
  std::memcpy(&place.address, &address, sizeof address);
  place.address_bytes = sizeof address;
  return {};
}

net::Descriptor start_connecting(const sockaddr* address, socklen_t bytes, int receive_bytes) {
  net::Descriptor socket(
      ::socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket) return {};
  const int yes = 1;
  if (address->sa_family != AF_UNIX)
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  if (receive_bytes > 0)
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
  if (::connect(socket.get(), address, bytes) == 0 || errno == EINPROGRESS) return socket;
  return {};
}

bool somebody_listens(const addrinfo& at) {
  const auto socket = start_connecting(at.ai_addr, at.ai_addrlen, 0);
  if (!socket) return false;
  pollfd connected{.fd = socket.get(), .events = POLLOUT, .revents = 0};
  if (::poll(&connected, 1, probe_ms) <= 0) return false;
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  return error == 0;
}

// A host with several addresses ("localhost" has two) is tried; one with a single address is not.
Result<void> find_network(const Target& target, Place& place) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int failed =
      ::getaddrinfo(target.host.c_str(), std::to_string(target.port).c_str(), &hints, &found);
  if (failed != 0)
    return Error{fmt::format("cannot find the host {}: {}; check its name and the network",
                             target.host, ::gai_strerror(failed))};
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> all(found, &::freeaddrinfo);
  const addrinfo* chosen = all.get();
  if (chosen->ai_next)
    while (chosen && !somebody_listens(*chosen)) chosen = chosen->ai_next;
  if (!chosen) chosen = all.get();
  std::memcpy(&place.address, chosen->ai_addr, chosen->ai_addrlen);
  place.address_bytes = chosen->ai_addrlen;
  return {};
}

}  // namespace

Result<Place> find_place(const Target& target, const ClientOptions& options) {
  Place place;
  place.server_name = target.host;
  if (target.tls) {
    auto tls = tls_of(options);
    if (!tls) return Error{tls.error()};
    place.tls = *std::move(tls);
  }
  const auto found = target.is_unix() ? find_unix(target, place) : find_network(target, place);
  if (!found) return Error{found.error()};
  return place;
}

SocketDialer::SocketDialer(net::Loop& loop, const Place& place, int receive_bytes)
    : loop_(loop),
      place_(place),
      receive_bytes_(receive_bytes),
      scratch_(place.tls ? std::make_unique<net::TlsScratch>() : nullptr) {}

Result<std::unique_ptr<net::Stream>> SocketDialer::dial() {
  auto socket = start_connecting(reinterpret_cast<const sockaddr*>(&place_.address),
                                 place_.address_bytes, receive_bytes_);
  if (!socket) return Error{why_lost(errno)};
  std::unique_ptr<net::Stream> stream = std::make_unique<net::TcpStream>(
      loop_, std::move(socket), net::PeerAddress::from(place_.address));
  if (!place_.tls) return stream;
  return std::unique_ptr<net::Stream>(std::make_unique<net::TlsStream>(
      loop_, std::move(stream), place_.tls, *scratch_, place_.server_name));
}

std::string why_lost(int error) {
  switch (error) {
    case 0: return "the server hung up without a close frame";
    case ECONNREFUSED:
    case ENOENT: return "nobody listens there: is the server running, and is the port right?";
    case ETIMEDOUT: return "no answer: is the host right, and does a firewall stand between?";
    case EHOSTUNREACH:
    case ENETUNREACH: return "there is no way to that host: check its address and the network";
    case ECONNRESET:
    case EPIPE: return "the server broke the connection off";
    case EAGAIN: return "the server's queue of new connections is full: open fewer at once";
    case EADDRNOTAVAIL:
      return "no local port is free for another connection to that server: open fewer, or widen "
             "net.ipv4.ip_local_port_range";
    case EMFILE:
    case ENFILE: return "the limit of open descriptors is reached: raise it (ulimit -n)";
    default: return std::strerror(error);
  }
}

}  // namespace orrery::cli
