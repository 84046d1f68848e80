#include "apps/orrery/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace orrery::app {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> faults_of(std::vector<std::string> sets) {
  config::Sources sources;
  sources.sets = std::move(sets);
  config::Loaded loaded = config::load(sources);
  for (const auto& error : loaded.errors) ADD_FAILURE() << error.text();
  std::vector<std::string> faults;
  for (const auto& error : looked_through(std::move(loaded)).errors) faults.push_back(error.text());
  return faults;
}

TEST(Check, NamesTheWholePathOfACertificateThatIsNotThere) {
  EXPECT_THAT(faults_of({"server.tls.certificate=not-here.pem", "server.tls.key=nor-here.pem"}),
              ElementsAre(testing::MatchesRegex(
                  ".*: server.tls: certificate /.*/not-here.pem: cannot be read: .*")));
  EXPECT_THAT(faults_of({"server.tls.certificate=not-here.pem", "server.tls.key=nor-here.pem",
                         "server.address=unix:/nowhere/o.sock"}),
              IsEmpty())
      << "nothing speaks TLS there";
}

TEST(Check, NoticesTwoListenersAtOnePlace) {
  const auto both = HasSubstr("accepted: a place of its own");
  EXPECT_THAT(faults_of({"server.port=7513"}), ElementsAre(both));
  EXPECT_THAT(faults_of({"server.port=7513", "server.address=localhost"}), ElementsAre(both));
  EXPECT_THAT(faults_of({"server.address=127.0.0.2,127.0.0.1:7513"}), ElementsAre(both));
  EXPECT_THAT(faults_of({"server.address=unix:/a", "admin.address=unix:/a", "admin.token=x"}),
              ElementsAre(both));
  EXPECT_THAT(faults_of({"server.port=7513", "server.address=[::]"}), ElementsAre(both));
  EXPECT_THAT(faults_of({"server.address=127.0.0.1:1,localhost:2,127.0.0.1:2,0.0.0.0:1"}),
              ElementsAre(HasSubstr("server.address: found 127.0.0.1:2, where localhost:2 listens "
                                    "already; accepted: each place once"),
                          HasSubstr("found 0.0.0.0:1, where 127.0.0.1:1 listens")));
  EXPECT_THAT(faults_of({}), IsEmpty());
  EXPECT_THAT(faults_of({"server.port=7513", "server.address=127.0.0.2"}), IsEmpty());
  EXPECT_THAT(faults_of({R"(server.address=["[::1]:1", "[0:0::1]:1"])"}),
              ElementsAre(HasSubstr("once")));
  EXPECT_THAT(faults_of({"server.address=0.0.0.0:1,[::1]:1"}), IsEmpty()) << "one IPv4, one IPv6";
  EXPECT_THAT(faults_of({"server.address=systemd:7512,0.0.0.0:7512"}), IsEmpty()) << "a name";
  EXPECT_THAT(faults_of({"server.port=0", "admin.port=0"}), IsEmpty());
  EXPECT_THAT(faults_of({"server.address=systemd", "admin.address=systemd", "admin.token=x"}),
              IsEmpty());
}

std::vector<std::string> warnings_of(const config::Sources& sources) {
  const config::Loaded loaded = looked_through(config::load(sources));
  for (const auto& error : loaded.errors) ADD_FAILURE() << error.text();
  std::vector<std::string> texts;
  for (const auto& warning : loaded.warnings) texts.push_back(warning.text());
  return texts;
}

TEST(Check, WarnsOfATokenThatCanBeGuessed) {
  const auto warnings = [](std::string token, std::string address) {
    config::Sources sources;
    sources.environment = {{"ORRERY_ADMIN__TOKEN", std::move(token)}};
    sources.sets = {"admin.address=" + address};
    return warnings_of(sources);
  };
  EXPECT_THAT(warnings("open sesame", "0.0.0.0"),
              ElementsAre(testing::AllOf(testing::StartsWith("ORRERY_ADMIN__TOKEN: admin.token: "),
                                         HasSubstr("a token of 11 bytes"),
                                         testing::Not(HasSubstr("sesame")))));
  EXPECT_THAT(warnings("open sesame, please", "0.0.0.0"), IsEmpty());
  EXPECT_THAT(warnings("open sesame", "127.0.0.1"), IsEmpty());
  EXPECT_THAT(warnings("", "127.0.0.1"), IsEmpty());
}

// A file with these permissions, for as long as its story.
class SecretFile {
 public:
  explicit SecretFile(std::filesystem::perms mode) {
    std::ofstream(path_) << text;
    std::filesystem::permissions(path_, mode);
  }
  ~SecretFile() { std::filesystem::remove(path_); }
  [[nodiscard]] std::vector<std::string> warnings() const {
    config::Sources sources;
    sources.file = config::File{path_, text};
    return warnings_of(sources);
  }

 private:
  static constexpr const char* text =
      R"({"admin": {"port": 0, "token": "a token that is long"}, "cluster": {"token": ""}})";
  const std::filesystem::path path_ =
      std::filesystem::path(testing::TempDir()) / "orrery_check_test.json";
};

TEST(Check, WarnsOfASecretThatOthersMayRead) {
  using std::filesystem::perms;
  EXPECT_THAT(SecretFile(perms{0600}).warnings(), IsEmpty());
  EXPECT_THAT(SecretFile(perms{0400}).warnings(), IsEmpty());
  for (const auto& [mode, digits] :
       {std::pair{0644, "0644"}, std::pair{0640, "0640"}, std::pair{0604, "0604"}})
    EXPECT_THAT(SecretFile(static_cast<perms>(mode)).warnings(),
                ElementsAre(testing::AllOf(HasSubstr(".json:1:23: admin.token: not its owner"),
                                           HasSubstr(digits), HasSubstr("ORRERY_ADMIN__TOKEN"))));
}

TEST(Check, LeavesFaultsOfTheKeysToThemselves) {
  config::Sources sources;
  sources.sets = {"server.port=x", "admin.port=7512"};
  EXPECT_EQ(looked_through(config::load(sources)).errors.size(), 1u);
}

TEST(Check, NoticesRoutesThatCantBe) {
  const auto faults = faults_of({R"(gears={"echo": {"hosts": ["a.example", "A.example"]}})"});
  ASSERT_THAT(faults, testing::Not(IsEmpty()));
  EXPECT_THAT(faults, testing::Each(HasSubstr("declared twice")));
}

TEST(Check, SaysWhatIsMissing) {
  EXPECT_THAT(faults_of({"server.address=[]"}),
              ElementsAre(testing::MatchesRegex("[^:]*: server.address: found no address.*")));
}

TEST(Check, SaysWhoWentOverTheFile) {
  config::Sources sources;
  sources.file = {"x.json", R"({"server": {"tls": {"certificate": "a", "key": "b"}}})"};
  sources.environment = {{"ORRERY_SERVER__TLS__CERTIFICATE", "/nowhere"}};
  const auto errors = looked_through(config::load(sources)).errors;
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_THAT(errors[0].text(), testing::StartsWith("ORRERY_SERVER__TLS__CERTIFICATE: server.tls"));
}

TEST(Check, SaysWhereInTheFile) {
  config::Sources sources;
  sources.file = {
      "x.json", "{\"admin\": {\"port\": 0},\n \"server\": {\"address\": [\"*:1\", \"[::1]:1\"]}}"};
  const auto errors = looked_through(config::load(sources)).errors;
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0].text(),
            "x.json:2:13: server.address: found [::1]:1, where *:1 listens already; accepted: each "
            "place once");
}

}  // namespace
}  // namespace orrery::app
