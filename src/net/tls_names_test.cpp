// Which certificate a server shows to whom.
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <string>

#include "net/tls_fixture.h"

namespace orrery::net {
namespace {

TlsPair pair_of(const TestCertificate& issued) {
  return {issued.certificate, issued.key};
}

class TlsNamesTest : public TlsFixture {
 protected:
  /// The common name of what the server shows to a client that asks for `name` ("": for none).
  std::string shown_to(const std::string& name, const Context& servers) {
    const auto clients = client_context({.verify = TlsVerify::nothing});
    std::string common_name;
    SSL_CTX_set_info_callback(clients->native(), remember_peer);
    SSL_CTX_set_app_data(clients->native(), &common_name);
    connect({}, Answer::echo, servers, clients, name);
    settle();
    EXPECT_TRUE(client.stream->handshake_complete()) << client.stream->last_error();
    return common_name;
  }

  static void remember_peer(const SSL* ssl, int where, int) {
    if (where != SSL_CB_HANDSHAKE_DONE) return;
    char text[128] = {};
    X509_NAME_get_text_by_NID(X509_get_subject_name(SSL_get0_peer_certificate(ssl)), NID_commonName,
                              text, sizeof text);
    *static_cast<std::string*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl))) = text;
  }
};

TEST_F(TlsNamesTest, TheCertificateIsChosenByTheNameThatIsAskedFor) {
  const auto servers = server_context({.more = {pair_of(authority.issue("*.example.test")),
                                                pair_of(authority.issue("a.example.test")),
                                                pair_of(authority.issue("other.test"))}});
  EXPECT_EQ(shown_to("orrery.test", servers), "orrery.test");
  EXPECT_EQ(shown_to("other.test", servers), "other.test");
  EXPECT_EQ(shown_to("OTHER.test", servers), "other.test");
  EXPECT_EQ(shown_to("a.example.test", servers), "a.example.test") << "before the wildcard";
  EXPECT_EQ(shown_to("b.example.test", servers), "*.example.test");
}

TEST_F(TlsNamesTest, WhoAsksForNothingOfOursSeesTheFirst) {
  const auto servers = server_context({.more = {pair_of(authority.issue("*.example.test"))}});
  for (const char* name : {"", "nobody.test", "example.test", "a.b.example.test", "192.0.2.1"})
    EXPECT_EQ(shown_to(name, servers), "orrery.test") << name;
}

TEST_F(TlsNamesTest, EachCertificateMustBelongToItsKey) {
  const auto other = authority.issue("other.test");
  const auto context = TlsContext::from_pem({.certificate = certificate.certificate,
                                             .key = certificate.key,
                                             .more = {{other.certificate, certificate.key}}});
  ASSERT_FALSE(context);
  EXPECT_EQ(context.error(), "key does not belong to certificate");
}

TEST_F(TlsNamesTest, AllExpiriesAreKnown) {
  const auto servers = server_context({.more = {pair_of(authority.issue("other.test"))}});
  EXPECT_EQ(servers->not_after().size(), 2U);
  for (const auto moment : servers->not_after()) EXPECT_GT(moment, 1'700'000'000);
}

TEST_F(TlsNamesTest, ClientsNeedTheirCertificateWhateverTheyAskFor) {
  const auto servers = server_context(
      {.client_ca = authority.certificate(), .more = {pair_of(authority.issue("other.test"))}});
  connect({}, Answer::echo, servers, client_context(), "other.test");
  settle();
  EXPECT_EQ(server.talker->end_error, EPROTO);
  EXPECT_EQ(server.stream->last_error(), "peer did not return a certificate");
}

}  // namespace
}  // namespace orrery::net
