// A TlsContext is what all TLS streams of one listener share: certificate, key, versions, rules.
//
// Owner   shared by its streams, so a reload replaces it for new connections only.
// Thread  made on any; afterwards read by all loops.
// Why     TLS 1.2 with forward secrecy and AEAD only (RFC 9325 §4), 1.3 as it is; session tickets,
//         so a reconnecting client needs no full handshake; no renegotiation, no compression.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "net/ticket_keys.h"
#include "orrery/result.h"

struct ssl_ctx_st;  // OpenSSL's SSL_CTX

namespace orrery::net {

struct PemSource;
class TlsCertificates;

struct TlsPair {
  std::string certificate;
  std::string key;
};

/// A server's side: names of PEM files for load(), their contents for from_pem().
struct TlsOptions {
  std::string certificate;          // the server's own first, then the intermediate ones
  std::string key;                  // its private key, without a passphrase
  std::string min_version = "1.2";  // or "1.3"
  std::string client_ca;            // given: every client must show a certificate signed by it
  std::vector<TlsPair> more{};      // shown to clients that ask for one of their names (SNI)
};

enum class TlsVerify {
  peer,     // the server's certificate must be valid for the name that was asked for
  nothing,  // encrypts without knowing to whom: tests and self-signed servers
};

/// A client's side; all contents, not file names.
struct TlsClientOptions {
  TlsVerify verify = TlsVerify::peer;
  std::string ca;           // trusted roots; empty: those of the system
  std::string certificate;  // shown if the server asks; empty: none
  std::string key;
};

enum class TlsRole { server, client };

class TlsContext {
 public:
  /// The error names the file and what is wrong with it. Contexts that share `tickets` take up each
  /// other's sessions, if they trust the same client CA; without, a context has keys of its own.
  [[nodiscard]] static Result<std::shared_ptr<const TlsContext>> load(
      const TlsOptions& files, std::shared_ptr<TicketKeys> tickets = nullptr);
  [[nodiscard]] static Result<std::shared_ptr<const TlsContext>> from_pem(
      const TlsOptions& texts, std::shared_ptr<TicketKeys> tickets = nullptr);
  [[nodiscard]] static Result<std::shared_ptr<const TlsContext>> client(
      const TlsClientOptions& options);

  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  [[nodiscard]] TlsRole role() const { return role_; }
  [[nodiscard]] TlsVerify verify() const { return verify_; }
  /// When each certificate of a server expires, in seconds since 1970: the first, then `more`.
  [[nodiscard]] std::vector<std::int64_t> not_after() const;
  /// Of a server: differs where its certificates, or those it trusts of clients, differ.
  [[nodiscard]] std::size_t fingerprint() const { return fingerprint_; }
  /// For TlsStream, and for tests that need an odd peer.
  [[nodiscard]] ssl_ctx_st* native() const { return native_; }

 private:
  TlsContext(ssl_ctx_st* native, TlsRole role, TlsVerify verify);
  static Result<std::shared_ptr<const TlsContext>> of_server(
      std::unique_ptr<const TlsCertificates> certificates, const PemSource& client_ca,
      const std::string& min_version, std::shared_ptr<TicketKeys> tickets);

  std::unique_ptr<const TlsCertificates> certificates_;
  std::size_t fingerprint_ = 0;
  std::shared_ptr<TicketKeys> tickets_;
  ssl_ctx_st* native_;
  TlsRole role_;
  TlsVerify verify_;
};

}  // namespace orrery::net
