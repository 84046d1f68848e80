#include "config/describe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "config/load.h"
#include "config/suggest.h"

namespace orrery::config {
namespace {

using testing::HasSubstr;

const std::filesystem::path repository =
    std::filesystem::path(__FILE__).parent_path().parent_path().parent_path();

// A file of the repository that is made from the tables. With ORRERY_WRITE_GENERATED set, this test
// writes it; commit what it wrote.
void expect_generated(const std::filesystem::path& file, const std::string& text) {
  if (std::getenv("ORRERY_WRITE_GENERATED") != nullptr) std::ofstream(repository / file) << text;
  std::ifstream stream(repository / file);
  std::stringstream content;
  content << stream.rdbuf();
  EXPECT_EQ(content.str(), text) << file << " is out of date: run config_test with "
                                 << "ORRERY_WRITE_GENERATED=1";
}

TEST(Describe, TheExampleHasEveryKeyWithItsExplanation) {
  expect_generated("apps/orrery/orrery.example.json", defaults_text());
}

TEST(Describe, TheLimitsPageIsUpToDate) {
  expect_generated("docs/limits.md", limits_page());
}

// What each key's slot holds, as text; tables and lists by their first entry.
void collect_values(const Keys& keys, std::vector<std::string>& values) {
  for (const Key& key : keys) {
    values.push_back(std::string(key.name) + "=" + value_text(key.slot));
    if (const auto* section = std::get_if<Section>(&key.slot))
      collect_values(section->keys, values);
    if (const auto* list = std::get_if<SectionList>(&key.slot)) collect_values(list->at(0), values);
  }
}

TEST(Describe, TheDefaultsAreAFileThatChangesNothing) {
  Sources sources;
  sources.file = File{"defaults", defaults_text()};
  Loaded loaded = load(sources);
  for (const auto& error : loaded.errors) ADD_FAILURE() << error.text();
  for (const auto& warning : loaded.warnings) ADD_FAILURE() << warning.text();
  Tree defaults;
  std::vector<std::string> expected, got;
  collect_values(keys_of(defaults), expected);
  collect_values(keys_of(loaded.tree), got);
  EXPECT_GT(expected.size(), 80u);
  EXPECT_EQ(got, expected);
  EXPECT_EQ(loaded.tree.server.tls.size(), 1u);
  EXPECT_TRUE(loaded.tree.gears.echo.listed);
  EXPECT_FALSE(loaded.tree.gears.realtime.listed);
}

// What stands in comments is a sample that can be used as it is.
TEST(Describe, TheCommentedKeysCanBeUncommented) {
  std::istringstream lines(defaults_text());
  std::string text;
  for (std::string line; std::getline(lines, line);) {
    const auto comment = line.find("// ");
    const bool is_key =
        comment != line.npos && line.find_first_not_of(' ') == comment &&
        line.find_first_of("\"}", comment) != line.npos &&
        (line.ends_with(",") || line.ends_with("{")) &&
        line.find_first_not_of(' ', comment + 3) == line.find_first_of("\"}", comment);
    text += (is_key ? line.erase(comment, 3) : line) + "\n";
  }
  Sources sources;
  sources.file = File{"defaults", text};
  const Loaded loaded = load(sources);
  for (const auto& error : loaded.errors) ADD_FAILURE() << error.text();
  EXPECT_TRUE(loaded.tree.gears.realtime.listed);
  EXPECT_EQ(loaded.tree.pools.count("tenant:NAME"), 1u);
}

TEST(Describe, ExplainsEveryKey) {
  Tree defaults;
  for (const auto& path : paths_of(keys_of(defaults))) {
    const auto text = explain(path);
    ASSERT_TRUE(text.ok()) << path << ": " << text.error();
    EXPECT_THAT(*text, HasSubstr("\n  ")) << path;
  }
}

TEST(Describe, ExplainsOneKeyInFull) {
  EXPECT_EQ(*explain("server.protocols.websocket.rateLimit"),
            "server.protocols.websocket.rateLimit\n"
            "  Messages per second that one session may send. rateLimitPolicy says what happens to "
            "more. 0: any\n"
            "  number.\n"
            "  accepted:    a whole number from 0 to 1000000\n"
            "  default:     0\n"
            "  environment: ORRERY_SERVER__PROTOCOLS__WEBSOCKET__RATELIMIT\n"
            "  option:      --set server.protocols.websocket.rateLimit=...\n");
  EXPECT_THAT(*explain("cluster.leaseTime"), HasSubstr("does not act in this release"));
  EXPECT_THAT(*explain("server.protocols.http.bodyTimeout"),
              HasSubstr("second name of server.bodyTimeout"));
  EXPECT_THAT(*explain("pools.tenant:acme.workers"), HasSubstr("Threads for blocking handlers"));
  EXPECT_THAT(*explain("drain"), HasSubstr("reconnectSpread"));
  for (const auto* acts :
       {"admin.port", "drain", "server.callbackBudget", "pools.gear:chat.workers",
        "server.protocols.websocket.maxSessionsPerIp"})
    EXPECT_THAT(*explain(acts), testing::Not(HasSubstr("does not act"))) << acts;
}

// What follows "in force:" for a key, with this file and these options.
std::string in_force_of(std::string_view key, std::string file,
                        std::vector<std::string> sets = {}) {
  Sources sources;
  sources.file = File{"orrery.json", std::move(file)};
  sources.environment = {{"ORRERY_ADMIN__PORT", "7600"}};
  sources.sets = std::move(sets);
  const Loaded loaded = load(sources);
  const std::string text = *explain(key, &loaded);
  const auto at = text.find("in force:");
  if (at == text.npos) return "nothing in force";
  const auto begin = text.find_first_not_of(' ', at + 9);
  return text.substr(begin, text.find('\n', begin) - begin);
}

TEST(Explain, TellsWhatIsInForceAndWhereItWasSet) {
  const std::string file = R"({"server": {"port": 8080, "maxRequestSize": "2MB", "bodyTimeout": 7,
  "tls": [{"certificate": "a", "key": "b"}, {"certificate": "c", "key": "d"}]},
  "pools": {"tenant:acme": {"gears": ["chat"], "workers": 7}}, "admin": {"token": "s3cret"}})";
  EXPECT_EQ(in_force_of("server.port", file), "8080 (orrery.json:1:13)");
  EXPECT_EQ(in_force_of("server.port", file, {"server.port=9"}), "9 (--set server.port)");
  EXPECT_EQ(in_force_of("admin.port", file), "7600 (ORRERY_ADMIN__PORT)");
  EXPECT_EQ(in_force_of("server.threads", file), "the default");
  EXPECT_EQ(in_force_of("maxMessageSize", file),
            "\"2MB\" (orrery.json:1:27, by server.maxRequestSize)");
  EXPECT_EQ(in_force_of("server.protocols.http.bodyTimeout", file), "7 (orrery.json:1:52)");
  EXPECT_EQ(in_force_of("server.tls.certificate", file), "\"a\" (orrery.json:2:12)");
  EXPECT_EQ(in_force_of("pools.tenant:acme.workers", file), "7 (orrery.json:3:48)");
  EXPECT_EQ(in_force_of("pools.tenant:other.workers", file), "the default");
  EXPECT_EQ(in_force_of("admin.token", file), "a secret, not shown (orrery.json:3:74)");
  EXPECT_EQ(in_force_of("admin", file), "7600 (ORRERY_ADMIN__PORT)") << "the first of its keys";
  EXPECT_THAT(in_force_of("server.port", "{\"server\": 1}"), HasSubstr("has mistakes"));
}

TEST(Describe, FindsAKeyByItsLastNameOrSaysWhatIsNear) {
  EXPECT_THAT(*explain("idletimeout"), HasSubstr("server.protocols.websocket.idleTimeout\n"));
  EXPECT_THAT(explain("server.prot").error(), HasSubstr("did you mean \"server.port\"?"));
  EXPECT_THAT(explain("idelTimeout").error(), HasSubstr("idleTimeout"));
  EXPECT_THAT(explain("pools.acme.workers").error(), HasSubstr("there is no key"));
  EXPECT_THAT(explain("").error(), HasSubstr("there is no key \"\""));
  EXPECT_THAT(explain("server.port.x").error(), HasSubstr("there is no key"));
}

TEST(Describe, TheSchemaIsJsonAndKnowsTheRanges) {
  const auto schema = boost::json::parse(schema_text());
  const auto& idle = schema.at_pointer(
      "/properties/server/properties/protocols/properties/websocket/properties/idleTimeout");
  EXPECT_EQ(idle.at_pointer("/anyOf/0/anyOf/0/const"), 0);
  EXPECT_EQ(idle.at_pointer("/anyOf/0/anyOf/1/minimum"), 1'000);
  EXPECT_EQ(idle.at_pointer("/default"), 60'000);
  EXPECT_EQ(schema.at_pointer("/additionalProperties"), false);
  EXPECT_EQ(schema.at_pointer("/properties/log/properties/level/enum/3"), "error");
  EXPECT_EQ(schema.at_pointer("/properties/server/properties/tls/anyOf/1/items/type"), "object");
}

TEST(Suggest, CountsEdits) {
  EXPECT_EQ(edits_between("port", "port"), 0u);
  EXPECT_EQ(edits_between("PORT", "port"), 0u);
  EXPECT_EQ(edits_between("prot", "port"), 1u);
  EXPECT_EQ(edits_between("por", "port"), 1u);
  EXPECT_EQ(edits_between("ports", "port"), 1u);
  EXPECT_EQ(edits_between("", "port"), 4u);
  EXPECT_EQ(edits_between("kitten", "sitting"), 3u);
}

}  // namespace
}  // namespace orrery::config
