// Certificates for tests, made on the spot: nothing in the tree to expire.
//
// Owner   the test. Nothing but tests includes this.
// Thread  one.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

namespace orrery::net {

/// Both as PEM text.
struct TestCertificate {
  std::string certificate;
  std::string key;
};

/// A certificate authority that nobody trusts unless a test says so.
class TestAuthority {
 public:
  TestAuthority() : key_(make_key(), EVP_PKEY_free), root_(X509_new(), X509_free) {
    describe(root_.get(), key_.get(), "Test authority");
    extend(root_.get(), NID_basic_constraints, "critical,CA:TRUE");
    X509_sign(root_.get(), key_.get(), EVP_sha256());
  }

  /// Valid today for `name`: a host name, or an address as "IP:192.0.2.1".
  [[nodiscard]] TestCertificate issue(const std::string& name) const {
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(make_key(), EVP_PKEY_free);
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), X509_free);
    describe(certificate.get(), key.get(), name);
    const bool is_address = name.starts_with("IP:");
    extend(certificate.get(), NID_subject_alt_name, is_address ? name : "DNS:" + name);
    X509_sign(certificate.get(), key_.get(), EVP_sha256());
    return {pem(certificate.get()), pem(key.get())};
  }

  [[nodiscard]] std::string certificate() const { return pem(root_.get()); }

 private:
  static EVP_PKEY* make_key() { return EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"); }

  void describe(X509* certificate, EVP_PKEY* key, const std::string& name) const {
    static long serial = 0;
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 24 * 3600);
    X509_set_pubkey(certificate, key);
    const auto* text = reinterpret_cast<const unsigned char*>(name.c_str());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8, text, -1,
                               -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(root_.get()));
  }

  static void extend(X509* certificate, int kind, const std::string& value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str());
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }

  static std::string text_of(BIO* bio) {
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio, &text);
    std::string copy(text, static_cast<std::size_t>(size));
    BIO_free(bio);
    return copy;
  }
  static std::string pem(X509* certificate) {
    BIO* bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, certificate);
    return text_of(bio);
  }
  static std::string pem(EVP_PKEY* key) {
    BIO* bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
    return text_of(bio);
  }

  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
  std::unique_ptr<X509, decltype(&X509_free)> root_;
};

}  // namespace orrery::net
