// What a client shows in confidence is in no line of the log.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "server/wire_fixture.h"

namespace orrery {
namespace {

using server::close_frame;
using server::handshake;
using server::WireClient;
using server::WireServer;
using testing::HasSubstr;
using testing::Not;

void echo(Router& routes) {
  routes.websocket("/echo", [](Session& client, Message message) { client.send(message); });
}

std::string log_of(WireServer& server) {
  std::string all;
  for (const auto& line : server.log.lines()) all += line + "\n";
  return all;
}

TEST(ARefusedQuery, IsLoggedForDebuggingWithoutWhatTheOptionsName) {
  ServerOptions options;
  options.redacted = {"ticket"};
  WireServer server(echo, options);
  WireClient(server).sends(handshake("/nowhere?room=tea&Ticket=hidden&x=1"));
  EXPECT_THAT(log_of(server), HasSubstr("debug the refused query query=\"?room=tea&Ticket="
                                        "[redacted]&x=1\""));
  EXPECT_THAT(log_of(server), HasSubstr("info handshake refused"));
  EXPECT_THAT(log_of(server), Not(HasSubstr("hidden")));
}

TEST(Secrets, OfAHandshakeAreNotLoggedWhateverBecomesOfIt) {
  const std::string shown =
      "Authorization: Bearer hidden\r\nCookie: sid=hidden\r\nSec-WebSocket-Protocol: hidden\r\n";
  WireServer server(echo);
  for (const char* target : {"/nowhere?token=hidden", "/echo?token=hidden", "*?token=hidden"}) {
    WireClient client(server);
    client.sends(handshake(target, shown));
    client.sends(close_frame(1000));
  }
  WireClient(server).sends(handshake("/echo?token=hidden", shown + "Origin: https://evil\r\n"));
  WireClient(server).sends(handshake("/echo?token=hidden", shown + "broken\r\n"));
  EXPECT_THAT(log_of(server), HasSubstr("session closed"));
  EXPECT_THAT(log_of(server), Not(HasSubstr("hidden")));
}

}  // namespace
}  // namespace orrery
