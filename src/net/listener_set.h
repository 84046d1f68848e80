// A ListenerSet is the open listening sockets of one address, for all loops.
//
// Owner   the server; outlives the Listeners that accept from it.
// Thread  opened and destroyed on any one thread.
// Limit   ListenerOptions::backlog connections wait per socket, and no more than
// net.core.somaxconn. Why     TCP has a socket of its own per loop (SO_REUSEPORT: the kernel
// spreads newcomers), but the
//         first is bound and listens without that option, so a taken port is always an error.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <vector>

#include "base/clock.h"
#include "net/descriptors.h"
#include "net/listen_address.h"

namespace orrery::net {

struct ListenerOptions {
  int backlog = 4096;
  /// Newcomers of TCP are accepted once they have said something (or about a second later).
  bool wait_for_first_byte = true;
  /// Connections of TCP break when the peer has acknowledged nothing for so long, though it was
  /// sent something, or a keep-alive probe after `probe_after` of silence (RFC 9293 §3.8.3,
  /// §3.8.4).
  milliseconds give_up_after{60'000};
  milliseconds probe_after{120'000};
};

class ListenerSet {
 public:
  /// Takes the socket of an address that is open already, for good.
  static Result<ListenerSet> open(const ListenAddress& address, std::size_t loops,
                                  const ListenerOptions& options = {});
  ListenerSet(ListenerSet&&) noexcept;
  ListenerSet& operator=(ListenerSet&&) = delete;
  ~ListenerSet();  // the path of a unix socket is removed if it is still ours

  /// With the real port, when 0 was asked for; of a descriptor where its socket listens.
  [[nodiscard]] const ListenAddress& address() const { return address_; }
  /// The socket from which this loop accepts; all loops share that of a unix address, or one that
  /// was open before.
  [[nodiscard]] int socket_of(std::size_t loop) const {
    return sockets_[loop % sockets_.size()].get();
  }

 private:
  ListenerSet() = default;
  Result<void> open_tcp(std::size_t loops, const ListenerOptions& options);
  Result<void> open_unix(const ListenerOptions& options);
  Result<void> take_open(const ListenerOptions& options);

  ListenAddress address_;
  std::vector<Descriptor> sockets_;
  dev_t device_ = 0;  // of the unix socket's file, to know it again
  ino_t inode_ = 0;
};

}  // namespace orrery::net
