// TlsCertificates are those that a server shows: which one is chosen by the name that the client
// asks for (SNI, RFC 6066 §3).
//
// Owner   its TlsContext.
// Thread  made on any; afterwards read by all loops.
// Why     one SSL_CTX for all of them, and the certificate is set per connection: versions, tickets
//         and client certificates are the listener's, whatever name was asked for
//         (docs/decisions/0017-one-context-for-all-certificates.md).
#pragma once

#include <openssl/ssl.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "net/pem.h"

namespace orrery::net {

class TlsCertificates {
 public:
  /// The first one is shown to whoever asks for no name, or for one that no certificate has.
  [[nodiscard]] Result<void> add(const PemSource& certificate, const PemSource& key);
  /// Connections of the context, which goes before this, show them.
  [[nodiscard]] Result<void> show_in(SSL_CTX* context) const;

  /// When each expires, in seconds since 1970, in the order in which they were added.
  [[nodiscard]] std::vector<std::int64_t> not_after() const;
  /// Differs where what is shown differs.
  [[nodiscard]] std::size_t fingerprint() const { return std::hash<std::string>{}(texts_); }

 private:
  struct FreeChain {
    void operator()(STACK_OF(X509) * chain) const { sk_X509_pop_free(chain, X509_free); }
  };
  struct Shown {
    std::string name;
    Certificate own;
    PrivateKey key;
    std::unique_ptr<STACK_OF(X509), FreeChain> chain;  // the intermediate ones
  };

  static int choose(SSL* ssl, void* self);
  [[nodiscard]] std::vector<const Shown*> named(std::string_view name) const;

  std::vector<Shown> all_;
  std::string texts_;  // of the certificates, not of their keys
};

}  // namespace orrery::net
