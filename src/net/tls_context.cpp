#include "net/tls_context.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>

#include <optional>
#include <string_view>
#include <utility>

#include "net/pem.h"
#include "net/tls_certificates.h"

namespace orrery::net {
namespace {

using Context = std::unique_ptr<SSL_CTX, FreedBy<SSL_CTX_free>>;

Result<void> trust(SSL_CTX* context, const PemSource& ca) {
  auto roots = parse_certificates(ca);
  if (!roots) return Error{roots.error()};
  for (const auto& root : *roots) {
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context), root.get()) != 1)
      return wrong(ca, openssl_reason());
    SSL_CTX_add_client_CA(context, root.get());  // a server tells clients which ones it wants
  }
  return {};
}

std::optional<int> version_number(std::string_view version) {
  if (version == "1.2") return TLS1_2_VERSION;
  if (version == "1.3") return TLS1_3_VERSION;
  return std::nullopt;
}

// RFC 7301 §3.2: a client that offers protocols, but not ours, is refused.
int choose_http_1_1(SSL*, const unsigned char** chosen, unsigned char* chosen_bytes,
                    const unsigned char* offered, unsigned int offered_bytes, void*) {
  static constexpr unsigned char ours[] = "\x08http/1.1";
  unsigned char* match = nullptr;
  const int outcome =
      SSL_select_next_proto(&match, chosen_bytes, ours, sizeof ours - 1, offered, offered_bytes);
  if (outcome != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *chosen = match;
  return SSL_TLSEXT_ERR_OK;
}

Context make_context(const SSL_METHOD* method, int min_version) {
  Context context{SSL_CTX_new(method)};
  if (!context) return nullptr;
  SSL_CTX_set_min_proto_version(context.get(), min_version);
  SSL_CTX_set_cipher_list(context.get(), "ECDHE+AESGCM:ECDHE+CHACHA20");  // of TLS 1.2
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
  // Tickets keep sessions at the client: nothing per client stays here.
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  return context;
}

// A ticket from a time when other authorities were trusted opens nothing any more.
void accept_tickets_of(SSL_CTX* context, const std::string& client_ca) {
  unsigned char scope[EVP_MAX_MD_SIZE];
  unsigned int scope_bytes = 0;
  EVP_Digest(client_ca.data(), client_ca.size(), scope, &scope_bytes, EVP_sha256(), nullptr);
  SSL_CTX_set_session_id_context(context, scope, scope_bytes);
}

Result<Context> make_server(const TlsCertificates& certificates, const PemSource& client_ca,
                            const std::string& min_version) {
  const auto version = version_number(min_version);
  if (!version)
    return Error{fmt::format("the TLS version \"{}\" is not one of \"1.2\", \"1.3\"", min_version)};
  Context context = make_context(TLS_server_method(), *version);
  if (!context) return Error{fmt::format("TLS cannot start: {}", openssl_reason())};
  if (auto shown = certificates.show_in(context.get()); !shown) return Error{shown.error()};
  accept_tickets_of(context.get(), client_ca.text);
  if (!client_ca.text.empty()) {
    if (auto trusted = trust(context.get(), client_ca); !trusted) return Error{trusted.error()};
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  SSL_CTX_set_alpn_select_cb(context.get(), choose_http_1_1, nullptr);
  return context;
}

Result<Context> make_client(const TlsClientOptions& options) {
  Context context = make_context(TLS_client_method(), TLS1_2_VERSION);
  if (!context) return Error{fmt::format("TLS cannot start: {}", openssl_reason())};
  static constexpr unsigned char http_1_1[] = "\x08http/1.1";
  SSL_CTX_set_alpn_protos(context.get(), http_1_1, sizeof http_1_1 - 1);
  if (!options.certificate.empty()) {
    TlsCertificates own;
    auto used = own.add({"client certificate", options.certificate}, {"client key", options.key});
    if (used) used = own.show_in(context.get());
    if (!used) return Error{used.error()};
  }
  if (options.verify == TlsVerify::nothing) return context;
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  if (options.ca.empty()) {
    SSL_CTX_set_default_verify_paths(context.get());
  } else if (auto trusted = trust(context.get(), {"CA", options.ca}); !trusted) {
    return Error{trusted.error()};
  }
  return context;
}

// What a server is made of, read but not yet judged.
struct Sources {
  std::vector<std::pair<PemSource, PemSource>> certificates;  // each with its key
  PemSource client_ca;
};

Result<Sources> read_files(const TlsOptions& files) {
  Sources sources;
  const auto read = [&](const TlsPair& pair) -> Result<void> {
    auto certificate = read_pem("certificate", pair.certificate);
    if (!certificate) return Error{certificate.error()};
    auto key = read_pem("key", pair.key);
    if (!key) return Error{key.error()};
    sources.certificates.emplace_back(*std::move(certificate), *std::move(key));
    return {};
  };
  if (auto first = read({files.certificate, files.key}); !first) return Error{first.error()};
  for (const TlsPair& pair : files.more)
    if (auto next = read(pair); !next) return Error{next.error()};
  if (files.client_ca.empty()) return sources;
  auto client_ca = read_pem("client CA", files.client_ca);
  if (!client_ca) return Error{client_ca.error()};
  if (client_ca->text.empty()) return wrong(*client_ca, "is empty");
  sources.client_ca = *std::move(client_ca);
  return sources;
}

}  // namespace

Result<std::shared_ptr<const TlsContext>> TlsContext::load(const TlsOptions& files,
                                                           std::shared_ptr<TicketKeys> tickets) {
  const auto sources = read_files(files);
  if (!sources) return Error{sources.error()};
  auto certificates = std::make_unique<TlsCertificates>();
  for (const auto& [certificate, key] : sources->certificates)
    if (auto added = certificates->add(certificate, key); !added) return Error{added.error()};
  return of_server(std::move(certificates), sources->client_ca, files.min_version,
                   std::move(tickets));
}

Result<std::shared_ptr<const TlsContext>> TlsContext::from_pem(
    const TlsOptions& texts, std::shared_ptr<TicketKeys> tickets) {
  auto certificates = std::make_unique<TlsCertificates>();
  auto added = certificates->add({"certificate", texts.certificate}, {"key", texts.key});
  for (const TlsPair& pair : texts.more)
    if (added) added = certificates->add({"certificate", pair.certificate}, {"key", pair.key});
  if (!added) return Error{added.error()};
  return of_server(std::move(certificates), {"client CA", texts.client_ca}, texts.min_version,
                   std::move(tickets));
}

Result<std::shared_ptr<const TlsContext>> TlsContext::of_server(
    std::unique_ptr<const TlsCertificates> certificates, const PemSource& client_ca,
    const std::string& min_version, std::shared_ptr<TicketKeys> tickets) {
  auto context = make_server(*certificates, client_ca, min_version);
  if (!context) return Error{context.error()};
  if (tickets) tickets->seal_for(context->get());
  const std::shared_ptr<TlsContext> made(
      new TlsContext(context->release(), TlsRole::server, TlsVerify::nothing));
  made->fingerprint_ = certificates->fingerprint() ^ std::hash<std::string>{}(client_ca.text);
  made->certificates_ = std::move(certificates);
  made->tickets_ = std::move(tickets);
  return std::shared_ptr<const TlsContext>(made);
}

Result<std::shared_ptr<const TlsContext>> TlsContext::client(const TlsClientOptions& options) {
  auto context = make_client(options);
  if (!context) return Error{context.error()};
  return std::shared_ptr<const TlsContext>(
      new TlsContext(context->release(), TlsRole::client, options.verify));
}

TlsContext::TlsContext(ssl_ctx_st* native, TlsRole role, TlsVerify verify)
    : native_(native), role_(role), verify_(verify) {}

TlsContext::~TlsContext() {
  SSL_CTX_free(native_);
}

std::vector<std::int64_t> TlsContext::not_after() const {
  return certificates_ ? certificates_->not_after() : std::vector<std::int64_t>{};
}

}  // namespace orrery::net
