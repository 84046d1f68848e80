#include "net/tls_context.h"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <time.h>

#include <cerrno>
#include <cstdio>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace orrery::net {
namespace {

template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Bio = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Context = std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>>;
using Certificates = std::vector<Certificate>;

// One PEM text, and what to call it when something is wrong with it.
struct Source {
  std::string name;
  std::string text;
};

struct Sources {
  Source certificate, key, client_ca;
};

std::string openssl_reason() {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  return reason != nullptr ? reason : "unknown error";
}

Error wrong(const Source& source, std::string_view what) {
  return Error{fmt::format("{}: {}", source.name, what)};
}

Result<Source> read_file(std::string_view role, const std::string& path) {
  if (path.empty()) return Error{fmt::format("no {} file is given", role)};
  Source source{fmt::format("{} {}", role, path), {}};
  const std::unique_ptr<std::FILE, Freed<std::fclose>> file{std::fopen(path.c_str(), "rbe")};
  char block[4096];
  while (file && !std::feof(file.get()) && !std::ferror(file.get()))
    source.text.append(block, std::fread(block, 1, sizeof block, file.get()));
  if (!file || std::ferror(file.get())) {
    const int error = errno;
    return wrong(source, fmt::format("cannot be read: {}", std::generic_category().message(error)));
  }
  return source;
}

Bio reader(const Source& source) {
  return Bio(BIO_new_mem_buf(source.text.data(), static_cast<int>(source.text.size())));
}

int no_passphrase(char*, int, int, void*) {
  return -1;
}

Result<Certificates> parse_certificates(const Source& source) {
  ERR_clear_error();
  Certificates found;
  const Bio bio = reader(source);
  while (Certificate next{PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr)})
    found.push_back(std::move(next));
  const bool read_to_the_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  if (!read_to_the_end)
    return wrong(source, fmt::format("certificate number {} is damaged ({})", found.size() + 1,
                                     openssl_reason()));
  ERR_clear_error();
  if (found.empty()) return wrong(source, "holds no certificate in PEM form");
  return found;
}

Result<Key> parse_key(const Source& source) {
  ERR_clear_error();
  const Bio bio = reader(source);
  Key key{PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr)};
  if (key) return key;
  ERR_clear_error();
  if (source.text.find("ENCRYPTED") != std::string::npos)
    return wrong(source, "is encrypted; a key without a passphrase is needed");
  return wrong(source, "holds no private key in PEM form");
}

Result<void> use_certificate(SSL_CTX* context, const Source& certificate, const Source& key) {
  auto chain = parse_certificates(certificate);
  if (!chain) return Error{chain.error()};
  auto private_key = parse_key(key);
  if (!private_key) return Error{private_key.error()};
  X509* own = chain->front().get();
  if (X509_check_private_key(own, private_key->get()) != 1) {
    ERR_clear_error();
    return Error{fmt::format("{} does not belong to {}", key.name, certificate.name)};
  }
  if (SSL_CTX_use_certificate(context, own) != 1) return wrong(certificate, openssl_reason());
  for (std::size_t i = 1; i < chain->size(); ++i) {
    if (SSL_CTX_add1_chain_cert(context, (*chain)[i].get()) != 1)
      return wrong(certificate, openssl_reason());
  }
  if (SSL_CTX_use_PrivateKey(context, private_key->get()) != 1) return wrong(key, openssl_reason());
  return {};
}

Result<void> trust(SSL_CTX* context, const Source& ca) {
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
  static constexpr unsigned char session_scope[] = "orrery";
  SSL_CTX_set_session_id_context(context.get(), session_scope, sizeof session_scope - 1);
  return context;
}

Result<Context> make_server(const Sources& sources, const std::string& min_version) {
  const auto version = version_number(min_version);
  if (!version)
    return Error{fmt::format("the TLS version \"{}\" is not one of \"1.2\", \"1.3\"", min_version)};
  Context context = make_context(TLS_server_method(), *version);
  if (!context) return Error{fmt::format("TLS cannot start: {}", openssl_reason())};
  if (auto used = use_certificate(context.get(), sources.certificate, sources.key); !used)
    return Error{used.error()};
  if (!sources.client_ca.text.empty()) {
    if (auto trusted = trust(context.get(), sources.client_ca); !trusted)
      return Error{trusted.error()};
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
    const Source certificate{"client certificate", options.certificate};
    if (auto used = use_certificate(context.get(), certificate, {"client key", options.key}); !used)
      return Error{used.error()};
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

}  // namespace

Result<std::shared_ptr<const TlsContext>> TlsContext::load(const TlsOptions& files) {
  auto certificate = read_file("certificate", files.certificate);
  if (!certificate) return Error{certificate.error()};
  auto key = read_file("key", files.key);
  if (!key) return Error{key.error()};
  Sources sources{*std::move(certificate), *std::move(key), {}};
  if (!files.client_ca.empty()) {
    auto client_ca = read_file("client CA", files.client_ca);
    if (!client_ca) return Error{client_ca.error()};
    if (client_ca->text.empty()) return wrong(*client_ca, "is empty");
    sources.client_ca = *std::move(client_ca);
  }
  auto context = make_server(sources, files.min_version);
  if (!context) return Error{context.error()};
  return std::shared_ptr<const TlsContext>(
      new TlsContext(context->release(), TlsRole::server, TlsVerify::nothing));
}

Result<std::shared_ptr<const TlsContext>> TlsContext::from_pem(const TlsOptions& texts) {
  const Sources sources{
      {"certificate", texts.certificate}, {"key", texts.key}, {"client CA", texts.client_ca}};
  auto context = make_server(sources, texts.min_version);
  if (!context) return Error{context.error()};
  return std::shared_ptr<const TlsContext>(
      new TlsContext(context->release(), TlsRole::server, TlsVerify::nothing));
}

Result<std::shared_ptr<const TlsContext>> TlsContext::client(const TlsClientOptions& options) {
  auto context = make_client(options);
  if (!context) return Error{context.error()};
  return std::shared_ptr<const TlsContext>(
      new TlsContext(context->release(), TlsRole::client, options.verify));
}

TlsContext::~TlsContext() {
  SSL_CTX_free(native_);
}

std::int64_t TlsContext::not_after() const {
  const X509* const shown = SSL_CTX_get0_certificate(native_);
  tm moment{};
  if (shown == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(shown), &moment) != 1) return 0;
  return ::timegm(&moment);
}

}  // namespace orrery::net
