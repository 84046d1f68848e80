#include "server/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/wire_fixture.h"

namespace orrery {
namespace {

using server::close_frame;
using server::handshake;
using server::text_frame;
using server::WireClient;
using server::WireServer;
using testing::HasSubstr;
using testing::Not;

// Two gears, one of which may also use a tenant's pool.
void declare(Router& routes) {
  routes.gear("chat", "/chat", [](Router& chat) {
    chat.pool([](const Request& request) {
      return request.query("tenant") ? std::string("tenant:acme") : std::string();
    });
    chat.websocket(
        "/", Callbacks{.on_open = [](Session& client) { client.join("all"); },
                       .on_message = [](Session& client,
                                        Message message) { client.publish("all", message); }});
  });
  routes.gear("echo", "/echo", [](Router& echo) {
    echo.websocket("/", [](Session& client, Message message) { client.send(message); });
  });
}

ServerOptions with_a_tenant() {
  ServerOptions options;
  options.pools = {{"tenant:acme", {.sessions = 1, .gears = {"chat"}}}};
  return options;
}

TEST(TheMetrics, TellWhatTheSessionsOfEachGearAndPoolDo) {
  WireServer server(declare, with_a_tenant(), 2);
  auto alice = std::move(WireClient(server, {}, 0).opens("/chat/"));
  auto bob = std::move(WireClient(server, {}, 1).opens("/chat/"));
  auto carol = std::move(WireClient(server, {}, 0).opens("/chat/?tenant=acme"));
  auto dave = std::move(WireClient(server, {}, 0).opens("/echo/"));
  alice.sends(text_frame("to two"));
  carol.sends(text_frame("to myself"));
  dave.sends(text_frame("x"));
  dave.sends(close_frame(1000));
  const std::string text = server.engine.metrics();
  for (const char* line :
       {"orrery_sessions{gear=\"chat\",pool=\"gear:chat\"} 2\n",
        "orrery_sessions{gear=\"chat\",pool=\"tenant:acme\"} 1\n",
        "orrery_sessions{gear=\"echo\",pool=\"gear:echo\"} 0\n",
        "orrery_sessions_opened_total{gear=\"echo\",pool=\"gear:echo\"} 1\n",
        "orrery_sessions_closed_total{gear=\"echo\",cause=\"client\"} 1\n",
        "orrery_messages_total{gear=\"chat\",pool=\"gear:chat\",direction=\"in\"} 1\n",
        "orrery_messages_total{gear=\"chat\",pool=\"gear:chat\",direction=\"out\"} 2\n",
        "orrery_bytes_total{gear=\"chat\",pool=\"gear:chat\",direction=\"out\"} 12\n",
        "orrery_messages_total{gear=\"chat\",pool=\"tenant:acme\",direction=\"out\"} 1\n",
        "orrery_pool_sessions{pool=\"tenant:acme\"} 1\n",
        "orrery_pool_limit{pool=\"tenant:acme\"} 1\n",
        "orrery_callback_seconds_count{gear=\"chat\",pool=\"gear:chat\"}",
        "orrery_connections{loop=\"1\"} 1\n"})
    EXPECT_THAT(text, HasSubstr(line));
}

TEST(TheMetrics, CountWhatCameInOneReadWithTheEnd) {
  WireServer server(declare);
  auto dave = std::move(WireClient(server).opens("/echo/"));
  dave.sends(text_frame("one") + text_frame("two") + close_frame(1000) + text_frame("three"));
  const std::string text = server.engine.metrics();
  for (const char* line :
       {"orrery_sessions_closed_total{gear=\"echo\",cause=\"client\"} 1\n",
        "orrery_messages_total{gear=\"echo\",pool=\"gear:echo\",direction=\"in\"} 2\n",
        "orrery_messages_total{gear=\"echo\",pool=\"gear:echo\",direction=\"out\"} 2\n",
        "orrery_bytes_total{gear=\"echo\",pool=\"gear:echo\",direction=\"in\"} 6\n",
        "orrery_bytes_total{gear=\"echo\",pool=\"gear:echo\",direction=\"out\"} 6\n"})
    EXPECT_THAT(text, HasSubstr(line));
}

TEST(TheMetrics, CountMoreThanOneTurnMayTake) {
  WireServer server(declare);
  auto dave = std::move(WireClient(server).opens("/echo/"));
  std::string many;
  for (int i = 0; i < 2500; ++i) many += text_frame("x");
  dave.sends(many);
  const std::string text = server.engine.metrics();
  for (const char* direction : {"in", "out"})
    EXPECT_THAT(text, HasSubstr(std::string("orrery_messages_total{gear=\"echo\",pool=\"gear:"
                                            "echo\",direction=\"") +
                                direction + "\"} 2500\n"));
}

TEST(TheMetrics, AreZeroBeforeAnythingHasHappened) {
  WireServer server(declare, with_a_tenant());
  const std::string text = server.engine.metrics();
  for (const char* line :
       {"orrery_sessions{gear=\"chat\",pool=\"gear:chat\"} 0\n",
        "orrery_sessions_opened_total{gear=\"echo\",pool=\"gear:echo\"} 0\n",
        "orrery_sessions_closed_total{gear=\"echo\",cause=\"server\"} 0\n",
        "orrery_sessions_closed_total{gear=\"echo\",cause=\"shutdown_deadline\"} 0\n",
        "orrery_sessions_closed_total{gear=\"chat\",cause=\"transport\"} 0\n",
        "orrery_messages_total{gear=\"chat\",pool=\"gear:chat\",direction=\"in\"} 0\n",
        "orrery_bytes_total{gear=\"echo\",pool=\"gear:echo\",direction=\"out\"} 0\n",
        "orrery_handshakes_refused_total{status=\"503\"} 0\n",
        "orrery_connections_refused_total{cause=\"untrusted_proxy\"} 0\n"})
    EXPECT_THAT(text, HasSubstr(line));
}

TEST(TheMetrics, TellWhoWasRefusedAndWhatWasLost) {
  WireServer server(declare, with_a_tenant());
  auto carol = std::move(WireClient(server).opens("/chat/?tenant=acme"));
  WireClient refused(server);
  refused.sends(handshake("/chat/?tenant=acme"));
  EXPECT_TRUE(refused.hears().starts_with("HTTP/1.1 503"));
  const std::string text = server.engine.metrics();
  EXPECT_THAT(text, HasSubstr("orrery_handshakes_refused_total{status=\"503\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("orrery_pool_rejected_total{pool=\"tenant:acme\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("orrery_dropped_total{cause=\"outbox_full\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("orrery_ready 1\n"));
  EXPECT_THAT(text, HasSubstr("orrery_accepting_paused 0\n"));
  EXPECT_THAT(text, Not(HasSubstr("not_after"))) << "no TLS here";
}

TEST(TheMetrics, CountEachLossOnce) {
  WireServer server([](Router& routes) {
    routes
        .websocket("/watch",
                   Callbacks{.on_open = [](Session& client) { (void)client.track("tea"); },
                             .on_message = [](Session&, Message) {},
                             .on_presence = [](Session&, const Presence&) {}})
        .limits({.mailbox_count = 1});
    routes.websocket("/", [](Session& client, Message) {
      client.join("tea");
      client.leave("tea");
      client.join("tea");
    });
  });
  auto watcher = std::move(WireClient(server).opens("/watch"));
  auto guest = std::move(WireClient(server).opens("/"));
  guest.sends(text_frame("three comings and goings at once"));
  EXPECT_THAT(server.engine.metrics(),
              HasSubstr("orrery_dropped_total{cause=\"mailbox_full\"} 2\n"));
}

// What a worker's callback asked for is done on the loop, and is no callback.
TEST(TheMetrics, TimeOneCallbackIn64OfWorkersToo) {
  WireServer server([](Router& routes) {
    routes.gear("clerk", "/", [](Router& clerk) {
      clerk
          .websocket("/",
                     [](WorkerSession& client, Message message) {
                       client.send(message);
                       client.flush();
                       client.send(message);
                     })
          .on_workers();
    });
    routes.gear("echo", "/echo", [](Router& echo) {
      echo.websocket("/", [](Session& client, Message message) { client.send(message); });
    });
  });
  auto odd = std::move(WireClient(server).opens("/echo/"));
  odd.sends(text_frame("x"));
  auto client = std::move(WireClient(server).opens("/"));
  for (int i = 0; i < 127; ++i) client.sends(text_frame("x"));
  EXPECT_THAT(server.engine.metrics(),
              HasSubstr("orrery_callback_seconds_count{gear=\"clerk\",pool=\"gear:clerk\"} 1\n"));
}

TEST(TheMetrics, TimeOneCallbackIn64) {
  WireServer server(declare);
  auto dave = std::move(WireClient(server).opens("/echo/"));
  for (int i = 0; i < 128; ++i) dave.sends(text_frame("x"));
  EXPECT_THAT(server.engine.metrics(),
              HasSubstr("orrery_callback_seconds_count{gear=\"echo\",pool=\"gear:echo\"} 2\n"));
}

}  // namespace
}  // namespace orrery
