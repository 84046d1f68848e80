// Listening is one address of a server: its text, its open sockets, and what TLS newcomers find
// there.
//
// Owner   the engine.
// Thread  open() and close() before the loops and after them; context(), use() and expiries() from
//         any.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "net/listener_set.h"
#include "net/tls_context.h"
#include "orrery/orrery.h"

namespace orrery::server {

class Listening {
 public:
  Listening(std::string address, std::optional<Tls> tls)
      : text_(std::move(address)), tls_(std::move(tls)) {}

  [[nodiscard]] Result<void> open(std::size_t loops, const net::ListenerOptions& options,
                                  const std::shared_ptr<net::TicketKeys>& tickets);
  void close() { sockets_.reset(); }
  /// Once open: "http://127.0.0.1:9001", "https://...", "unix:/path".
  [[nodiscard]] std::string url() const;
  /// Once open: "0.0.0.0:9001", "unix:/path".
  [[nodiscard]] std::string bound() const { return sockets_->address().text(); }
  [[nodiscard]] int socket_of(std::size_t loop) const { return sockets_->socket_of(loop); }

  /// Somebody else keeps its socket: newcomers who find nobody wait there.
  [[nodiscard]] bool outlives_us() const { return outlives_us_; }
  [[nodiscard]] bool speaks_tls() const { return tls_.has_value(); }
  /// Certificates and keys as their files are now.
  [[nodiscard]] Result<std::shared_ptr<const net::TlsContext>> read_certificates(
      const std::shared_ptr<net::TicketKeys>& tickets) const;
  /// Of newcomers; null without TLS.
  [[nodiscard]] std::shared_ptr<const net::TlsContext> context() const;
  /// Whether other certificates are shown from now on.
  bool use(std::shared_ptr<const net::TlsContext> context);
  /// When each certificate expires, by its file, in seconds since 1970.
  void add_expiries(std::map<std::string, std::int64_t>& all) const;

 private:
  const std::string text_;
  const std::optional<Tls> tls_;
  std::optional<net::ListenerSet> sockets_{};
  bool outlives_us_ = false;
  mutable std::mutex mutex_{};
  std::shared_ptr<const net::TlsContext> newest_{};
};

}  // namespace orrery::server
