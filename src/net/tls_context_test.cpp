#include "net/tls_context.h"

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "net/test_certificate.h"

namespace orrery::net {
namespace {

class TlsContextTest : public testing::Test {
 protected:
  TlsContextTest() {
    std::string pattern = testing::TempDir() + "orrery_tls_XXXXXX";
    folder_ = mkdtemp(pattern.data());
  }
  ~TlsContextTest() override { std::filesystem::remove_all(folder_); }

  std::string file(const std::string& name, const std::string& content) const {
    std::ofstream(folder_ / name) << content;
    return folder_ / name;
  }
  [[nodiscard]] std::string missing(const std::string& name) const { return folder_ / name; }

  static std::string error_of(const TlsOptions& options) {
    const auto context = TlsContext::load(options);
    return context ? "" : context.error();
  }

  TestAuthority authority;
  TestCertificate own = authority.issue("orrery.test");
  TestCertificate other = authority.issue("orrery.test");
  std::filesystem::path folder_;
};

TEST_F(TlsContextTest, LoadsAChainAndItsKey) {
  const auto context =
      TlsContext::load({.certificate = file("chain.pem", own.certificate + authority.certificate()),
                        .key = file("key.pem", own.key),
                        .min_version = "1.3",
                        .client_ca = file("ca.pem", authority.certificate())});
  ASSERT_TRUE(context) << context.error();
  SSL_CTX* native = (*context)->native();
  STACK_OF(X509)* intermediates = nullptr;
  SSL_CTX_get0_chain_certs(native, &intermediates);
  EXPECT_EQ(sk_X509_num(intermediates), 1);
  EXPECT_EQ(SSL_CTX_get_min_proto_version(native), TLS1_3_VERSION);
  EXPECT_EQ((*context)->role(), TlsRole::server);
}

TEST_F(TlsContextTest, KeepsNothingPerClientAndNeverRenegotiates) {
  const auto context = TlsContext::from_pem({.certificate = own.certificate, .key = own.key});
  ASSERT_TRUE(context) << context.error();
  SSL_CTX* native = (*context)->native();
  EXPECT_EQ(SSL_CTX_get_min_proto_version(native), TLS1_2_VERSION);
  EXPECT_TRUE(SSL_CTX_get_options(native) & SSL_OP_NO_RENEGOTIATION);
  EXPECT_FALSE(SSL_CTX_get_options(native) & SSL_OP_NO_TICKET);
  EXPECT_TRUE(SSL_CTX_get_mode(native) & SSL_MODE_RELEASE_BUFFERS);
  EXPECT_EQ(SSL_CTX_get_session_cache_mode(native), SSL_SESS_CACHE_OFF);
}

TEST_F(TlsContextTest, SaysWhatIsWrongInWhichFile) {
  const auto certificate = file("cert.pem", own.certificate);
  const auto key = file("key.pem", own.key);
  const auto junk = file("junk.pem", "not a certificate\n");
  const auto empty = file("empty.pem", "");
  const auto other_key = file("other.pem", other.key);
  auto broken = own.certificate;
  broken.replace(broken.size() / 2, 4, "!!!!");
  const auto damaged = file("damaged.pem", own.certificate + broken);
  const auto encrypted = file("locked.pem",
                              "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n"
                              "-----END ENCRYPTED PRIVATE KEY-----\n");
  const struct {
    const char* name;
    TlsOptions options;
    std::string sentence;
  } rows[] = {
      {"no certificate is named", {}, "no certificate file is given"},
      {"no key is named", {.certificate = certificate}, "no key file is given"},
      {"a certificate that is not there",
       {.certificate = missing("gone.pem"), .key = key},
       "certificate " + missing("gone.pem") + ": cannot be read: No such file or directory"},
      {"a key that is not there",
       {.certificate = certificate, .key = missing("gone.pem")},
       "key " + missing("gone.pem") + ": cannot be read: No such file or directory"},
      {"a folder",
       {.certificate = folder_, .key = key},
       "certificate " + folder_.string() + ": cannot be read: Is a directory"},
      {"a device",
       {.certificate = "/dev/null", .key = key},
       "certificate /dev/null: is no plain file"},
      {"a file that is too large",
       {.certificate = file("large.pem", std::string(1'000'001, ' ')), .key = key},
       "certificate " + missing("large.pem") + ": is larger than a megabyte"},
      {"junk for a certificate",
       {.certificate = junk, .key = key},
       "certificate " + junk + ": holds no certificate in PEM form"},
      {"an empty certificate",
       {.certificate = empty, .key = key},
       "certificate " + empty + ": holds no certificate in PEM form"},
      {"the key for a certificate",
       {.certificate = key, .key = key},
       "certificate " + key + ": holds no certificate in PEM form"},
      {"junk for a key",
       {.certificate = certificate, .key = junk},
       "key " + junk + ": holds no private key in PEM form"},
      {"a key under a passphrase",
       {.certificate = certificate, .key = encrypted},
       "key " + encrypted + ": is encrypted; a key without a passphrase is needed"},
      {"someone else's key",
       {.certificate = certificate, .key = other_key},
       "key " + other_key + " does not belong to certificate " + certificate},
      {"an old version",
       {.certificate = certificate, .key = key, .min_version = "1.1"},
       "the TLS version \"1.1\" is not one of \"1.2\", \"1.3\""},
      {"junk for the client CA",
       {.certificate = certificate, .key = key, .client_ca = junk},
       "client CA " + junk + ": holds no certificate in PEM form"},
      {"an empty client CA must not mean any client",
       {.certificate = certificate, .key = key, .client_ca = empty},
       "client CA " + empty + ": is empty"},
  };
  for (const auto& row : rows) EXPECT_EQ(error_of(row.options), row.sentence) << row.name;
  EXPECT_EQ(error_of({.certificate = "gone.pem", .key = key}),
            "certificate " + (std::filesystem::current_path() / "gone.pem").string() +
                ": cannot be read: No such file or directory");
  EXPECT_TRUE(error_of({.certificate = damaged, .key = key})
                  .starts_with("certificate " + damaged + ": certificate number 2 is damaged"));
}

TEST_F(TlsContextTest, AClientNeedsItsKeyToo) {
  const auto context =
      TlsContext::client({.ca = authority.certificate(), .certificate = own.certificate});
  ASSERT_FALSE(context);
  EXPECT_EQ(context.error(), "client key: holds no private key in PEM form");
}

}  // namespace
}  // namespace orrery::net
