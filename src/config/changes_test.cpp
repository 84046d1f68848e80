#include "config/changes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/describe.h"
#include "config/load.h"

namespace orrery::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Tree tree_of(std::vector<std::string> sets) {
  Sources sources;
  sources.sets = std::move(sets);
  Loaded loaded = load(sources);
  for (const auto& error : loaded.errors) ADD_FAILURE() << error.text();
  return std::move(loaded.tree);
}

TEST(Changes, AreTheKeysWhoseValuesDiffer) {
  const Tree before = tree_of({"server.port=1", "pools.tenant:acme.maxConnections=5"});
  EXPECT_THAT(changes(before, before), IsEmpty());
  EXPECT_THAT(changes(before, tree_of({"server.port=2", "pools.tenant:acme.maxConnections=6",
                                       "server.protocols.websocket.origins=https://a.b"})),
              ElementsAre("server.port", "server.protocols.websocket.origins",
                          "pools.tenant:acme.maxConnections"));
}

TEST(Changes, NameWhatCameAndWhatWent) {
  const Tree none = tree_of({}), one = tree_of({"pools.tenant:acme.workers=3"});
  EXPECT_THAT(changes(none, one), ElementsAre("pools.tenant:acme"));
  EXPECT_THAT(changes(one, none), ElementsAre("pools.tenant:acme"));
}

TEST(Changes, LeaveOutWhatDoesNotActYet) {
  EXPECT_THAT(
      changes(tree_of({}), tree_of({"pools.gear:echo.maxConnections=5",
                                    "server.protocols.websocket.realtimeNotifications=false",
                                    "cluster.leaseTime=6000"})),
      ElementsAre("pools.gear:echo"));
}

TEST(Changes, ActAtOnceOrNeedARestart) {
  for (const char* key : {"log.level", "server.protocols.websocket.idleTimeout", "drain.spread",
                          "pools.tenant:acme.maxConnections", "server.trustedProxies",
                          "server.maxRequestSize", "server.protocols.websocket.handshakeTimeout"}) {
    EXPECT_TRUE(acts_at_once(key)) << key;
  }
  for (const char* key :
       {"log.format", "server.port", "server.threads", "admin.token", "gears.chat",
        "server.tls.certificate", "server.protocols.websocket.enabled"}) {
    EXPECT_FALSE(acts_at_once(key)) << key;
  }
}

}  // namespace
}  // namespace orrery::config
