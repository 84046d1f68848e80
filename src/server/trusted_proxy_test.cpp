#include <gtest/gtest.h>

#include "orrery/testing.h"

namespace orrery::server {
namespace {

void who_is_it(Router& routes) {
  routes.get("/who", [](const Request& request) {
    return Response::text(request.remote_address() + (request.secure() ? " secure" : " plain"));
  });
  routes.websocket(
      "/", [](Session& client, Message) { client.send(client.request().remote_address()); });
}

ServerOptions behind_a_proxy() {
  ServerOptions options;
  options.trusted_proxies = {"192.0.2.0/24"};
  return options;
}

TestRequest through(const std::string& proxy, HeaderList headers) {
  TestRequest with;
  with.address = proxy;
  with.headers = std::move(headers);
  return with;
}

TEST(TrustedProxy, SaysWhoTheClientIs) {
  TestServer server(who_is_it, behind_a_proxy());
  const HeaderList said{{"X-Forwarded-For", "198.51.100.7"}, {"X-Forwarded-Proto", "https"}};
  EXPECT_EQ(server.get("/who", through("192.0.2.1", said)).body, "198.51.100.7 secure");
  EXPECT_EQ(server.get("/who", through("192.0.2.1", {})).body, "192.0.2.1 plain");
  auto client = server.connect("/", through("192.0.2.1", said));
  client.says("who am I?");
  EXPECT_TRUE(client.hears("198.51.100.7"));
}

TEST(TrustedProxy, NobodyElseIsBelieved) {
  TestServer server(who_is_it, behind_a_proxy());
  const HeaderList said{{"X-Forwarded-For", "198.51.100.7"}, {"X-Forwarded-Proto", "https"}};
  EXPECT_EQ(server.get("/who", through("203.0.113.9", said)).body, "203.0.113.9 plain");
}

TEST(TrustedProxy, TheOriginIsComparedWithWhatTheBrowserAsked) {
  TestServer server(who_is_it, behind_a_proxy());
  const HeaderList page{{"Origin", "https://app.example"},
                        {"X-Forwarded-Host", "app.example"},
                        {"X-Forwarded-Proto", "https"}};
  EXPECT_EQ(server.connect("/", through("192.0.2.1", page)).status(), 101);
  EXPECT_EQ(server.connect("/", through("203.0.113.9", page)).status(), 403);
  const HeaderList other{{"Origin", "https://evil.example"},
                         {"X-Forwarded-Host", "app.example"},
                         {"X-Forwarded-Proto", "https"}};
  EXPECT_EQ(server.connect("/", through("192.0.2.1", other)).status(), 403);
}

TEST(TrustedProxy, WithoutOneThereAreNoProxyHeaders) {
  ServerOptions options;
  options.proxy_protocol = ProxyProtocol::v1v2;
  EXPECT_THROW(TestServer(who_is_it, options), std::logic_error);
}

TEST(TrustedProxy, WhatIsNoNetworkIsRefusedAtTheStart) {
  ServerOptions options;
  options.trusted_proxies = {"everybody"};
  EXPECT_THROW(TestServer(who_is_it, options), std::logic_error);
}

}  // namespace
}  // namespace orrery::server
