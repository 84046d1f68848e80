#include "apps/orrery/assemble.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/load.h"
#include "orrery/testing.h"

namespace orrery::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

config::Tree tree_of(std::vector<std::string> sets) {
  config::Sources sources;
  sources.sets = std::move(sets);
  config::Loaded loaded = config::load(sources);
  for (const auto& error : loaded.errors) ADD_FAILURE() << error.text();
  return std::move(loaded.tree);
}

Limits limits_of(const std::string& key_and_value) {
  return server_options(tree_of({"server.protocols.websocket." + key_and_value})).limits;
}

TEST(Assemble, TheDefaultsOfTheFileAreThoseOfTheLibrary) {
  const ServerOptions file = server_options(config::Tree{});
  const Limits limits;
  EXPECT_EQ(file.limits.message_bytes, limits.message_bytes);
  EXPECT_EQ(file.limits.message_timeout, limits.message_timeout);
  EXPECT_EQ(file.limits.idle, limits.idle);
  EXPECT_EQ(file.limits.idle_policy, limits.idle_policy);
  EXPECT_EQ(file.limits.idle_reset, limits.idle_reset);
  EXPECT_EQ(file.limits.heartbeat, limits.heartbeat);
  EXPECT_EQ(file.limits.messages_per_second, limits.messages_per_second);
  EXPECT_EQ(file.limits.rate_policy, limits.rate_policy);
  EXPECT_EQ(file.limits.queued_bytes, limits.queued_bytes);
  EXPECT_EQ(file.limits.overflow, limits.overflow);
  EXPECT_EQ(file.limits.write_timeout, limits.write_timeout);
  EXPECT_EQ(file.limits.close_timeout, limits.close_timeout);
  EXPECT_EQ(file.limits.fragments, limits.fragments);
  EXPECT_EQ(file.limits.mailbox_count, limits.mailbox_count);
  EXPECT_EQ(file.limits.mailbox_bytes, limits.mailbox_bytes);
  EXPECT_EQ(file.limits.mailbox_overflow, limits.mailbox_overflow);
  EXPECT_EQ(file.limits.sessions_per_ip, limits.sessions_per_ip);
  EXPECT_EQ(file.limits.admission_timeout, limits.admission_timeout);
  EXPECT_EQ(file.callback_budget, ServerOptions{}.callback_budget);
  EXPECT_EQ(file.limits.compression, limits.compression);
  EXPECT_EQ(file.limits.compression_threshold_bytes, limits.compression_threshold_bytes);
  EXPECT_EQ(file.limits.compression_window_bits, limits.compression_window_bits);
  EXPECT_EQ(file.limits.compression_memory_level, limits.compression_memory_level);
  EXPECT_EQ(file.limits.compression_except, limits.compression_except);
  EXPECT_EQ(file.redacted, ServerOptions{}.redacted);
  const HttpLimits http;
  EXPECT_EQ(file.http_limits.head_bytes, http.head_bytes);
  EXPECT_EQ(file.http_limits.body_bytes, http.body_bytes);
  EXPECT_EQ(file.http_limits.handshake_timeout, http.handshake_timeout);
  EXPECT_EQ(file.http_limits.body_timeout, http.body_timeout);
  EXPECT_EQ(file.http_limits.proxy_timeout, http.proxy_timeout);
  EXPECT_EQ(file.proxy_protocol, ProxyProtocol::off);
  EXPECT_EQ(file.http_limits.idle, http.idle);
  EXPECT_EQ(file.origins, ServerOptions{}.origins);
}

TEST(Assemble, KnowsTheLargestPool) {
  const std::uint64_t usual = config::Pool{}.max_connections;
  EXPECT_EQ(largest_pool(tree_of({})), usual);
  EXPECT_EQ(largest_pool(tree_of({"pools.gear:echo.maxConnections=5"})), usual) << "chat's";
  EXPECT_EQ(largest_pool(tree_of({"gears={\"echo\": {}}", "pools.gear:echo.maxConnections=5"})),
            5U);
  EXPECT_EQ(largest_pool(tree_of(
                {"pools.tenant:acme.maxConnections=70000", "pools.tenant:acme.gears=chat"})),
            70'000U);
}

TEST(Assemble, EveryLimitOfTheFileReachesTheServer) {
  EXPECT_EQ(limits_of("maxMessageSize=5").message_bytes, 5u);
  EXPECT_EQ(limits_of("messageTimeout=5").message_timeout, 5ms);
  EXPECT_EQ(limits_of("idleTimeout=5s").idle, 5s);
  EXPECT_EQ(limits_of("sendPingsAutomatically=false").idle_policy, IdlePolicy::close);
  EXPECT_EQ(limits_of("resetIdleTimeoutOnSend=true").idle_reset,
            IdleReset::by_receiving_or_sending);
  EXPECT_EQ(limits_of("heartbeat=5").heartbeat, 5ms);
  EXPECT_EQ(limits_of("rateLimit=5").messages_per_second, 5u);
  EXPECT_EQ(limits_of("rateLimitPolicy=drop").rate_policy, RatePolicy::drop);
  EXPECT_EQ(limits_of("maxQueuedBytes=5KiB").queued_bytes, 5'120u);
  EXPECT_EQ(limits_of("overflow=drop_newest").overflow, Overflow::drop_newest);
  EXPECT_EQ(limits_of("overflow=drop_oldest").overflow, Overflow::drop_oldest);
  EXPECT_EQ(limits_of("overflow=latest_per_key").overflow, Overflow::latest_per_key);
  EXPECT_EQ(limits_of("maxFragments=5").fragments, 5u);
  EXPECT_EQ(limits_of("mailboxCount=5").mailbox_count, 5u);
  EXPECT_EQ(limits_of("mailboxBytes=5KiB").mailbox_bytes, 5'120u);
  EXPECT_EQ(limits_of("mailboxOverflow=close").mailbox_overflow, MailboxOverflow::close);
  EXPECT_EQ(limits_of("maxSessionsPerIp=5").sessions_per_ip, 5u);
  EXPECT_EQ(limits_of("admissionTimeout=5").admission_timeout, 5ms);
  EXPECT_EQ(limits_of("writeTimeout=5").write_timeout, 5ms);
  EXPECT_EQ(limits_of("closeTimeout=5").close_timeout, 5ms);
  EXPECT_EQ(limits_of("compression=true").compression, Compression::shared);
  EXPECT_EQ(limits_of("compressionMode=dedicated").compression, Compression::off);
  EXPECT_EQ(limits_of("compressionThreshold=5").compression_threshold_bytes, 5u);
  EXPECT_EQ(limits_of("compressionWindowBits=10").compression_window_bits, 10);
  EXPECT_EQ(limits_of("compressionMemoryLevel=5").compression_memory_level, 5);
  EXPECT_THAT(limits_of("compressionExcept=curl").compression_except, ElementsAre("curl"));
  const auto options = server_options(
      tree_of({"server.threads=3", "server.maxRequestSize=5", "server.maxHeadBytes=600",
               "server.bodyTimeout=5", "server.httpIdleTimeout=6", "server.proxyTimeout=8",
               "server.proxyProtocol=v1v2", "server.protocols.http.enabled=false",
               "server.protocols.websocket.handshakeTimeout=7",
               "server.protocols.websocket.origins=https://a.b", "server.trustedProxies=10.0.0.0/8",
               "server.protocols.websocket.compression=true",
               "server.protocols.websocket.compressionMode=dedicated", "log.redact=ticket"}));
  EXPECT_EQ(options.threads, 3u);
  EXPECT_EQ(options.http_limits.body_bytes, 5u);
  EXPECT_EQ(options.http_limits.head_bytes, 600u);
  EXPECT_EQ(options.http_limits.body_timeout, 5ms);
  EXPECT_EQ(options.http_limits.idle, 6ms);
  EXPECT_EQ(options.http_limits.handshake_timeout, 7ms);
  EXPECT_EQ(options.http_limits.proxy_timeout, 8ms);
  EXPECT_EQ(options.proxy_protocol, ProxyProtocol::v1v2);
  EXPECT_EQ(options.limits.compression, Compression::dedicated);
  EXPECT_THAT(options.origins, ElementsAre("https://a.b"));
  EXPECT_THAT(options.trusted_proxies, ElementsAre("10.0.0.0/8"));
  EXPECT_THAT(options.redacted, ElementsAre("ticket"));
  EXPECT_FALSE(options.serve_http);
  EXPECT_TRUE(options.serve_websocket);
}

TEST(Assemble, ThePoolsOfTheFileReachTheServer) {
  EXPECT_TRUE(server_options(config::Tree{}).pools.empty());
  const auto options = server_options(
      tree_of({R"(pools={"gear:chat": {}, "tenant:acme": {"gears": ["echo", "chat"]}})",
               "pools.tenant:acme.maxConnections=1", "pools.tenant:acme.workers=3",
               "pools.tenant:acme.workerQueue=4", "pools.tenant:acme.maxMemory=5MiB"}));
  const PoolLimits untouched, chat = options.pools.at("gear:chat");
  EXPECT_EQ(chat.sessions, untouched.sessions);
  EXPECT_EQ(chat.workers, untouched.workers);
  EXPECT_EQ(chat.worker_queue, untouched.worker_queue);
  EXPECT_EQ(chat.memory_bytes, untouched.memory_bytes);
  const PoolLimits acme = options.pools.at("tenant:acme");
  EXPECT_EQ(acme.sessions, 1u);
  EXPECT_EQ(acme.workers, 3u);
  EXPECT_EQ(acme.worker_queue, 4u);
  EXPECT_EQ(acme.memory_bytes, 5u << 20);
  EXPECT_THAT(acme.gears, ElementsAre("echo", "chat"));
  EXPECT_EQ(server_options(tree_of({"server.callbackBudget=5"})).callback_budget, 5ms);
}

TEST(Assemble, TheDrainIsAsTheFileSays) {
  const DrainOptions untouched, defaults = drain_options(config::Drain{});
  EXPECT_EQ(defaults.delay, untouched.delay);
  EXPECT_EQ(defaults.spread, untouched.spread);
  EXPECT_EQ(defaults.reconnect_spread, untouched.reconnect_spread);
  EXPECT_EQ(defaults.deadline, untouched.deadline);
  const DrainOptions file = drain_options(
      tree_of({"drain.delay=1", "drain.spread=2", "drain.reconnectSpread=3", "drain.deadline=4"})
          .drain);
  EXPECT_EQ(file.delay, 1ms);
  EXPECT_EQ(file.spread, 2ms);
  EXPECT_EQ(file.reconnect_spread, 3ms);
  EXPECT_EQ(file.deadline, 4ms);
}

TEST(Assemble, TheAdminListenerHasAnAddressOfItsOwn) {
  EXPECT_EQ(admin_address({}), "127.0.0.1:7513");
  EXPECT_EQ(admin_address({"::1", 0, ""}), "[::1]:0");
  EXPECT_EQ(admin_address({"unix:/run/admin.sock", 7513, ""}), "unix:/run/admin.sock");
}

std::vector<std::pair<std::string, bool>> addresses_of(std::vector<std::string> sets) {
  std::vector<std::pair<std::string, bool>> addresses;
  const auto all = listeners(tree_of(std::move(sets)).server);
  if (!all) return {{all.error(), false}};
  for (const auto& [address, tls] : *all) addresses.emplace_back(address, tls.has_value());
  return addresses;
}

TEST(Assemble, AddressesGetThePortUnlessTheyHaveOne) {
  EXPECT_THAT(addresses_of({}), ElementsAre(Pair("0.0.0.0:7512", false)));
  EXPECT_THAT(
      addresses_of({"server.port=0", "server.address=127.0.0.1,localhost:81,::1,[::1],[::]:82"}),
      ElementsAre(Pair("127.0.0.1:0", false), Pair("localhost:81", false), Pair("[::1]:0", false),
                  Pair("[::1]:0", false), Pair("[::]:82", false)));
}

TEST(Assemble, TcpSpeaksTlsWhereThereIsACertificateAndUnixSocketsNever) {
  EXPECT_THAT(addresses_of({"server.tls.certificate=a", "server.tls.key=b",
                            "server.address=0.0.0.0,unix:/run/o.sock"}),
              ElementsAre(Pair("0.0.0.0:7512", true), Pair("unix:/run/o.sock", false)));
}

TEST(Assemble, EveryListenerHasAllCertificates) {
  const auto all = listeners(
      tree_of({"server.address=127.0.0.1,::1", R"(server.tls=[{"certificate": "a", "key": "b",
               "clientCa": "ca"}, {"certificate": "c", "key": "d"}])"})
          .server);
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 2u);
  for (const auto& [address, tls] : *all) {
    ASSERT_TRUE(tls) << address;
    EXPECT_EQ(tls->client_ca, "ca");
    ASSERT_EQ(tls->more_certificates.size(), 1u);
    EXPECT_EQ(tls->more_certificates[0].certificate, "c");
    EXPECT_EQ(tls->more_certificates[0].key, "d");
  }
}

TEST(Assemble, LeavesSocketsOfSystemdToThoseWhoKnowThem) {
  EXPECT_THAT(addresses_of({"server.tls.certificate=a", "server.tls.key=b",
                            "server.address=systemd,systemd:web"}),
              ElementsAre(Pair("systemd", true), Pair("systemd:web", true)));
  EXPECT_EQ(admin_address({"systemd:admin", 7513, "token"}), "systemd:admin");
}

TEST(Assemble, SaysWhichAddressItCannotUse) {
  EXPECT_THAT(addresses_of({"server.address=[]"}),
              ElementsAre(Pair(HasSubstr("no address"), false)));
}

std::vector<std::string> routes_of(std::vector<std::string> sets) {
  const Mounted mounted = mount_gears(tree_of(std::move(sets)));
  std::vector<std::string> routes;
  for (const auto& spec : mounted.routes.specs())
    routes.push_back(spec->scope.host + spec->path + " " + spec->scope.gear);
  return routes;
}

TEST(Assemble, MountsWhatIsListedAndTheHomePage) {
  using testing::Contains;
  using testing::Not;
  const auto usual = routes_of({});
  EXPECT_THAT(usual, Contains("/echo echo"));
  EXPECT_THAT(usual, Contains("/echo/groups/:group echo"));
  EXPECT_THAT(usual, Contains("/chat chat"));
  EXPECT_THAT(usual, Contains("/ home"));
  const auto moved = routes_of({R"(gears={"echo": {"mount": "/deep/mirror"}})"});
  EXPECT_THAT(moved, Contains("/deep/mirror echo"));
  EXPECT_THAT(moved, Not(Contains(HasSubstr("chat"))));
  EXPECT_THAT(moved, Contains("/ home"));
  EXPECT_THAT(routes_of({"gears.echo.hosts=a.b,c.d"}), Contains("c.d/echo echo"));
}

TEST(Assemble, EveryRouteOfAGearAsksItForThePool) {
  const Mounted mounted = mount_gears({});
  for (const auto& spec : mounted.routes.specs()) EXPECT_TRUE(spec->scope.pool) << spec->path;
}

// Remembers what it was handed.
class CuriousGear final : public Gear {
 public:
  [[nodiscard]] std::string_view name() const override { return "curious"; }
  void routes(Router& routes) override { settings = routes.settings(); }
  GearSettings settings{};
};

TEST(Assemble, AGearIsHandedWhatTheFileSaysOfNotifications) {
  for (const bool wanted : {false, true}) {
    const auto tree = tree_of({std::string("server.protocols.websocket.realtimeNotifications=") +
                               (wanted ? "true" : "false")});
    const auto handed = [wanted](const std::function<void(Gear&)>& mount) {
      CuriousGear gear;
      gear.settings.realtime_notifications = !wanted;
      mount(gear);
      return gear.settings.realtime_notifications;
    };
    Mounted mounted = mount_gears(tree);
    EXPECT_EQ(handed([&](Gear& gear) { mounted.routes.mount(gear, "/curious"); }), wanted);
    EXPECT_EQ(handed([&](Gear& gear) { mounted.routes.mount(gear, "/", "a.example"); }), wanted);
    const auto options = server_options(tree);
    Server server(options);
    EXPECT_EQ(handed([&](Gear& gear) { server.mount(gear, "/"); }), wanted);
    EXPECT_EQ(handed([&](Gear& gear) {
                const TestServer test([&](Router& routes) { routes.mount(gear, "/"); }, options);
              }),
              wanted);
  }
}

TEST(Assemble, TheLogIsAsTheFileSays) {
  const auto options = log_options(tree_of({"log.level=warn", "log.format=json"}).log);
  EXPECT_EQ(options.least, observe::Level::warn);
  EXPECT_EQ(options.format, observe::LogFormat::json);
  EXPECT_EQ(log_options({}).least, observe::Level::info);
  EXPECT_EQ(log_options({}).format, observe::LogFormat::text);
}

}  // namespace
}  // namespace orrery::app
