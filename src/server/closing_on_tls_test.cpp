// How a connection ends whose stream may hold a record back and says a goodbye of its own.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "net/stream_talker.h"
#include "net/test_certificate.h"
#include "net/tls_stream.h"
#include "server/wire_fixture.h"

namespace orrery {
namespace {

using namespace std::chrono_literals;
using net::MemoryStream;
using net::TlsStream;
using server::close_frame, server::frames_in, server::handshake, server::text_frame;
using server::WireServer;

/// A client on TLS of a server that answers "4" with four messages of ten thousand bytes.
class ClosingOnTls : public testing::Test {
 protected:
  void connect() {
    auto served = net::TlsContext::from_pem(
        {.certificate = certificate.certificate, .key = certificate.key}, nullptr);
    auto trusting = net::TlsContext::client({.ca = authority.certificate()});
    // Less under way than an answer is long.
    auto [below_server, below_client] = MemoryStream::pair(loop, {.window_bytes = 8 * 1024});
    server.servers[0]->accept(
        std::make_unique<TlsStream>(loop, std::move(below_server), *served, *scratch));
    stream = std::make_unique<TlsStream>(loop, std::move(below_client), *trusting, *scratch,
                                         "orrery.test");
    client = std::make_unique<net::StreamTalker>();
    client->sit_on(*stream);
    client->say(handshake("/"));
    server.settle();
    client->heard.clear();
  }

  [[nodiscard]] std::string frames_of(const std::string& said) const {
    std::string frames;
    for (int left = std::stoi(said); left > 0; --left) frames += "text " + answer + "\n";
    return frames;
  }
  [[nodiscard]] bool server_is_empty() const { return server.servers[0]->empty(); }

  std::unique_ptr<net::TlsScratch> scratch = std::make_unique<net::TlsScratch>();
  const std::string answer = std::string(10'000, 'x');
  WireServer server{[this](Router& routes) {
    routes.websocket("/", [this](Session& session, Message message) {
      for (int left = std::stoi(std::string(message.text())); left > 0; --left)
        session.send(answer);
    });
  }};
  net::Loop& loop = *server.loops[0];
  net::TestAuthority authority;
  net::TestCertificate certificate = authority.issue("orrery.test");
  std::unique_ptr<TlsStream> stream;
  std::unique_ptr<net::StreamTalker> client;
};

TEST_F(ClosingOnTls, WaitsForThePeersCloseNotify) {
  connect();
  client->say(close_frame(1000));
  server.settle();
  EXPECT_EQ(frames_in(client->heard), "close 1000 \n");
  EXPECT_EQ(client->ends, 1U);
  EXPECT_FALSE(stream->truncated());
  EXPECT_FALSE(server_is_empty()) << "the close_notify that comes will be answered by a reset";
  client->finish();
  server.settle();
  EXPECT_TRUE(server_is_empty());
}

TEST_F(ClosingOnTls, LosesNothingToOneWhoReadsSlowly) {
  // Answers that the stream holds back in one record, and that the outbox has to hold, too.
  for (const std::string said : {"1", "4"}) {
    for (const bool says_goodbye : {false, true}) {
      connect();
      stream->pause_reading();
      client->say(text_frame(said) + close_frame(1000));
      if (says_goodbye) client->finish();
      server.advance(10s);
      EXPECT_FALSE(server_is_empty()) << "half a record is lost";
      stream->resume_reading();
      server.advance(1100ms);
      EXPECT_EQ(frames_in(client->heard), frames_of(said) + "close 1000 \n");
      EXPECT_FALSE(stream->truncated());
      EXPECT_TRUE(says_goodbye || !server_is_empty()) << "its close_notify may come";
      if (!says_goodbye) server.advance(2500ms);
      EXPECT_TRUE(server_is_empty()) << "it is not seen that nothing is held back any more";
    }
  }
}

TEST_F(ClosingOnTls, LingersFromTheLastByteThatLeft) {
  connect();
  stream->pause_reading();
  client->say(text_frame("1") + close_frame(1000));
  server.advance(1900ms);
  stream->resume_reading();
  server.advance(1500ms);
  EXPECT_FALSE(server_is_empty());
  server.advance(1700ms);
  EXPECT_TRUE(server_is_empty());
}

TEST_F(ClosingOnTls, GivesUpOneWhoReadsNoMore) {
  connect();
  stream->pause_reading();
  client->say(text_frame("1") + close_frame(1000));
  server.advance(29s);
  EXPECT_FALSE(server_is_empty());
  server.advance(2s);
  EXPECT_TRUE(server_is_empty());
}

}  // namespace
}  // namespace orrery
