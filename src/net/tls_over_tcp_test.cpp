// TLS as it is in life: over sockets, on each kind of poller.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cerrno>
#include <functional>
#include <memory>
#include <string>

#include "net/descriptors.h"
#include "net/peer_address.h"
#include "net/poller_fixture.h"
#include "net/tcp_stream.h"
#include "net/tls_fixture.h"

namespace orrery::net {
namespace {

class TlsOverTcp : public TlsFixture, public testing::WithParamInterface<TestedPoller> {
 protected:
  TlsOverTcp() {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    server = Side{on_socket(ends[0], server_context())};
    client = Side{on_socket(ends[1], client_context())};
  }
  ~TlsOverTcp() override { server.stream.reset(), client.stream.reset(); }  // before their loop

  std::unique_ptr<TlsStream> on_socket(int fd, Context context) {
    auto below = std::make_unique<TcpStream>(sockets, Descriptor(fd), PeerAddress{});
    return std::make_unique<TlsStream>(sockets, std::move(below), std::move(context), *scratch,
                                       "orrery.test");
  }
  void until(const std::function<bool()>& so) {
    while (!so()) ASSERT_TRUE(sockets.turn(milliseconds{10'000})) << "nothing happened";
  }

  Loop sockets{clock, GetParam()()};
};

TEST_P(TlsOverTcp, SmallAndLargeMessagesGoBothWays) {
  server.talker->sit_on(*server.stream, Answer::echo);
  client.talker->sit_on(*client.stream);
  std::string said;
  for (const std::size_t bytes : {1U, 100U, 5'000U, 300'000U, 2U, 3U}) {
    said += long_text(bytes);
    client.talker->say(long_text(bytes));
    until([&] { return client.heard().size() == said.size(); });
    EXPECT_EQ(client.heard(), said);
  }
}

TEST_P(TlsOverTcp, WhatComesWhileItPausesIsHeardAfterwards) {
  server.talker->sit_on(*server.stream);
  client.talker->sit_on(*client.stream);
  server.talker->pauses_at = 1;
  client.talker->say("one ");
  until([&] { return server.heard() == "one "; });
  client.talker->say("two ");
  while (sockets.turn(milliseconds{0})) {
  }
  EXPECT_EQ(server.heard(), "one ");
  server.talker->pauses_at = 100;
  server.stream->resume_reading();
  client.talker->say("three");
  until([&] { return server.heard() == "one two three"; });
}

// OpenSSL's own socket BIO would raise SIGPIPE here and end the program.
TEST_P(TlsOverTcp, WhoVanishesHarmsNobody) {
  server.talker->sit_on(*server.stream);
  client.talker->sit_on(*client.stream);
  client.talker->say("send me much");
  until([&] { return server.heard() == "send me much"; });
  server.talker->say(long_text(64 * 1024));
  client.stream.reset();
  server.talker->say(long_text(64 * 1024));
  until([&] { return server.talker->ends > 0; });
  EXPECT_EQ(server.talker->ends, 1U);
  EXPECT_TRUE(server.talker->write_error == EPIPE || server.talker->end_error == ECONNRESET)
      << server.talker->write_error << " " << server.talker->end_error;
}

INSTANTIATE_TEST_SUITE_P(On, TlsOverTcp, testing::ValuesIn(tested_pollers()), name_of_case);

}  // namespace
}  // namespace orrery::net
