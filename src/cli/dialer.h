// A Dialer makes streams to one server. They are handed out at once, and connect by themselves.
//
// Owner   the command; a SocketDialer belongs to one loop, the Place behind it is shared by all.
// Thread  its loop's; find_place() blocks.
// Limit   a connection that takes longer than the command's patience is the caller's to give up.
#pragma once

#include <sys/socket.h>

#include <memory>
#include <string>

#include "cli/client_options.h"
#include "cli/target.h"
#include "net/loop.h"
#include "net/stream.h"
#include "net/tls_context.h"
#include "net/tls_scratch.h"
#include "orrery/result.h"

namespace orrery::cli {

class Dialer {
 public:
  virtual ~Dialer() = default;
  /// A stream that is connecting: what can't be connected says so with on_end(). The error is for
  /// what this machine has no room for.
  [[nodiscard]] virtual Result<std::unique_ptr<net::Stream>> dial() = 0;
};

/// Where the server is, found once.
struct Place {
  sockaddr_storage address{};
  socklen_t address_bytes = 0;
  std::string server_name{};  // what its certificate must be for
  std::shared_ptr<const net::TlsContext> tls{};
};

/// Looks the host up, and takes the first of its addresses where somebody listens.
[[nodiscard]] Result<Place> find_place(const Target& target, const ClientOptions& options);

class SocketDialer final : public Dialer {
 public:
  /// `receive_bytes`: the kernel's buffer for what arrives, 0 for its own choice.
  SocketDialer(net::Loop& loop, const Place& place, int receive_bytes = 0);

  [[nodiscard]] Result<std::unique_ptr<net::Stream>> dial() override;

 private:
  net::Loop& loop_;
  const Place& place_;
  const int receive_bytes_;
  std::unique_ptr<net::TlsScratch> scratch_;  // with TLS only
};

/// Why a connection came to nothing or was lost: an errno, as a sentence that says what to do.
[[nodiscard]] std::string why_lost(int error);

}  // namespace orrery::cli
