#include "cli/this_machine.h"

#include <fmt/format.h>
#include <netdb.h>
#include <openssl/asn1.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <memory>

#include "net/backend.h"
#include "net/descriptors.h"
#include "net/listen_address.h"
#include "net/tls_context.h"

namespace orrery::cli {
namespace {

CalendarTime time_of(const ASN1_TIME* stamp) {
  std::tm parts{};
  ASN1_TIME_to_tm(stamp, &parts);
  return std::chrono::system_clock::from_time_t(::timegm(&parts));
}

PortAnswer answer_to(int error) {
  switch (error) {
    case 0: return {};
    case EADDRINUSE: return {PortState::taken, ""};
    case EACCES:
    case EPERM: return {PortState::forbidden, std::strerror(error)};
    default: return {PortState::impossible, std::strerror(error)};
  }
}

std::string host_to_bind(const net::ListenAddress& address) {
  if (address.host == "*") return "::";
  return address.host == "localhost" ? "127.0.0.1" : address.host;
}

// The errno of a listener there, or 0.
int listen_once(const addrinfo& where) {
  const net::Descriptor socket(::socket(where.ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return errno;
  const int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const bool done =
      ::bind(socket.get(), where.ai_addr, where.ai_addrlen) == 0 && ::listen(socket.get(), 1) == 0;
  return done ? 0 : errno;
}

PortAnswer listen_on_tcp(const net::ListenAddress& address) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int failed = ::getaddrinfo(host_to_bind(address).c_str(),
                                   std::to_string(address.port).c_str(), &hints, &found);
  if (failed != 0) return {PortState::impossible, ::gai_strerror(failed)};
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> addresses(found, &::freeaddrinfo);
  return answer_to(listen_once(*found));
}

// Nothing is made there: what counts is whether somebody answers, and whether we may write beside
// it.
PortAnswer listen_on_unix(const std::string& path) {
  sockaddr_un where{};
  where.sun_family = AF_UNIX;
  if (path.size() >= sizeof where.sun_path) return answer_to(ENAMETOOLONG);
  path.copy(where.sun_path, path.size());
  const net::Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0)
    return answer_to(EADDRINUSE);
  const auto folder = std::filesystem::absolute(path).parent_path();
  if (::access(folder.c_str(), W_OK | X_OK) == 0) return {};
  return {PortState::impossible, fmt::format("{}: {}", folder.string(), std::strerror(errno))};
}

}  // namespace

std::uint64_t ThisMachine::descriptors() const {
  return net::raise_descriptor_limit();
}

std::optional<std::string> ThisMachine::setting(const std::string& name) const {
  std::ifstream file("/proc/sys/" + name);
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  return line;
}

Result<CertificateDates> ThisMachine::certificate(const config::Tls& tls) const {
  const auto loaded =
      net::TlsContext::load({tls.certificate, tls.key, tls.min_version, tls.client_ca});
  if (!loaded) return Error{loaded.error()};
  const X509* own = SSL_CTX_get0_certificate((*loaded)->native());
  return CertificateDates{time_of(X509_get0_notBefore(own)), time_of(X509_get0_notAfter(own))};
}

bool ThisMachine::readable_by_all(const std::string& file) const {
  struct stat found {};
  return ::stat(file.c_str(), &found) == 0 && (found.st_mode & S_IROTH) != 0;
}

PortAnswer ThisMachine::listen(const std::string& address) const {
  const auto parsed = net::parse_listen_address(address);
  if (!parsed) return {PortState::impossible, parsed.error()};
  return parsed->is_unix() ? listen_on_unix(parsed->unix_path) : listen_on_tcp(*parsed);
}

net::Backend ThisMachine::automatic_io() const {
  const auto chosen = net::automatic_backend();
  return net::is_available(chosen) ? chosen : net::Backend::epoll;
}

Result<void> ThisMachine::io_uring() const {
  return net::is_available(net::Backend::io_uring);
}

CalendarTime ThisMachine::now() const {
  return std::chrono::system_clock::now();
}

bool ThisMachine::clock_is_kept() const {
  timex state{};
  return ::adjtimex(&state) != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
}

}  // namespace orrery::cli
