// Who is let in, who is not, and what both sides are told about it.
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <cerrno>
#include <string>

#include "net/tls_fixture.h"

namespace orrery::net {
namespace {

using namespace std::string_literals;

class TlsHandshakeTest : public TlsFixture {
 protected:
  void expect_refused(const Side& side, const std::string& reason) {
    EXPECT_EQ(side.talker->ends, 1U);
    EXPECT_EQ(side.talker->end_error, EPROTO);
    EXPECT_EQ(side.stream->last_error(), reason);
    EXPECT_EQ(side.heard(), "");
  }
  void expect_echo() {
    client.talker->say("knock knock");
    settle();
    EXPECT_EQ(client.heard(), "knock knock") << client.stream->last_error();
    EXPECT_EQ(server.stream->last_error(), "");
  }
};

TEST_F(TlsHandshakeTest, BothSidesAreReadyAndEncrypted) {
  connect({.peer = {"192.0.2.7", 999}});
  EXPECT_FALSE(server.stream->handshake_complete());
  settle();
  EXPECT_TRUE(server.stream->handshake_complete());
  EXPECT_TRUE(client.stream->handshake_complete());
  EXPECT_TRUE(server.stream->encrypted());
  EXPECT_EQ(server.stream->peer().address, "192.0.2.7");
  EXPECT_EQ(server.talker->ends, 0U);
}

TEST_F(TlsHandshakeTest, AWriteBeforeItsEndIsTakenLater) {
  connect();
  std::string early = "early";
  const iovec piece{early.data(), early.size()};
  const auto written = client.stream->write({&piece, 1});
  EXPECT_EQ(written.bytes, 0U);
  EXPECT_EQ(written.error, 0);
  client.talker->say("early");
  settle();
  EXPECT_EQ(client.talker->writables, 1U);
  EXPECT_EQ(client.heard(), "early");
}

TEST_F(TlsHandshakeTest, ItGoesOnWhileReadingIsPaused) {
  connect({}, Answer::nothing);
  server.stream->pause_reading();
  client.talker->say("for later");
  server.talker->say("welcome");
  settle();
  EXPECT_EQ(client.heard(), "welcome");
  EXPECT_EQ(server.heard(), "");
  server.stream->resume_reading();
  settle();
  EXPECT_EQ(server.heard(), "for later");
}

TEST_F(TlsHandshakeTest, Tls12IsSpokenWithThoseWhoKnowNothingNewer) {
  const auto clients = client_context();
  SSL_CTX_set_max_proto_version(clients->native(), TLS1_2_VERSION);
  connect({}, Answer::echo, server_context(), clients);
  expect_echo();
}

TEST_F(TlsHandshakeTest, Tls12IsRefusedIfTheServerWants13) {
  const auto clients = client_context();
  SSL_CTX_set_max_proto_version(clients->native(), TLS1_2_VERSION);
  connect({}, Answer::echo, server_context({.min_version = "1.3"}), clients);
  settle();
  expect_refused(server, "unsupported protocol");
  expect_refused(client, "tlsv1 alert protocol version");
}

TEST_F(TlsHandshakeTest, Tls11IsRefused) {
  const auto clients = client_context();
  SSL_CTX_set_min_proto_version(clients->native(), TLS1_1_VERSION);
  SSL_CTX_set_max_proto_version(clients->native(), TLS1_1_VERSION);
  SSL_CTX_set_cipher_list(clients->native(), "ALL:@SECLEVEL=0");
  connect({}, Answer::echo, server_context(), clients);
  settle();
  expect_refused(server, "unsupported protocol");
  expect_refused(client, "tlsv1 alert protocol version");
}

TEST_F(TlsHandshakeTest, Http11IsAgreedOn) {
  connect();
  expect_echo();
  const auto clients = client_context();
  static constexpr unsigned char only_h2[] = "\x02h2";
  SSL_CTX_set_alpn_protos(clients->native(), only_h2, sizeof only_h2 - 1);
  connect({}, Answer::echo, server_context(), clients);
  settle();
  EXPECT_EQ(server.talker->end_error, EPROTO) << "RFC 7301 §3.2";
  expect_refused(client, "tlsv1 alert no application protocol");
}

TEST_F(TlsHandshakeTest, TheServerMustBeWhoTheClientAskedFor) {
  connect({}, Answer::echo, server_context(), client_context(), "elsewhere.test");
  settle();
  expect_refused(client, "certificate verify failed: hostname mismatch");
  EXPECT_EQ(server.talker->end_error, EPROTO);
}

TEST_F(TlsHandshakeTest, AnAddressIsVerifiedAsAnAddress) {
  const auto by_address = authority.issue("IP:192.0.2.1");
  const auto servers =
      server_context({.certificate = by_address.certificate, .key = by_address.key});
  connect({}, Answer::echo, servers, client_context(), "192.0.2.1");
  expect_echo();
  connect({}, Answer::echo, servers, client_context(), "192.0.2.2");
  settle();
  expect_refused(client, "certificate verify failed: IP address mismatch");
}

TEST_F(TlsHandshakeTest, AnUnknownAuthorityIsNotTrusted) {
  const TestAuthority stranger;
  connect({}, Answer::echo, server_context(), client_context({.ca = stranger.certificate()}));
  settle();
  EXPECT_EQ(client.talker->end_error, EPROTO);
  EXPECT_TRUE(client.stream->last_error().starts_with("certificate verify failed: "))
      << client.stream->last_error();
}

TEST_F(TlsHandshakeTest, AClientThatVerifiesNeedsAName) {
  connect({}, Answer::echo, server_context(), client_context(), "");
  settle();
  expect_refused(client, "a name to verify the server's certificate against is missing");
}

TEST_F(TlsHandshakeTest, AClientThatVerifiesNothingConnectsToAnyone) {
  const TestAuthority stranger;
  const auto unknown = stranger.issue("whoever");
  connect({}, Answer::echo,
          server_context({.certificate = unknown.certificate, .key = unknown.key}),
          client_context({.verify = TlsVerify::nothing}), "");
  expect_echo();
}

TEST_F(TlsHandshakeTest, MutualTlsLetsInWhoHoldsACertificate) {
  const auto alice = authority.issue("alice");
  for (const char* version : {"1.2", "1.3"}) {
    const auto clients = client_context({.certificate = alice.certificate, .key = alice.key});
    if (version == std::string{"1.2"})
      SSL_CTX_set_max_proto_version(clients->native(), TLS1_2_VERSION);
    connect({}, Answer::echo,
            server_context({.min_version = version, .client_ca = authority.certificate()}),
            clients);
    expect_echo();
  }
}

TEST_F(TlsHandshakeTest, MutualTlsRefusesWhoHoldsNone) {
  connect({}, Answer::echo, server_context({.client_ca = authority.certificate()}),
          client_context());
  settle();
  expect_refused(server, "peer did not return a certificate");
  EXPECT_EQ(client.talker->end_error, EPROTO);
}

TEST_F(TlsHandshakeTest, MutualTlsRefusesTheCertificateOfAStranger) {
  const TestAuthority stranger;
  const auto mallory = stranger.issue("alice");
  connect({}, Answer::echo, server_context({.client_ca = authority.certificate()}),
          client_context({.certificate = mallory.certificate, .key = mallory.key}));
  settle();
  EXPECT_EQ(server.talker->end_error, EPROTO);
  EXPECT_TRUE(server.stream->last_error().starts_with("certificate verify failed: "))
      << server.stream->last_error();
}

TEST_F(TlsHandshakeTest, PlainHttpOnATlsPortIsNamed) {
  serve_by_hand();
  hand.write("GET / HTTP/1.1\r\nHost: orrery.test\r\n\r\n");
  settle();
  expect_refused(server, "http request");
}

TEST_F(TlsHandshakeTest, GarbageIsRefusedWhereverItIsCut) {
  const std::string garbage = "\x16\x03\x01\x00\x08garbage!\x16\x03\x01\x00\x08more...."s;
  for (std::size_t chunk = 1; chunk <= garbage.size(); ++chunk) {
    serve_by_hand({.chunk_bytes = chunk});
    hand.write(garbage);
    settle();
    EXPECT_EQ(server.talker->ends, 1U) << chunk;
    EXPECT_EQ(server.talker->end_error, EPROTO) << chunk;
    EXPECT_NE(server.stream->last_error(), "") << chunk;
    server.talker->say("anything");
    EXPECT_EQ(server.talker->write_error, EPROTO) << chunk;
  }
}

TEST_F(TlsHandshakeTest, APeerThatLeavesDuringItIsNoError) {
  serve_by_hand();
  hand.write("\x16\x03\x01");
  hand.finish_writing();
  settle();
  EXPECT_EQ(server.talker->ends, 1U);
  EXPECT_EQ(server.talker->end_error, 0);
  EXPECT_EQ(server.stream->last_error(), "the peer left during the handshake");
  server.talker->say("anything");
  EXPECT_EQ(server.talker->write_error, EPIPE);
}

TEST_F(TlsHandshakeTest, FinishingBeforeItsEndGivesItUp) {
  connect();
  server.stream->finish_writing();
  settle();
  EXPECT_FALSE(server.stream->handshake_complete());
  EXPECT_EQ(client.talker->ends, 1U);
  EXPECT_EQ(client.talker->end_error, 0);
  EXPECT_EQ(client.stream->last_error(), "the peer left during the handshake");
}

}  // namespace
}  // namespace orrery::net
