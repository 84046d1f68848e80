#include "apps/orrery/passed_sockets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace orrery::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

PassedSockets passed(const PassedEnvironment& environment) {
  auto sockets = PassedSockets::of(environment, 7);
  EXPECT_TRUE(sockets);
  return std::move(*sockets);
}

// What put_sockets() makes of addresses without TLS; the admin listener's is the last.
std::vector<std::string> put(const std::vector<std::string>& addresses, const std::string& admin,
                             PassedSockets sockets) {
  Places wished{{}, admin};
  for (const auto& address : addresses) wished.listeners.push_back({address, std::nullopt});
  const auto places = put_sockets(wished, sockets);
  if (!places) return {places.error()};
  std::vector<std::string> all;
  for (const auto& [address, tls] : places->listeners) all.push_back(address);
  all.push_back(places->admin);
  return all;
}

TEST(PassedSockets, AreCountedFromThreeAndHaveNames) {
  auto sockets = passed({"7", "3", "web:admin:web"});
  EXPECT_THAT(sockets.left(), ElementsAre("web", "admin", "web"));
  EXPECT_THAT(*sockets.take("systemd:web", "server.address"), ElementsAre("fd:3", "fd:5"));
  EXPECT_THAT(sockets.left(), ElementsAre("admin"));
  EXPECT_THAT(*sockets.take("systemd", "server.address"), ElementsAre("fd:4"));
  EXPECT_THAT(sockets.left(), IsEmpty());
  EXPECT_FALSE(sockets.take("systemd", "server.address"));
}

TEST(PassedSockets, WithoutNamesAreUnknown) {
  EXPECT_THAT(passed({"7", "2", ""}).left(), ElementsAre("unknown", "unknown"));
}

TEST(PassedSockets, OfAnotherProcessAreNotOurs) {
  EXPECT_THAT(passed({}).left(), IsEmpty());
  EXPECT_THAT(passed({"8", "1", "web"}).left(), IsEmpty());
}

TEST(PassedSockets, AreNeverMany) {
  for (const char* count : {"", "many", "-1", "1001", "1x"}) {
    const auto sockets = PassedSockets::of({"7", count, ""}, 7);
    ASSERT_FALSE(sockets) << count;
    EXPECT_THAT(sockets.error(), HasSubstr("LISTEN_FDS: found \"" + std::string(count) + "\""));
  }
}

TEST(PassedSockets, GoWhereTheyAreNamedFirst) {
  const PassedEnvironment three{"7", "3", "web:admin:more"};
  EXPECT_THAT(put({"0.0.0.0:80", "systemd", "systemd:more"}, "systemd:admin", passed(three)),
              ElementsAre("0.0.0.0:80", "fd:3", "fd:5", "fd:4"));
  EXPECT_THAT(put({"0.0.0.0:80"}, "127.0.0.1:7513", passed(three)),
              ElementsAre("0.0.0.0:80", "127.0.0.1:7513"));
}

TEST(PassedSockets, ThatAreMissingAreTold) {
  EXPECT_THAT(put({"systemd"}, "127.0.0.1:7513", passed({})),
              ElementsAre(HasSubstr("server.address: found \"systemd\", but systemd passed no such "
                                    "socket; it passed none; start the socket unit")));
  EXPECT_THAT(put({"systemd:wob"}, "127.0.0.1:7513", passed({"7", "2", "web:more"})),
              ElementsAre(HasSubstr("it passed web, more")));
  EXPECT_THAT(put({"0.0.0.0:80"}, "systemd:a", passed({"7", "2", "a:a"})),
              ElementsAre(HasSubstr("admin.address: found \"systemd:a\", which are 2 sockets")));
}

}  // namespace
}  // namespace orrery::app
