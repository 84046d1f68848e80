#include "config/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace orrery::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> texts_of(const std::vector<Diagnostic>& diagnostics) {
  std::vector<std::string> texts;
  for (const Diagnostic& each : diagnostics) texts.push_back(each.text());
  return texts;
}

Loaded load_text(std::string text) {
  Sources sources;
  sources.file = File{"orrery.json", std::move(text)};
  return load(sources);
}

Loaded load_sets(std::vector<std::string> sets) {
  Sources sources;
  sources.sets = std::move(sets);
  return load(sources);
}

Loaded load_variables(std::vector<std::pair<std::string, std::string>> variables) {
  Sources sources;
  sources.environment = std::move(variables);
  return load(sources);
}

// What the file gets wrong, one text per fault.
std::vector<std::string> faults_in(std::string text) {
  return texts_of(load_text(std::move(text)).errors);
}

std::string websocket(const std::string& members) {
  return R"({"server": {"protocols": {"websocket": {)" + members + "}}}}";
}

// The page's block, key for key and comment for comment, with the brace that it lacks.
constexpr const char* kuzzle_page = R"({
"server": {
// The listening port for HTTP and WebSocket
"port": 7512,
"protocols": {
"websocket": {
// Set to true to enable WebSocket support
"enabled": true,
// The maximum time (in milliseconds) without sending or receiving a
// message from a client. Once reached, the client's socket is
// forcibly closed.
// If a client socket is inactive for too long, the server will send
// a PING request before closing the socket.
// Minimum value: 1000 (but it's strongly advised to not set a value
// this low to forcibly close idle client sockets)
"idleTimeout": 0,
// @Deprecated
// The time, in milliseconds, between the server's PING requests to
// clients, to make sure they are still active.
// Setting this value to 0 disables PING requests from the server
// (it will still respond with a PONG to PING requests from clients).
// If heartbeat is deactivated, then setting a non-zero value to
// idleTimeout is strongly recommended to detect and remove
// dead sockets.
"heartbeat": 60000,
// Enable/Disable per message compression
"compression": false,
// The maximum number of messages per second a single socket can
// submit to the server.
// Requests exceeding that rate limit are rejected.
// Disabled if set to 0.
"rateLimit": 0,
// Set to "true" to enable realtime notifications like "TokenExpired"
// notifications
"realtimeNotifications": true,
// Whether or not we should automatically send pings to uphold a stable
// connection given whatever idleTimeout.
"sendPingsAutomatically": false,
// This one depends on kernel timeouts and is a bad default
"resetIdleTimeoutOnSend": false,
}
}
}
})";

TEST(Load, TakesKuzzlesBlockUnchanged) {
  const Loaded loaded = load_text(kuzzle_page);
  EXPECT_THAT(texts_of(loaded.errors), IsEmpty());
  const Websocket& w = loaded.tree.server.protocols.websocket;
  EXPECT_EQ(loaded.tree.server.port, 7512u);
  EXPECT_TRUE(w.enabled);
  EXPECT_EQ(w.idle_timeout.count(), 0);
  EXPECT_EQ(w.heartbeat.count(), 60'000);
  EXPECT_FALSE(w.compression);
  EXPECT_EQ(w.rate_limit, 0u);
  EXPECT_TRUE(w.realtime_notifications);
  EXPECT_FALSE(w.send_pings_automatically);
  EXPECT_FALSE(w.reset_idle_timeout_on_send);
  EXPECT_THAT(loaded.inactive, ElementsAre("server.protocols.websocket.realtimeNotifications"));
  EXPECT_THAT(texts_of(loaded.warnings),
              ElementsAre(HasSubstr("heartbeat: this key is deprecated")));
}

TEST(Load, NeedsNoFile) {
  const Loaded loaded = load({});
  EXPECT_TRUE(loaded.ok());
  EXPECT_THAT(texts_of(loaded.warnings), IsEmpty());
  EXPECT_THAT(loaded.inactive, IsEmpty());
  EXPECT_EQ(loaded.tree.server.port, 7512u);
  EXPECT_THAT(loaded.tree.server.address, ElementsAre("0.0.0.0"));
  EXPECT_FALSE(loaded.tree.server.uses_tls());
}

TEST(Load, TellsEveryFaultAtOnceInTheOrderOfTheText) {
  EXPECT_THAT(
      faults_in("{\n"
                "  \"server\": {\n"
                "    \"port\": \"7512\",\n"
                "    \"io\": \"epol\",\n"
                "    \"protocols\": { \"websocket\": { \"idelTimeout\": 1 } },\n"
                "    \"threads\": -1\n"
                "  },\n"
                "  \"lgo\": {}\n"
                "}"),
      ElementsAre(
          "orrery.json:3:13: server.port: found \"7512\"; accepted: a whole number from 0 to 65535",
          "orrery.json:4:11: server.io: found \"epol\"; accepted: \"auto\" or \"epoll\" or "
          "\"io_uring\"; did you mean \"epoll\"?",
          "orrery.json:5:35: server.protocols.websocket.idelTimeout: found the unknown key "
          "\"idelTimeout\"; accepted: one of 28 keys (`orrery config explain "
          "server.protocols.websocket`); did you mean \"idleTimeout\"?",
          "orrery.json:6:16: server.threads: found -1; accepted: a whole number from 0 to 1024",
          "orrery.json:8:3: lgo: found the unknown key \"lgo\"; accepted: $schema, unknownKeys, "
          "server, pools, gears, cluster, admin, drain, log; did you mean \"log\"?"));
}

TEST(Load, RefusesWhatAKeyDoesNotTake) {
  const struct {
    std::string text, fault;
  } rows[] = {
      {R"({"server": {"port": 65536}})", "server.port: found 65536; accepted: a whole number"},
      {R"({"server": {"port": 80.5}})", "server.port: found 80.5; accepted: a whole number"},
      {R"({"server": {"port": null}})", "server.port: found null"},
      {R"({"server": {"port": [80]}})", "server.port: found a list"},
      {R"({"server": 5})", "server: found 5; accepted: an object"},
      {R"([])", "orrery.json:1:1: found a list; accepted: an object"},
      {websocket(R"("enabled": "true")"), "enabled: found \"true\"; accepted: true or false"},
      {websocket(R"("enabled": 1)"), "enabled: found 1; accepted: true or false"},
      {websocket(R"("idleTimeout": 1)"), "idleTimeout: found 1; accepted: milliseconds"},
      {websocket(R"("idleTimeout": 999)"), "idleTimeout: found 999"},
      {websocket(R"("idleTimeout": "999ms")"), "idleTimeout: found \"999ms\""},
      {websocket(R"("idleTimeout": "60")"), "idleTimeout: found \"60\""},
      {websocket(R"("idleTimeout": "1.5s")"), "idleTimeout: found \"1.5s\""},
      {websocket(R"("idleTimeout": "60 s")"), "idleTimeout: found \"60 s\""},
      {websocket(R"("idleTimeout": "99999999999999999999d")"), "idleTimeout: found \"999"},
      {websocket(R"("maxMessageSize": "1Mb")"), "maxMessageSize: found \"1Mb\"; accepted: bytes"},
      {websocket(R"("maxMessageSize": 0)"), "maxMessageSize: found 0"},
      {websocket(R"("maxMessageSize": "99999999999GiB")"), "maxMessageSize: found \"9999"},
      {websocket(R"("overflow": "drop")"), "accepted: \"close\" or \"drop_newest\" or"},
      {websocket(R"("origins": ["example.com"])"),
       "origins: found \"example.com\"; accepted: \"same"},
      {websocket(R"("origins": ["https://a.b", 5])"),
       "1:68: server.protocols.websocket.origins: found 5"},
      {R"({"server": {"address": ["0.0.0.0", ""]}})", "server.address: found \"\""},
      {R"({"server": {"address": "0.0.0.0:99999"}})", "server.address: found \"0.0.0.0:99999\""},
      {R"({"server": {"address": "example.com"}})", "server.address: found \"example.com\""},
      {R"({"server": {"address": "::1:80:"}})", "server.address: found \"::1:80:\""},
      {R"({"admin": {"address": "127.0.0.1:80"}})", "accepted: an address without a port"},
      {R"({"gears": {"chat": {"hosts": "a.b:80"}}})", "accepted: a host without a port"},
      {R"({"gears": {"chat": {"mount": "/:room"}}})", "without parameters"},
      {R"({"gears": {"chat": {"mount": "/a/*rest"}}})", "without parameters"},
      {R"({"server": {"protocols": {"websocket": {"origins": "null"}}}})", "found \"null\""},
      {R"({"server": {"protocols": {"websocket": {"origins": "https://a:0"}}}})", "https://a:0"},
      {R"({"server": {"protocols": {"websocket": {"origins": "https://*.[::1]"}}}})", "*.[::1]"},
      {R"({"server": {"trustedProxies": "10.0.0.0/33"}})",
       "found \"10.0.0.0/33\"; accepted: a network"},
      {R"({"server": {"tls": {"minVersion": "1.1"}}})",
       "found \"1.1\"; accepted: \"1.2\" or \"1.3\""},
      {R"({"server": {"tls": []}})", "server.tls: found a list; accepted: an object, or a list"},
      {R"({"gears": {"chat": {"mount": "chat"}}})",
       "gears.chat.mount: found \"chat\"; accepted: a path"},
      {R"({"gears": {"chat": {"mount": "/chat/"}}})", "gears.chat.mount: found \"/chat/\""},
      {R"({"gears": {"caht": {}}})", "did you mean \"chat\"?"},
      {R"({"pools": {"acme": {}}})",
       "pools.acme: found the name \"acme\"; accepted: \"gear:NAME\""},
      {R"({"pools": {"gear:chta": {}}})", "did you mean \"gear:chat\"?"},
      {R"({"pools": {"tenant:a": {"gears": ["chta"]}}})",
       "pools.tenant:a.gears: found \"chta\"; accepted: the name of a gear: \"echo\", \"chat\" or "
       "\"realtime\", or a list of them; did you mean \"chat\"?"},
      {R"({"pools": {"tenant:a": {"max": 1}}})", "pools.tenant:a.max: found the unknown key"},
  };
  for (const auto& row : rows)
    EXPECT_THAT(faults_in(row.text), ElementsAre(HasSubstr(row.fault))) << row.text;
}

TEST(Load, PointsToTheKeyThatSomebodyPutIntoTheWrongSection) {
  EXPECT_THAT(faults_in(R"({"server": {"idleTimeout": 5000}})"),
              ElementsAre(HasSubstr("did you mean \"server.protocols.websocket.idleTimeout\"?")));
  EXPECT_THAT(faults_in(R"({"server": {"PORT": 5000}})"), ElementsAre(HasSubstr("mean \"port\"?")));
}

TEST(Load, SuggestsNothingWhereNothingIsNear) {
  EXPECT_THAT(faults_in(R"({"wholeOtherThing": 1})"),
              ElementsAre(testing::Not(HasSubstr("did you mean"))));
}

TEST(Load, RefusesAKeyThatStandsTwice) {
  EXPECT_THAT(faults_in("{\"server\": {\"port\": 1,\n\"port\": 2}}"),
              ElementsAre("orrery.json:2:1: server.port: found the key twice; accepted: once (it "
                          "stands in line 1 already)"));
  EXPECT_THAT(faults_in(R"({"pools": {"tenant:a": {}, "tenant:a": {}}})"),
              ElementsAre(HasSubstr("pools.tenant:a: found the name twice")));
  EXPECT_THAT(faults_in(R"({"server": {"maxHeadBytes": 1024,
                           "protocols": {"http": {"maxHeadBytes": 2048}}}})"),
              ElementsAre(HasSubstr("found a second value for server.maxHeadBytes")));
}

TEST(Load, OnlyMentionsUnknownKeysWhereThatIsAskedFor) {
  const Loaded loaded = load_text(R"({"unknownKeys": "warn", "server": {"prot": 1, "port": 80}})");
  EXPECT_TRUE(loaded.ok());
  EXPECT_THAT(texts_of(loaded.warnings),
              ElementsAre(HasSubstr("server.prot: found the unknown key")));
  EXPECT_EQ(loaded.tree.server.port, 80u);
  EXPECT_FALSE(load_text(R"({"unknownKeys": "warn", "server": {"port": "80"}})").ok());
}

TEST(Load, ReadsDurationsAndSizesInTheirUnits) {
  const struct {
    std::string_view text;
    std::int64_t milliseconds;
  } durations[] = {{"0", 0},
                   {"1000", 1'000},
                   {"1e3", 1'000},
                   {"\"1000ms\"", 1'000},
                   {"\"60s\"", 60'000},
                   {"\"5m\"", 300'000},
                   {"\"2h\"", 7'200'000},
                   {"\"1d\"", 86'400'000}};
  for (const auto& row : durations) {
    const Loaded loaded = load_text(websocket("\"idleTimeout\": " + std::string(row.text)));
    EXPECT_TRUE(loaded.ok()) << row.text;
    EXPECT_EQ(loaded.tree.server.protocols.websocket.idle_timeout.count(), row.milliseconds)
        << row.text;
  }
  const struct {
    std::string_view text;
    std::uint64_t bytes;
  } sizes[] = {{"1024", 1'024},
               {"\"64B\"", 64},
               {"\"64KB\"", 64'000},
               {"\"64kB\"", 64'000},
               {"\"64KiB\"", 65'536},
               {"\"1MB\"", 1'000'000},
               {"\"1MiB\"", 1'048'576},
               {"\"1GB\"", 1'000'000'000},
               {"\"1GiB\"", 1'073'741'824}};
  for (const auto& row : sizes) {
    const Loaded loaded = load_text(websocket("\"maxMessageSize\": " + std::string(row.text)));
    EXPECT_TRUE(loaded.ok()) << row.text;
    EXPECT_EQ(loaded.tree.server.protocols.websocket.max_message_size.count, row.bytes) << row.text;
  }
}

TEST(Load, TakesOneTextOrAListOfThem) {
  EXPECT_THAT(load_text(R"({"server": {"address": "unix:/run/o.sock"}})").tree.server.address,
              ElementsAre("unix:/run/o.sock"));
  EXPECT_THAT(
      load_text(R"({"server": {"address": ["0.0.0.0:80", "[::]:80"]}})").tree.server.address,
      ElementsAre("0.0.0.0:80", "[::]:80"));
}

TEST(Load, RefusesWhatOnlyAProgramCanListenOn) {
  EXPECT_THAT(faults_in(R"({"server": {"address": "fd:3"}})"),
              ElementsAre(HasSubstr("server.address: found \"fd:3\"")));
}

TEST(Load, KnowsOneCertificateOrSeveral) {
  const Loaded one = load_text(R"({"server": {"tls": {"certificate": "a", "key": "b"}}})");
  EXPECT_TRUE(one.tree.server.uses_tls());
  const Loaded two = load_text(
      R"({"server": {"tls": [{"certificate": "a", "key": "b"},{"certificate":"c","key":"d"}]}})");
  ASSERT_TRUE(two.ok());
  ASSERT_EQ(two.tree.server.tls.size(), 2u);
  EXPECT_EQ(two.tree.server.tls[1].key, "d");
  EXPECT_THAT(two.inactive, IsEmpty());
  EXPECT_THAT(faults_in(R"({"server": {"tls": [{"certificate": "a", "key": "b"}, {"key": "d"}]}})"),
              ElementsAre(HasSubstr("server.tls[1].certificate: found \"\"")));
}

TEST(Load, WhatCountsForAllCertificatesIsSaidWithTheFirst) {
  const auto second = [](const std::string& more) {
    return faults_in(R"({"server": {"tls": [{"certificate": "a", "key": "b", "clientCa": "ca"},
                     {"certificate": "c", "key": "d", )" +
                     more + "}]}}");
  };
  EXPECT_THAT(second(R"("clientCa": "ca")"), IsEmpty());
  EXPECT_THAT(
      second(R"("clientCa": "other")"),
      ElementsAre(HasSubstr("server.tls[1].clientCa: found \"other\"; accepted: nothing, or "
                            "\"ca\" as in server.tls[0]")));
  EXPECT_THAT(second(R"("minVersion": "1.3")"),
              ElementsAre(HasSubstr("server.tls[1].minVersion: found \"1.3\"")));
}

TEST(Load, ProxyHeadersNeedProxiesThatAreTrusted) {
  EXPECT_THAT(faults_in(R"({"server": {"proxyProtocol": "v1v2"}})"),
              ElementsAre(HasSubstr("server.proxyProtocol: found \"v1v2\" without "
                                    "server.trustedProxies")));
  const Loaded trusting =
      load_text(R"({"server": {"proxyProtocol": "v1v2", "trustedProxies": ["unix:"]}})");
  EXPECT_TRUE(trusting.ok());
  EXPECT_THAT(trusting.inactive, IsEmpty());
}

TEST(Load, MountsEchoAndChatUnlessTheFileSaysWhatToMount) {
  const auto listed = [](const Gears& gears) {
    return std::vector<bool>{gears.echo.listed, gears.chat.listed, gears.realtime.listed};
  };
  EXPECT_THAT(listed(load({}).tree.gears), ElementsAre(true, true, false));
  EXPECT_THAT(listed(load_text("{}").tree.gears), ElementsAre(true, true, false));
  EXPECT_THAT(listed(load_text(R"({"gears": {}})").tree.gears), ElementsAre(false, false, false));
  const Loaded chat = load_text(R"({"gears": {"chat": {"mount": "/talk"}}})");
  EXPECT_THAT(listed(chat.tree.gears), ElementsAre(false, true, false));
  EXPECT_EQ(chat.tree.gears.chat.mount, "/talk");
  EXPECT_THAT(listed(load_sets({"gears.echo.mount=/e"}).tree.gears),
              ElementsAre(true, true, false));
  EXPECT_THAT(listed(load_sets({"gears={}"}).tree.gears), ElementsAre(false, false, false));
  const Loaded realtime = load_text(R"({"gears": {"realtime": {}}})");
  EXPECT_THAT(listed(realtime.tree.gears), ElementsAre(false, false, true));
  EXPECT_THAT(realtime.inactive, ElementsAre("gears.realtime"));
}

TEST(Load, LetsTheEnvironmentOverrideTheFileAndSetOverrideBoth) {
  Sources sources;
  sources.file = File{"orrery.json", R"({"server": {"port": 1, "threads": 1, "io": "epoll"}})"};
  sources.environment = {
      {"ORRERY_SERVER__PORT", "2"}, {"ORRERY_SERVER__THREADS", "2"}, {"PATH", "/"}};
  sources.sets = {"server.port=3"};
  const Loaded loaded = load(sources);
  EXPECT_TRUE(loaded.ok());
  EXPECT_EQ(loaded.tree.server.port, 3u);
  EXPECT_EQ(loaded.tree.server.threads, 2u);
  EXPECT_EQ(loaded.tree.server.io, Io::epoll);
}

TEST(Load, ReadsWordsOfACommandLineAsTheKeyWantsThem) {
  const Loaded loaded = load_sets({
      "server.protocols.websocket.idleTimeout=60s",
      "server.protocols.websocket.compression=true",
      "server.protocols.websocket.origins=https://a.b,https://c.d",
      "server.address=[\"127.0.0.1\"]",
      "server.tls.certificate=/tmp/1.pem",
      "server.tls.key=12",
      "server.maxRequestSize=2MiB",
      "log.level=debug",
      "log.redact=",
      "pools.tenant:acme.maxConnections=5",
      "pools.gear:chat={\"workers\": 3}",
  });
  EXPECT_THAT(texts_of(loaded.errors), IsEmpty());
  const Server& server = loaded.tree.server;
  EXPECT_EQ(server.protocols.websocket.idle_timeout.count(), 60'000);
  EXPECT_TRUE(server.protocols.websocket.compression);
  EXPECT_THAT(server.protocols.websocket.origins, ElementsAre("https://a.b", "https://c.d"));
  EXPECT_THAT(server.address, ElementsAre("127.0.0.1"));
  EXPECT_EQ(server.tls.front().key, "12");
  EXPECT_EQ(server.max_request_size.count, 2u << 20);
  EXPECT_EQ(loaded.tree.log.level, LogLevel::debug);
  EXPECT_THAT(loaded.tree.log.redact, IsEmpty());
  EXPECT_EQ(loaded.tree.pools.at("tenant:acme").max_connections, 5u);
  EXPECT_EQ(loaded.tree.pools.at("gear:chat").workers, 3u);
}

TEST(Load, SaysWhichOptionOfTheCommandLineIsWrong) {
  EXPECT_THAT(
      texts_of(load_sets({"server.port=x", "server.prot=1", "x", "=1", "server.port.x=1",
                          "pools.acme.workers=1", "server={"})
                   .errors),
      ElementsAre(
          HasSubstr("--set server.port: server.port: found \"x\"; accepted: a whole number"),
          HasSubstr("--set x: found \"x\"; accepted: KEY=VALUE"),
          HasSubstr("found \"=1\"; accepted: KEY=VALUE"),
          HasSubstr("pools.acme: found the name \"acme\""),
          HasSubstr("--set server: server: found \"{\"; accepted: an object"),
          HasSubstr("--set server.prot: server.prot: found the unknown key"),
          HasSubstr("server.port.x: found the unknown key \"x\"; accepted: a value without keys")));
}

TEST(Load, ReadsVariablesWhateverTheirCase) {
  const Loaded loaded = load_variables({{"ORRERY_SERVER__PROTOCOLS__WEBSOCKET__IDLETIMEOUT", "5s"},
                                        {"ORRERY_server__Port", "81"},
                                        {"ORRERY_UNKNOWNKEYS", "warn"}});
  EXPECT_THAT(texts_of(loaded.errors), IsEmpty());
  EXPECT_EQ(loaded.tree.server.protocols.websocket.idle_timeout.count(), 5'000);
  EXPECT_EQ(loaded.tree.server.port, 81u);
  EXPECT_EQ(loaded.tree.unknown_keys, UnknownKeys::warn);
}

TEST(Load, FindsPoolsByTheNameThatAVariableCanHold) {
  Sources sources;
  sources.file = File{"orrery.json", R"({"pools": {"tenant:big-one": {}}})"};
  sources.environment = {{"ORRERY_POOLS__TENANT_BIG_ONE__WORKERS", "7"}};
  const Loaded loaded = load(sources);
  EXPECT_THAT(texts_of(loaded.errors), IsEmpty());
  EXPECT_EQ(loaded.tree.pools.at("tenant:big-one").workers, 7u);
}

// Container platforms set variables for a service called "orrery".
TEST(Load, LeavesVariablesAloneThatAreNoPaths) {
  EXPECT_TRUE(load_variables({{"ORRERY_PORT", "tcp://10.0.0.1:7512"},
                              {"ORRERY_SERVICE_HOST", "10.0.0.1"},
                              {"ORRERY_BINARY", "x"}})
                  .ok());
  EXPECT_THAT(texts_of(load_variables({{"ORRERY_SERVER__PROT", "1"}}).errors),
              ElementsAre(HasSubstr("ORRERY_SERVER__PROT: server.PROT: found the unknown key")));
}

TEST(Load, WarnsOfVariablesThatLookLikeAKey) {
  for (const auto* name : {"ORRERY_PORT", "ORRERY_SERVER_PORT", "ORRERY_server_port"})
    EXPECT_THAT(texts_of(load_variables({{name, "8080"}}).warnings),
                ElementsAre(std::string(name) +
                            ": this variable sets nothing; did you mean ORRERY_SERVER__PORT?"));
  EXPECT_THAT(texts_of(load_variables({{"ORRERY_PORT", "tcp://10.0.0.1:7512"},
                                       {"ORRERY_PORT_7512_TCP_ADDR", "10.0.0.1"},
                                       {"ORRERY_SERVICE_PORT", "7512"},
                                       {"ORRERY_BINARY", "x"}})
                           .warnings),
              IsEmpty());
}

TEST(Load, KnowsWhetherTheAdminListenerCanBeFound) {
  const auto known = [](std::string text, std::vector<std::string> sets = {}) {
    return load({File{"orrery.json", std::move(text)}, {}, std::move(sets)}).admin_known;
  };
  EXPECT_TRUE(known("{}"));
  EXPECT_TRUE(known(R"({"server": {"prot": 1}, "admin": {"port": 5}})"));
  EXPECT_FALSE(known(R"({"admin": {"prot": 5}})"));
  EXPECT_FALSE(known(R"({"admin": {"port": "x"}})"));
  EXPECT_FALSE(known("{"));
  EXPECT_TRUE(known("{", {"admin.port=5"}));
  EXPECT_FALSE(known("{}", {"admin.prot=5"}));
  EXPECT_FALSE(known("{}", {"server.prot=5"}));
}

TEST(Load, KnowsWhatKeysMustBeTogether) {
  const struct {
    std::string text, fault;
  } rows[] = {
      {R"({"server": {"protocols":{"http": {"enabled": false},"websocket": {"enabled": false}}}})",
       "1:67: server.protocols.websocket.enabled: found false here and at"},
      {R"({"server": {"tls": {"certificate": "a"}}})", "1:13: server.tls.key: found \"\""},
      {R"({"server": {"tls": {"key": "a"}}})", "server.tls.certificate: found \"\""},
      {R"({"admin": {"address": "0.0.0.0"}})", "1:12: admin.address: found \"0.0.0.0\" without"},
      {R"({"gears": {"echo": {"mount": "/x"}, "chat": {"mount": "/x"}}})",
       "gears.chat.mount: found \"/x\", where echo is mounted"},
      {R"({"pools": {"gear:chat": {"gears": ["echo"]}}})",
       "pools.gear:chat.gears: found gears for"},
      {R"({"gears": {"chat": {}}, "pools": {"gear:echo": {}}})",
       "1:35: pools.gear:echo: found the gear \"echo\", which is not listed under gears; accepted: "
       "chat"},
      {R"({"pools": {"gear:realtime": {}}})", "1:12: pools.gear:realtime: found the gear"},
      {R"({"gears": {"chat": {}}, "pools": {"tenant:a": {"gears": ["chat", "echo"]}}})",
       "1:48: pools.tenant:a.gears: found the gear \"echo\""},
      {R"({"gears": {}, "pools": {"gear:echo": {}}})", "accepted: none, as no gear is listed"},
  };
  for (const auto& row : rows)
    EXPECT_THAT(faults_in(row.text), ElementsAre(HasSubstr(row.fault))) << row.text;
  EXPECT_TRUE(load_text(R"({"admin": {"address": "0.0.0.0", "token": "x"}})").ok());
  EXPECT_TRUE(load_text(R"({"gears": {"echo": {"mount": "/x"}, "chat": {"mount": "/x",
                            "hosts": "a.b"}}})")
                  .ok());
}

TEST(Load, WarnsOfWhatIsAcceptedButUnwise) {
  const auto warnings_in = [](std::string text) { return texts_of(load_text(text).warnings); };
  EXPECT_THAT(warnings_in(websocket(R"("idleTimeout": 0)")),
              ElementsAre(HasSubstr("sockets of dead clients stay open forever")));
  EXPECT_THAT(warnings_in(websocket(R"("idleTimeout": 0, "heartbeat": 1000)")),
              ElementsAre(HasSubstr("deprecated")));
  EXPECT_THAT(warnings_in(websocket(R"("enabled": false)")), ElementsAre(HasSubstr("answer 404")));
  EXPECT_THAT(warnings_in(R"({"server": {"protocols": {"http": {"enabled": false}}}})"),
              ElementsAre(HasSubstr("get 426")));
  EXPECT_THAT(warnings_in(R"({"drain": {"spread": "1m"}})"), ElementsAre(HasSubstr("will be cut")));
  EXPECT_THAT(warnings_in(R"({"pools": {"tenant:a": {}}})"),
              ElementsAre("orrery.json:1:12: pools.tenant:a: no gear may use this pool: its gears "
                          "are not said"));
}

TEST(Load, NamesTheKeysThatWereSetAndDoNotActYet) {
  EXPECT_THAT(load_text(R"({"cluster": {"token": "x"}, "server": {"port": 1},
                            "pools": {"tenant:a": {"maxConnectionsInCluster": 1}}})")
                  .inactive,
              ElementsAre("cluster.token", "pools.tenant:a.maxConnectionsInCluster"));
  EXPECT_THAT(load_text(R"({"server": {"io": "io_uring"}, "pools": {"gear:chat": {"workers": 1}},
                            "admin": {"port": 0}, "drain": {"spread": 0}})")
                  .inactive,
              IsEmpty());
  EXPECT_THAT(load_text(websocket(R"("overflow": "latest_per_key", "mailboxCount": 5)")).inactive,
              IsEmpty());
}

TEST(Load, LetsMaxRequestSizeStandForMessagesWhereItIsTheOnlyOne) {
  const auto largest_message = [](std::string text) {
    return load_text(std::move(text)).tree.server.protocols.websocket.max_message_size.count;
  };
  EXPECT_EQ(largest_message("{}"), 1u << 20);
  EXPECT_EQ(largest_message(R"({"server": {"maxRequestSize": "2MB"}})"), 2'000'000u);
  EXPECT_EQ(largest_message(R"({"server": {"maxRequestSize": "2MB",
                                "protocols": {"websocket": {"maxMessageSize": 5}}}})"),
            5u);
}

TEST(Load, BoundsTheFile) {
  EXPECT_THAT(faults_in(std::string(max_file_bytes + 1, ' ')),
              ElementsAre("orrery.json: found 1048577 bytes; accepted: at most 1048576"));
}

TEST(FindFile, ReadsTheFileThatIsGivenOrSaysWhyNot) {
  const auto directory = std::filesystem::path(testing::TempDir()) / "orrery_find_file_test";
  std::filesystem::create_directories(directory);
  const std::string name = directory / "given.json";
  std::ofstream(name) << "{}";
  const auto found = find_file(name);
  ASSERT_TRUE(found.ok());
  EXPECT_EQ((*found)->name, name);
  EXPECT_EQ((*found)->text, "{}");
  EXPECT_THAT(find_file(name + ".no").error(), HasSubstr("No such file"));
  EXPECT_THAT(find_file(directory).error(), HasSubstr("is a directory"));
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace orrery::config
