#include "net/tls_certificates.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <time.h>

#include <ranges>
#include <utility>

namespace orrery::net {
Result<void> TlsCertificates::add(const PemSource& certificate, const PemSource& key) {
  auto found = parse_certificates(certificate);
  if (!found) return Error{found.error()};
  auto private_key = parse_key(key);
  if (!private_key) return Error{private_key.error()};
  if (X509_check_private_key(found->front().get(), private_key->get()) != 1) {
    ERR_clear_error();
    return Error{fmt::format("{} does not belong to {}", key.name, certificate.name)};
  }
  Shown shown{certificate.name, std::move(found->front()), std::move(*private_key), {}};
  shown.chain.reset(sk_X509_new_null());
  for (Certificate& next : *found | std::views::drop(1))
    if (sk_X509_push(shown.chain.get(), next.get()) > 0) (void)next.release();
  all_.push_back(std::move(shown));
  texts_ += certificate.text;
  return {};
}

// A context holds one for each kind of key, and would show them to anybody: only the first one goes
// there. Whether the others are fit to be shown is tried elsewhere.
Result<void> TlsCertificates::show_in(SSL_CTX* context) const {
  const std::unique_ptr<SSL_CTX, FreedBy<SSL_CTX_free>> trial(SSL_CTX_new(TLS_server_method()));
  for (const Shown& each : all_) {
    SSL_CTX* const in = &each == &all_.front() ? context : trial.get();
    if (SSL_CTX_use_cert_and_key(in, each.own.get(), each.key.get(), each.chain.get(), 1) != 1)
      return Error{fmt::format("{}: {}", each.name, openssl_reason())};
  }
  if (all_.size() > 1)
    SSL_CTX_set_cert_cb(context, choose, const_cast<TlsCertificates*>(this));  // a void*, read only
  return {};
}

// A name of its own comes before a wildcard. Several of them may differ in the kind of their key:
// OpenSSL takes the one that the client understands.
std::vector<const TlsCertificates::Shown*> TlsCertificates::named(std::string_view name) const {
  std::vector<const Shown*> found;
  for (const unsigned flags :
       {X509_CHECK_FLAG_NO_WILDCARDS, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS}) {
    for (const Shown& each : all_)
      if (X509_check_host(each.own.get(), name.data(), name.size(), flags, nullptr) == 1)
        found.push_back(&each);
    if (!found.empty()) break;
  }
  return found;
}

int TlsCertificates::choose(SSL* ssl, void* self) {
  const char* const name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (name == nullptr) return 1;
  const auto found = static_cast<const TlsCertificates*>(self)->named(name);
  if (found.empty()) return 1;
  SSL_certs_clear(ssl);
  for (const Shown* each : found | std::views::reverse)  // of one kind of key the first one counts
    if (SSL_use_cert_and_key(ssl, each->own.get(), each->key.get(), each->chain.get(), 1) != 1)
      return 0;
  return 1;
}

std::vector<std::int64_t> TlsCertificates::not_after() const {
  std::vector<std::int64_t> times;
  for (const Shown& each : all_) {
    tm moment{};
    const bool known = ASN1_TIME_to_tm(X509_get0_notAfter(each.own.get()), &moment) == 1;
    times.push_back(known ? ::timegm(&moment) : 0);
  }
  return times;
}

}  // namespace orrery::net
