#include "cli/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/config_commands.h"

namespace orrery::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

CommandLine understood(std::vector<std::string> words) {
  auto parsed = parse_command_line(std::move(words));
  if (const auto* misuse = std::get_if<Misuse>(&parsed)) {
    ADD_FAILURE() << misuse->text;
    return {};
  }
  return std::get<CommandLine>(parsed);
}

std::string misuse_of(std::vector<std::string> words) {
  const auto parsed = parse_command_line(std::move(words));
  const auto* misuse = std::get_if<Misuse>(&parsed);
  return misuse ? misuse->text : "understood";
}

TEST(CommandLine, KnowsItsCommands) {
  EXPECT_EQ(understood({"serve"}).command, Command::serve);
  EXPECT_EQ(understood({"version"}).command, Command::version);
  EXPECT_EQ(understood({"config", "check"}).command, Command::config_check);
  EXPECT_EQ(understood({"config", "defaults"}).command, Command::config_defaults);
  EXPECT_EQ(understood({"config", "schema"}).command, Command::config_schema);
  EXPECT_EQ(understood({"drain"}).command, Command::drain);
  EXPECT_EQ(understood({"status"}).command, Command::status);
  EXPECT_EQ(understood({"status"}).form, Form::text);
  EXPECT_EQ(understood({"status", "--json", "--set", "admin.port=1"}).form, Form::json);
  const CommandLine explain = understood({"config", "explain", "server.port"});
  EXPECT_EQ(explain.command, Command::config_explain);
  EXPECT_EQ(explain.key, "server.port");
}

TEST(CommandLine, TakesOptionsBeforeAndAfterTheCommand) {
  const CommandLine after = understood(
      {"serve", "--config", "a.json", "--set", "server.port=0", "--set=server.tls.key=[x,y]"});
  EXPECT_EQ(after.config_file, "a.json");
  EXPECT_THAT(after.sets, ElementsAre("server.port=0", "server.tls.key=[x,y]"));
  const CommandLine before =
      understood({"--set", "a=1", "config", "--set", "b=2", "check", "--set", "c=3"});
  EXPECT_EQ(before.command, Command::config_check);
  EXPECT_THAT(before.sets, ElementsAre("a=1", "b=2", "c=3"));
  EXPECT_FALSE(before.config_file.has_value());
}

TEST(CommandLine, ShowsItsHelpFromEverywhere) {
  EXPECT_EQ(understood({"--help"}).command, Command::help);
  EXPECT_EQ(understood({"-h"}).command, Command::help);
  EXPECT_EQ(understood({"serve", "--help"}).command, Command::help);
  EXPECT_EQ(understood({"config", "--help"}).command, Command::help);
}

TEST(CommandLine, SaysWhatToDoWhenItDoesNotUnderstand) {
  EXPECT_THAT(misuse_of({}), HasSubstr("a command is missing (`orrery --help`"));
  EXPECT_THAT(misuse_of({"sevre"}), HasSubstr("sevre; did you mean serve?"));
  EXPECT_THAT(misuse_of({"serve", "--confgi", "x"}), HasSubstr("--confgi"));
  EXPECT_THAT(misuse_of({"drian"}), HasSubstr("did you mean drain?"));
  EXPECT_THAT(misuse_of({"drain", "--json"}), HasSubstr("--json"));
  EXPECT_THAT(misuse_of({"serve", "twice"}), HasSubstr("twice"));
  EXPECT_THAT(misuse_of({"serve", "--config"}), HasSubstr("--config"));
  EXPECT_THAT(misuse_of({"config"}), HasSubstr("config what?"));
  EXPECT_THAT(misuse_of({"config", "chekc"}), HasSubstr("did you mean check?"));
  EXPECT_THAT(misuse_of({"config", "explain"}), HasSubstr("key"));
}

TEST(CommandLine, HelpFitsAScreenAndNamesEveryCommand) {
  std::istringstream lines{std::string(help_text())};
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) EXPECT_LE(line.size(), 100u) << line;
  EXPECT_LE(count, 24);
  for (const auto* word :
       {"serve", "drain", "status [--json]", "config check", "config defaults",
        "config explain KEY", "config schema", "version", "--config", "--set", "Exit status"})
    EXPECT_THAT(help_text(), HasSubstr(word));
}

// A configuration file that lives as long as its story.
class ConfigFile {
 public:
  explicit ConfigFile(std::string_view text)
      : path_(std::filesystem::path(testing::TempDir()) / "orrery_cli_test.json") {
    std::ofstream(path_) << text;
  }
  ~ConfigFile() { std::filesystem::remove(path_); }
  [[nodiscard]] std::string name() const { return path_; }

 private:
  std::filesystem::path path_;
};

struct Said {
  Exit exit;
  std::string out, errors;
};

Said check(const CommandLine& line) {
  std::ostringstream out, errors;
  const Exit exit = check_configuration(load_configuration(line), out, errors);
  return {exit, out.str(), errors.str()};
}

TEST(ConfigCheck, SaysThatAllIsWell) {
  const ConfigFile file(R"({"server": {"port": 0}, "cluster": {"token": "x"}})");
  const Said said = check({.config_file = file.name()});
  EXPECT_EQ(said.exit, Exit::ok);
  EXPECT_EQ(
      said.out,
      "cluster.token is accepted, but does not act in this release\nthe configuration is fine\n");
  EXPECT_EQ(said.errors, "");
}

TEST(ConfigCheck, TellsFaultsAndWarningsWithTheirPlace) {
  const ConfigFile file(
      "{\"server\": {\n\"protocols\": {\"websocket\": {\"heartbeat\": 5}}, \"prot\": 1}}");
  const Said said = check({.config_file = file.name(), .sets = {"x"}});
  EXPECT_EQ(said.exit, Exit::refused);
  EXPECT_EQ(said.out, "");
  EXPECT_THAT(said.errors, HasSubstr(file.name() + ":2:47: server.prot: found the unknown key"));
  EXPECT_THAT(said.errors,
              HasSubstr(file.name() + ":2:29: server.protocols.websocket.heartbeat: warning:"));
  EXPECT_THAT(said.errors, HasSubstr("--set x: found"));
}

TEST(ConfigCheck, RefusesAFileThatIsNotThere) {
  const Said said = check({.config_file = "/nowhere/orrery.json"});
  EXPECT_EQ(said.exit, Exit::refused);
  EXPECT_EQ(said.errors, "/nowhere/orrery.json: No such file or directory\n");
}

TEST(ConfigExplain, ExplainsOrSaysWhatIsNear) {
  std::ostringstream out, errors;
  EXPECT_EQ(explain_key("server.port", out, errors), Exit::ok);
  EXPECT_THAT(out.str(), HasSubstr("ORRERY_SERVER__PORT"));
  EXPECT_EQ(explain_key("server.prot", out, errors), Exit::refused);
  EXPECT_THAT(errors.str(), HasSubstr("did you mean \"server.port\"?"));
}

}  // namespace
}  // namespace orrery::cli
