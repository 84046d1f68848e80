#include "apps/orrery/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace orrery::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> faults_of(std::vector<std::string> sets) {
  config::Sources sources;
  sources.sets = std::move(sets);
  const config::Loaded loaded = config::load(sources);
  for (const auto& error : loaded.errors) ADD_FAILURE() << error.text();
  return faults_beyond(loaded.tree);
}

TEST(Check, NamesTheWholePathOfACertificateThatIsNotThere) {
  EXPECT_THAT(faults_of({"server.tls.certificate=not-here.pem", "server.tls.key=nor-here.pem"}),
              ElementsAre(testing::MatchesRegex(
                  "server.tls: certificate /.*/not-here.pem: cannot be read: .*")));
  EXPECT_THAT(faults_of({"server.tls.certificate=not-here.pem", "server.tls.key=nor-here.pem",
                         "server.address=unix:/nowhere/o.sock"}),
              IsEmpty())
      << "nothing speaks TLS there";
}

TEST(Check, NoticesTwoListenersAtOnePlace) {
  const auto both = HasSubstr("such as another admin.port");
  EXPECT_THAT(faults_of({"server.port=7513"}), ElementsAre(both));
  EXPECT_THAT(faults_of({"server.port=7513", "server.address=localhost"}), ElementsAre(both));
  EXPECT_THAT(faults_of({"server.address=127.0.0.2,127.0.0.1:7513"}), ElementsAre(both));
  EXPECT_THAT(faults_of({"server.address=unix:/a", "admin.address=unix:/a", "admin.token=x"}),
              ElementsAre(both));
  EXPECT_THAT(faults_of({}), IsEmpty());
  EXPECT_THAT(faults_of({"server.port=7513", "server.address=127.0.0.2"}), IsEmpty());
  EXPECT_THAT(faults_of({"server.port=0", "admin.port=0"}), IsEmpty());
  EXPECT_THAT(faults_of({"server.address=systemd", "admin.address=systemd", "admin.token=x"}),
              IsEmpty());
}

TEST(Check, LeavesFaultsOfTheKeysToThemselves) {
  config::Sources sources;
  sources.sets = {"server.port=x"};
  std::ostringstream out, errors;
  EXPECT_EQ(check_configuration(config::load(sources), out, errors), cli::Exit::refused);
  EXPECT_EQ(out.str(), "");
  EXPECT_THAT(errors.str(), HasSubstr("server.port"));
}

}  // namespace
}  // namespace orrery::app
