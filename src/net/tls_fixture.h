// What the tests of TLS share: a client and a server on one quiet loop, over memory.
//
// Owner   the test. Nothing but tests includes this.
// Thread  one.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "base/clock.h"
#include "net/manual_poller.h"
#include "net/memory_stream.h"
#include "net/stream_talker.h"
#include "net/test_certificate.h"
#include "net/tls_stream.h"

namespace orrery::net {

/// Some text in which a lost, doubled or moved part shows.
inline std::string long_text(std::size_t bytes) {
  std::string text(bytes, ' ');
  for (std::size_t i = 0; i < bytes; ++i)
    text[i] = static_cast<char>('a' + (i + i / 251 + i / 65'521) % 26);
  return text;
}

class TlsFixture : public testing::Test {
 protected:
  using Context = std::shared_ptr<const TlsContext>;
  using Answer = StreamTalker::Answer;

  /// One end of a TLS connection: the stream and who sits on it.
  struct Side {
    std::unique_ptr<TlsStream> stream;
    std::unique_ptr<StreamTalker> talker = std::make_unique<StreamTalker>();
    [[nodiscard]] const std::string& heard() const { return talker->heard; }
  };

  [[nodiscard]] Context server_context(TlsOptions options = {},
                                       std::shared_ptr<TicketKeys> tickets = nullptr) const {
    if (options.certificate.empty()) options.certificate = certificate.certificate;
    if (options.key.empty()) options.key = certificate.key;
    auto context = TlsContext::from_pem(options, std::move(tickets));
    EXPECT_TRUE(context) << context.error();
    return *context;
  }
  [[nodiscard]] Context client_context(TlsClientOptions options = {}) const {
    if (options.ca.empty()) options.ca = authority.certificate();
    auto context = TlsContext::client(options);
    EXPECT_TRUE(context) << context.error();
    return *context;
  }

  std::unique_ptr<TlsStream> over(std::unique_ptr<Stream> inner, Context context,
                                  std::string name = {}) {
    return std::make_unique<TlsStream>(loop, std::move(inner), std::move(context), *scratch,
                                       std::move(name));
  }

  /// Connects a client to an echoing server; nothing has moved yet.
  void connect(MemoryOptions options = {}, Answer answer = Answer::echo) {
    connect(std::move(options), answer, server_context(), client_context());
  }
  void connect(MemoryOptions options, Answer answer, Context servers, Context clients,
               std::string name = "orrery.test") {
    auto [below_server, below_client] = MemoryStream::pair(loop, std::move(options));
    wire_below_server = below_server.get();
    server = Side{over(std::move(below_server), std::move(servers))};
    client = Side{over(std::move(below_client), std::move(clients), std::move(name))};
    server.talker->sit_on(*server.stream, answer);
    client.talker->sit_on(*client.stream);
  }

  /// A server whose peer is driven by hand; all of one test share a context.
  void serve_by_hand(MemoryOptions options = {}, Answer answer = Answer::echo) {
    if (!served_by_hand) served_by_hand = server_context();
    auto [below, end] = MemoryStream::driven(loop, std::move(options));
    server = Side{over(std::move(below), served_by_hand)};
    hand = std::move(end);
    server.talker->sit_on(*server.stream, answer);
  }

  void settle() {
    for (int turns = 0; loop.turn(milliseconds{0}); ++turns)
      ASSERT_LT(turns, 10'000'000) << "the loop never comes to rest";
  }

  TestAuthority authority;
  TestCertificate certificate = authority.issue("orrery.test");
  ManualClock clock;
  Loop loop{clock, std::make_unique<ManualPoller>()};
  std::unique_ptr<TlsScratch> scratch = std::make_unique<TlsScratch>();
  Side server, client;
  MemoryStream* wire_below_server = nullptr;
  MemoryEnd hand;
  Context served_by_hand;
};

}  // namespace orrery::net
