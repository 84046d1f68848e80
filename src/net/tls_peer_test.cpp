// A client of another make (OpenSSL by hand, over a MemoryEnd) that does what ours never would.
#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <cerrno>
#include <memory>
#include <string>

#include "net/tls_fixture.h"

namespace orrery::net {
namespace {

struct FreeSsl {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};

class TlsPeerTest : public TlsFixture {
 protected:
  using Session = std::unique_ptr<SSL_SESSION, FreeSsl>;

  void greet(const TlsClientOptions& options = {}, Session earlier = nullptr) {
    clients = client_context(options);
    serve_by_hand({.window_bytes = 1 << 20}, Answer::echo);
    peer.reset(SSL_new(clients->native()));
    SSL_set_bio(peer.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(peer.get());
    if (max_version != 0) SSL_set_max_proto_version(peer.get(), max_version);
    if (earlier) SSL_set_session(peer.get(), earlier.get());
    while (SSL_do_handshake(peer.get()) != 1) {
      ASSERT_TRUE(server.talker->ends == 0) << server.stream->last_error();
      exchange();
    }
    exchange();
  }

  /// Carries what the peer has to say to the server, and back what the server answers.
  void exchange() {
    send();
    settle();
    const std::string answer = hand.read();
    BIO_write(SSL_get_rbio(peer.get()), answer.data(), static_cast<int>(answer.size()));
  }
  void send() {
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(SSL_get_wbio(peer.get()), &bytes);
    EXPECT_EQ(hand.write({bytes, static_cast<std::size_t>(size)}), static_cast<std::size_t>(size));
    (void)BIO_reset(SSL_get_wbio(peer.get()));
  }
  void say(const std::string& text) {
    EXPECT_EQ(SSL_write(peer.get(), text.data(), static_cast<int>(text.size())),
              static_cast<int>(text.size()));
  }
  std::string hear() {
    std::string heard(4096, '\0');
    const int size = SSL_read(peer.get(), heard.data(), static_cast<int>(heard.size()));
    return heard.substr(0, static_cast<std::size_t>(size > 0 ? size : 0));
  }

  /// Whether a client that shows its newest ticket to these servers needs no full handshake.
  bool resumes_with(Context servers, const TlsClientOptions& options = {}) {
    served_by_hand = std::move(servers);
    greet(options, std::move(ticket));
    say("knock knock");
    exchange();
    EXPECT_EQ(hear(), "knock knock");
    ticket.reset(SSL_get1_session(peer.get()));
    SSL_shutdown(peer.get());
    return SSL_session_reused(peer.get()) == 1;
  }

  Context clients;
  Session ticket;
  std::shared_ptr<TicketKeys> keys = std::make_shared<TicketKeys>(clock);
  std::unique_ptr<SSL, FreeSsl> peer;
  int max_version = 0;
};

TEST_F(TlsPeerTest, AReturningClientNeedsNoFullHandshake) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    max_version = version;
    greet();
    EXPECT_FALSE(SSL_session_reused(peer.get()));
    say("first");
    exchange();
    EXPECT_EQ(hear(), "first");  // TLS 1.3 tickets come with it
    Session session{SSL_get1_session(peer.get())};
    EXPECT_TRUE(SSL_SESSION_is_resumable(session.get())) << version;
    SSL_shutdown(peer.get());  // OpenSSL forgets the session of a connection without a farewell
    greet({}, std::move(session));
    EXPECT_TRUE(SSL_session_reused(peer.get())) << version;
    say("again");
    exchange();
    EXPECT_EQ(hear(), "again");
  }
}

TEST_F(TlsPeerTest, ContextsThatShareTheirKeysTakeUpEachOthersSessions) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    max_version = version;
    ticket.reset();
    EXPECT_FALSE(resumes_with(server_context({}, keys)));
    EXPECT_TRUE(resumes_with(server_context({}, keys))) << version;
    EXPECT_TRUE(resumes_with(server_context({}, keys))) << version << ", by the next ticket";
    EXPECT_FALSE(resumes_with(server_context())) << "that has keys of its own";
  }
}

TEST_F(TlsPeerTest, ATicketOutlivesTheKeyThatSealedItByHalfItsTime) {
  EXPECT_FALSE(resumes_with(server_context({}, keys)));
  clock.advance(TicketKeys::seals_for);
  EXPECT_TRUE(resumes_with(server_context({}, keys)));
  clock.advance(2 * TicketKeys::seals_for);
  EXPECT_FALSE(resumes_with(server_context({}, keys)));
}

TEST_F(TlsPeerTest, ATicketIsWorthNothingWhereOtherAuthoritiesAreTrusted) {
  const TestAuthority another;
  const auto alice = authority.issue("alice");
  const TlsClientOptions as_alice{.certificate = alice.certificate, .key = alice.key};
  const auto trusting = [&](const std::string& authorities) {
    return server_context({.client_ca = authorities}, keys);
  };
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    max_version = version;
    ticket.reset();
    EXPECT_FALSE(resumes_with(trusting(authority.certificate()), as_alice));
    EXPECT_TRUE(resumes_with(trusting(authority.certificate()), as_alice));
    EXPECT_FALSE(resumes_with(trusting(authority.certificate() + another.certificate()), as_alice));
  }
}

TEST_F(TlsPeerTest, AKeyUpdateChangesNothingForTheOwner) {
  greet();
  SSL_key_update(peer.get(), SSL_KEY_UPDATE_REQUESTED);
  say("after the update");
  exchange();
  EXPECT_EQ(hear(), "after the update");
  EXPECT_EQ(server.heard(), "after the update");
  EXPECT_EQ(server.talker->ends, 0U);
}

TEST_F(TlsPeerTest, AKeyUpdateMayComeWhileTheWindowIsFull) {
  greet();
  hand.set_window(50);
  server.talker->say(long_text(40'000));
  SSL_key_update(peer.get(), SSL_KEY_UPDATE_REQUESTED);
  say("?");
  std::string heard;
  for (int i = 0; i < 2'000 && heard.size() <= 40'000; ++i) {
    exchange();
    heard += hear();
  }
  EXPECT_TRUE(heard == long_text(40'000) + "?") << heard.size();
}

TEST_F(TlsPeerTest, WhoMakesTlsAnswerWithoutReadingIsDropped) {
  greet();
  hand.set_window(0);
  for (int i = 0; i < 10'000 && server.talker->ends == 0; ++i) {
    SSL_key_update(peer.get(), SSL_KEY_UPDATE_REQUESTED);
    ASSERT_EQ(SSL_do_handshake(peer.get()), 1);
    send();
    settle();
  }
  EXPECT_EQ(server.talker->ends, 1U);
  EXPECT_EQ(server.talker->end_error, EPROTO);
  EXPECT_EQ(server.stream->last_error(), "the peer does not read what TLS answers");
}

TEST_F(TlsPeerTest, RenegotiationIsDeclined) {
  max_version = TLS1_2_VERSION;
  greet();
  SSL_clear_options(peer.get(), SSL_OP_NO_RENEGOTIATION);  // the client would
  EXPECT_EQ(SSL_renegotiate(peer.get()), 1);
  EXPECT_NE(SSL_do_handshake(peer.get()), 1);
  exchange();
  ERR_clear_error();
  EXPECT_NE(SSL_do_handshake(peer.get()), 1);
  EXPECT_EQ(ERR_GET_REASON(ERR_peek_error()), SSL_R_NO_RENEGOTIATION);
  ERR_clear_error();
  EXPECT_EQ(server.heard(), "");
}

TEST_F(TlsPeerTest, WhatComesAfterTheFarewellIsIgnored) {
  greet();
  say("last words");
  SSL_shutdown(peer.get());
  exchange();
  EXPECT_EQ(server.heard(), "last words");
  EXPECT_EQ(server.talker->ends, 1U);
  hand.write("\x17\x03\x03 and another thing");
  settle();
  hand.finish_writing();
  settle();
  EXPECT_EQ(server.talker->ends, 1U);
  EXPECT_EQ(server.talker->end_error, 0);
  EXPECT_FALSE(server.stream->truncated());
}

}  // namespace
}  // namespace orrery::net
