// Pem: certificates and keys out of PEM files, or a sentence that says what is wrong with which.
//
// Owner   plain values; what OpenSSL allocated goes with its pointer.
// Thread  any.
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "orrery/result.h"

namespace orrery::net {

/// A deleter: what frees a T of OpenSSL or of C.
template <auto Free>
struct FreedBy {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};

using Certificate = std::unique_ptr<X509, FreedBy<X509_free>>;
using PrivateKey = std::unique_ptr<EVP_PKEY, FreedBy<EVP_PKEY_free>>;

/// One PEM text, and what to call it when something is wrong with it.
struct PemSource {
  std::string name;
  std::string text;
};

/// `role` and the whole path are its name: "certificate /etc/orrery/site.pem".
[[nodiscard]] Result<PemSource> read_pem(std::string_view role, const std::string& path);
/// One or more, in order.
[[nodiscard]] Result<std::vector<Certificate>> parse_certificates(const PemSource& source);
[[nodiscard]] Result<PrivateKey> parse_key(const PemSource& source);

[[nodiscard]] Error wrong(const PemSource& source, std::string_view what);
/// What OpenSSL said last, on this thread.
[[nodiscard]] std::string openssl_reason();

}  // namespace orrery::net
