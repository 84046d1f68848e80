#include "cli/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/config_commands.h"
#include "cli/help.h"

namespace orrery::cli {
namespace {

using namespace std::chrono_literals;
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
  EXPECT_EQ(understood({"drain"}).drain.until, DrainUntil::begun);
  const CommandLine drain = understood({"drain", "--wait", "--timeout", "2m"});
  EXPECT_EQ(drain.drain.until, DrainUntil::ended);
  EXPECT_EQ(drain.drain.timeout, std::chrono::milliseconds{120'000});
  EXPECT_EQ(understood({"drain", "--wait"}).drain.timeout, std::nullopt);
  EXPECT_EQ(understood({"reload"}).command, Command::reload);
  EXPECT_EQ(understood({"status"}).command, Command::status);
  EXPECT_EQ(understood({"status"}).form, Form::text);
  EXPECT_EQ(understood({"status", "--json", "--set", "admin.port=1"}).form, Form::json);
  EXPECT_EQ(understood({"kick", "0.17.3"}).command, Command::kick);
  EXPECT_EQ(understood({"kick", "0.17.3"}).session, "0.17.3");
  EXPECT_EQ(understood({"routes"}).command, Command::routes);
  EXPECT_EQ(understood({"doctor", "--set", "server.port=0"}).command, Command::doctor);
  const CommandLine gear = understood({"new-gear", "green_tea", "projects/tea"});
  EXPECT_EQ(gear.command, Command::new_gear);
  EXPECT_EQ(gear.name + " " + gear.folder, "green_tea projects/tea");
  EXPECT_EQ(understood({"new-gear", "tea"}).folder, "");
  const CommandLine explain = understood({"config", "explain", "server.port"});
  EXPECT_EQ(explain.command, Command::config_explain);
  EXPECT_EQ(explain.key, "server.port");
}

TEST(CommandLine, KnowsWhatConnectIsAsked) {
  const CommandLine line = understood({"connect", "wss://a.example/x", "--header", "A: b",
                                       "--header", "C: d", "--subprotocol", "feed.v1", "--binary",
                                       "--wait", "250ms", "--insecure", "--ca", "roots.pem"});
  EXPECT_EQ(line.command, Command::connect);
  const ConnectOptions& options = line.connect;
  EXPECT_EQ(options.client.url, "wss://a.example/x");
  EXPECT_THAT(options.client.headers, ElementsAre("A: b", "C: d"));
  EXPECT_THAT(options.client.subprotocols, ElementsAre("feed.v1"));
  EXPECT_EQ(options.opcode, websocket::Opcode::binary);
  EXPECT_EQ(options.wait.count(), 250);
  EXPECT_EQ(options.client.verify, net::TlsVerify::nothing);
  EXPECT_EQ(options.client.ca_file, "roots.pem");
  EXPECT_TRUE(options.compression);
  EXPECT_FALSE(understood({"connect", "ws://h/", "--no-compression"}).connect.compression);
}

TEST(CommandLine, KnowsWhatBenchIsAsked) {
  const BenchOptions plain = understood({"bench", "ws://h/echo"}).bench;
  EXPECT_EQ(plain.connections, 100u);
  EXPECT_EQ(plain.rate, 0);
  EXPECT_FALSE(plain.pid.has_value());
  const BenchOptions options =
      understood({"bench",     "ws://h/echo", "--mode",     "slow",  "--connections", "7",
                  "--depth",   "16",          "--size",     "16KiB", "--binary",      "--deflate",
                  "--rate",    "2.5",         "--duration", "1m",    "--warmup",      "0",
                  "--threads", "2",           "--pid",      "17",    "--read-rate",   "1KB",
                  "--json",    "--step",      "250us"})
          .bench;
  EXPECT_EQ(options.mode, BenchMode::echo);
  EXPECT_EQ(options.slow, 10u);
  EXPECT_EQ(options.connections, 7u);
  EXPECT_EQ(options.depth, 16u);
  EXPECT_EQ(options.size, 16'384u);
  EXPECT_EQ(options.opcode, websocket::Opcode::binary);
  EXPECT_TRUE(options.deflate && options.json);
  EXPECT_EQ(options.rate, 2.5);
  EXPECT_EQ(options.step, std::chrono::microseconds(250));
  EXPECT_FALSE(plain.step.has_value());
  EXPECT_EQ(understood({"bench", "ws://h", "--step", "0"}).bench.step, 0ms);
  EXPECT_EQ(options.duration.count(), 60'000);
  EXPECT_EQ(options.warmup.count(), 0);
  EXPECT_EQ(options.threads, 2u);
  EXPECT_EQ(options.pid, 17);
  EXPECT_EQ(options.read_rate, 1000u);
  EXPECT_EQ(understood({"bench", "ws://h", "--depth", "2", "--depth", "3"}).bench.depth, 3u)
      << "the last one counts";
}

TEST(CommandLine, SaysWhatFitsAnOption) {
  struct Row {
    std::vector<std::string> words;
    const char* advice;
  };
  const Row rows[] = {
      {{"connect"}, "URL"},
      {{"connect", "host:80"}, "must start with ws://"},
      {{"connect", "ws://h", "--header", "x"}, "--header \"Name: value\""},
      {{"connect", "ws://h", "--subprotocol", "a b"}, "no name of a subprotocol"},
      {{"connect", "ws://h", "--wait", "5"}, "500ms, 10s or 2m"},
      {{"connect", "ws://h", "--depth", "5"}, "--depth"},
      {{"drain", "--wait", "--timeout", "30"}, "500ms, 30s or 2m"},
      {{"drain", "--timeout", "30s"}, "--wait"},
      {{"bench", "ws://h", "--mode", "ecko"}, "echo, fan-out, connect, slow or idle"},
      {{"bench", "ws://h", "--connections", "0"}, "a whole number from 1 to"},
      {{"bench", "ws://h", "--connections", "many"}, "\"many\" does not fit"},
      {{"bench", "ws://h", "--size", "1GB"}, "such as 512 or 16KiB"},
      {{"bench", "ws://h", "--rate", "-1"}, "messages per second"},
      {{"bench", "ws://h", "--step", "101ms"}, "from 0 to 100ms"},
      {{"bench", "ws://h", "--step", "5"}, "such as 250us"},
      {{"bench", "ws://h", "--duration", "10"}, "500ms, 10s or 2m"},
      {{"bench", "ws://h", "--pid", "x"}, "pidof orrery"},
      {{"bench", "ws://h", "--text", "--binary"}, "excludes"},
      {{"bench", "ws://h", "ws://i"}, "ws://i"},
      {{"bench", "ws://h", "--connectoins", "5"}, "--connectoins"},
  };
  for (const auto& row : rows) EXPECT_THAT(misuse_of(row.words), HasSubstr(row.advice));
}

TEST(Bench, SaysWhatDoesNotGoTogetherOrDoesNotFitHere) {
  EXPECT_EQ(fault_in({.connections = 100}, 1024), "");
  EXPECT_THAT(fault_in({.connections = 1000}, 1024), HasSubstr("ulimit -n 1036"));
  EXPECT_THAT(fault_in({.connections = 1000}, 1024), HasSubstr("at most 988 fit"));
  EXPECT_THAT(fault_in({.mode = BenchMode::idle, .rate = 5}, 1024), HasSubstr("leave it out"));
  EXPECT_THAT(fault_in({.mode = BenchMode::connect, .slow = 5}, 1024), HasSubstr("leave it out"));
  EXPECT_THAT(fault_in({.step = 250us}, 1024), HasSubstr("give a --rate"));
  EXPECT_EQ(fault_in({.rate = 5, .step = 250us}, 1024), "");
  EXPECT_THAT(fault_in({.connections = 1, .threads = 2}, 1024), HasSubstr("--connections"));
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
  EXPECT_EQ(understood({"--help"}).about, "");
  EXPECT_EQ(understood({"bench", "--help"}).about, "bench");
  EXPECT_EQ(understood({"connect", "ws://h", "--help"}).about, "connect");
  EXPECT_EQ(understood({"serve", "--set", "server.port=0", "-h"}).about, "serve");
  EXPECT_EQ(understood({"config", "--help"}).about, "config");
  EXPECT_EQ(understood({"config", "explain", "--help"}).about, "config explain");
  EXPECT_EQ(understood({"new-gear", "--help"}).about, "new-gear");
  EXPECT_EQ(understood({"kick", "--help"}).about, "kick");
}

TEST(CommandLine, SaysWhatToDoWhenItDoesNotUnderstand) {
  EXPECT_THAT(misuse_of({}), HasSubstr("a command is missing (`orrery --help`"));
  EXPECT_THAT(misuse_of({"sevre"}), HasSubstr("sevre; did you mean serve?"));
  EXPECT_THAT(misuse_of({"serve", "--confgi", "x"}), HasSubstr("--confgi"));
  EXPECT_THAT(misuse_of({"drian"}), HasSubstr("did you mean drain?"));
  EXPECT_THAT(misuse_of({"drain", "--json"}), HasSubstr("--json"));
  EXPECT_THAT(misuse_of({"serve", "twice"}), HasSubstr("twice"));
  EXPECT_THAT(misuse_of({"serve", "--config"}), HasSubstr("--config"));
  EXPECT_THAT(misuse_of({"new-gear"}), HasSubstr("name"));
  EXPECT_THAT(misuse_of({"new-gaer"}), HasSubstr("did you mean new-gear?"));
  EXPECT_THAT(misuse_of({"config"}), HasSubstr("config what?"));
  EXPECT_THAT(misuse_of({"config", "chekc"}), HasSubstr("did you mean check?"));
  EXPECT_THAT(misuse_of({"config", "explain"}), HasSubstr("key"));
}

TEST(CommandLine, KnowsWhichKeyAnOptionMeans) {
  EXPECT_THAT(misuse_of({"serve", "--port", "8080"}),
              HasSubstr("; did you mean --set server.port=8080?"));
  EXPECT_THAT(misuse_of({"serve", "--admin-port=1"}), HasSubstr("--set admin.port=1?"));
  EXPECT_THAT(misuse_of({"serve", "--server.threads"}), HasSubstr("--set server.threads=VALUE?"));
}

TEST(CommandLine, TellsTheVersionAsAnOptionToo) {
  EXPECT_EQ(understood({"--version"}).command, Command::version);
  EXPECT_EQ(understood({"version"}).command, Command::version);
}

TEST(CommandLine, HasAPageForEveryCommand) {
  EXPECT_THAT(help_text("connect"), HasSubstr("--subprotocol NAME"));
  EXPECT_THAT(help_text("bench"), HasSubstr("--connections N"));
  EXPECT_THAT(help_text("drain"), HasSubstr("--timeout TIME"));
  for (const auto about : help_pages()) {
    const std::string page = help_text(about);
    const std::string name(about);
    EXPECT_TRUE(page.starts_with("usage: orrery " + name)) << page;
    EXPECT_THAT(page, HasSubstr("\nExit status: 0"));
    EXPECT_THAT(page,
                HasSubstr("\nExample: orrery " + (name == "config" ? "config defaults" : name)));
    std::istringstream lines{page};
    int count = 0;
    for (std::string line; std::getline(lines, line); ++count) EXPECT_LE(line.size(), 100u) << line;
    EXPECT_LE(count, 36) << name;
  }
  EXPECT_EQ(help_text("nothing"), help_text());
}

TEST(CommandLine, HelpFitsAScreenAndNamesEveryCommand) {
  std::istringstream lines{help_text()};
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count) EXPECT_LE(line.size(), 100u) << line;
  EXPECT_LE(count, 30);
  for (const auto* word :
       {"serve", "drain [--wait]", "reload", "status [--json]", "kick ID", "routes", "doctor",
        "new-gear NAME", "config check", "config defaults", "config explain KEY", "config schema",
        "version", "--config", "--set", "Exit status"})
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
  EXPECT_EQ(explain_key("server.port", {}, out, errors), Exit::ok);
  EXPECT_THAT(out.str(), HasSubstr("ORRERY_SERVER__PORT"));
  EXPECT_THAT(out.str(), HasSubstr("in force:    the default\n"));
  EXPECT_EQ(explain_key("server.prot", {}, out, errors), Exit::refused);
  EXPECT_THAT(errors.str(), HasSubstr("did you mean \"server.port\"?"));
}

}  // namespace
}  // namespace orrery::cli
