// A ProxyDoor keeps newcomers until their PROXY header has said who they are; then it hands them
// on, with everything behind the header still unread.
//
// Owner   one per loop, the server's; what waits in it goes with it.
// Thread  its loop's; waiting() from any.
// Limit   `timeout` from wait_for_header() to the header's end, `proxy_header_bytes`. Who lets
//         newcomers in bounds how many wait.
// Why     before there is a stream: docs/decisions/0016-the-proxy-header-is-peeked-at.md
#pragma once

#include <atomic>
#include <cstddef>
#include <list>
#include <string_view>

#include "base/function.h"
#include "net/descriptors.h"
#include "net/loop.h"
#include "net/peer_address.h"

namespace orrery::net {

class ProxyDoor {
 public:
  enum class Refusal : std::uint8_t { malformed, late };

  /// `client` is the proxy itself if it speaks for nobody.
  using Known = Function<void(Descriptor socket, const PeerAddress& client)>;
  using Refused = Function<void(const PeerAddress& proxy, Refusal refusal, std::string_view why)>;

  ProxyDoor(Loop& loop, milliseconds timeout, Refused refused);
  ProxyDoor(const ProxyDoor&) = delete;
  ProxyDoor& operator=(const ProxyDoor&) = delete;
  ~ProxyDoor();

  /// Takes the socket, which is non-blocking. `known` may be called before this returns. A peer
  /// that leaves without a word is told to nobody.
  void wait_for_header(Descriptor socket, const PeerAddress& proxy, Known known);
  [[nodiscard]] std::size_t waiting() const { return waiting_.load(std::memory_order_relaxed); }

 private:
  class Newcomer;

  void forget(Newcomer& newcomer);
  void refuse(Newcomer& newcomer, Refusal refusal, std::string_view why);
  void let_in(Newcomer& newcomer, const PeerAddress& client);

  Loop& loop_;
  const milliseconds timeout_;
  Refused refused_;
  std::list<Newcomer> newcomers_;
  std::atomic<std::size_t> waiting_{0};
};

}  // namespace orrery::net
