// TicketKeys seal what TLS clients keep to come back without a full handshake: session tickets
// (RFC 5077, RFC 8446 §4.6.1).
//
// Owner   shared by the TlsContexts of one server, so that a ticket is good on every loop and
//         listener, and after certificates were read again.
// Thread  any.
// Limit   a key seals for `seals_for` and opens for as long again; then it is gone, and with it the
//         secrets of its time (RFC 9325 §3.4).
// Why     OpenSSL's own key is one per context and never changes.
#pragma once

#include <array>
#include <mutex>
#include <optional>

#include "base/clock.h"

struct ssl_ctx_st;  // OpenSSL's SSL_CTX

namespace orrery::net {

class TicketKeys {
 public:
  static constexpr milliseconds seals_for = std::chrono::hours{12};

  explicit TicketKeys(const Clock& clock) : clock_(clock) {}
  TicketKeys(const TicketKeys&) = delete;
  TicketKeys& operator=(const TicketKeys&) = delete;
  ~TicketKeys();

  /// The tickets of this context's connections are sealed with them from now on; it goes before
  /// them.
  void seal_for(ssl_ctx_st* context);

  struct Key {
    std::array<unsigned char, 16> name{};
    std::array<unsigned char, 32> cipher{};
    std::array<unsigned char, 32> mac{};
  };
  enum class Age : std::uint8_t { seals, only_opens };
  struct Found {
    Key key;
    Age age;
  };

  /// Nothing if there is no randomness.
  [[nodiscard]] std::optional<Key> newest();
  [[nodiscard]] std::optional<Found> find(const unsigned char* name);

 private:
  struct Made {
    Key key;
    Time at;
  };
  void grow_old();

  const Clock& clock_;
  std::mutex mutex_;
  std::optional<Made> newest_{};
  std::optional<Made> older_{};
};

}  // namespace orrery::net
