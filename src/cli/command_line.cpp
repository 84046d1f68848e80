#include "cli/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

namespace orrery::cli {
namespace {

constexpr std::string_view help = R"(Orrery: a WebSocket application server.

usage: orrery COMMAND [--config FILE] [--set KEY=VALUE]...

  serve                 runs the server until SIGINT or SIGTERM; prints `listening URL` for each
                        listener to stdout and its log to stderr; a second signal ends it at once
  config check          says everything that is wrong with the configuration
  config defaults       prints a configuration file with every key, explained
  config explain KEY    says what a key means and accepts
  config schema         prints the JSON schema of the file, for editors
  version               prints the version

  --config FILE         the configuration; else ./orrery.json, else /etc/orrery/orrery.json
  --set KEY=VALUE       sets one key, over file and environment: --set server.port=8080
  --help                prints this

Environment: ORRERY_SERVER__PORT=8080 sets server.port, over the file.
Exit status: 0 all is well; 1 it failed while running; 2 the command or the configuration is wrong.
)";

// Every command takes the same two options, before or after its name.
void add_options(CLI::App& app, CommandLine& line) {
  app.add_option("--config", line.config_file);
  app.add_option("--set", line.sets)->allow_extra_args(false);
}

void add_command(CLI::App& app, std::string name, Command command, CommandLine& line) {
  app.add_subcommand(std::move(name))->fallthrough()->callback([&line, command] {
    line.command = command;
  });
}

}  // namespace

std::string_view help_text() {
  return help;
}

std::variant<CommandLine, Misuse> parse_command_line(std::vector<std::string> words) {
  CommandLine line;
  CLI::App app;
  app.require_subcommand(1);
  add_options(app, line);
  add_command(app, "serve", Command::serve, line);
  add_command(app, "version", Command::version, line);
  CLI::App* config = app.add_subcommand("config")->fallthrough()->require_subcommand(1);
  add_command(*config, "check", Command::config_check, line);
  add_command(*config, "defaults", Command::config_defaults, line);
  add_command(*config, "schema", Command::config_schema, line);
  config->add_subcommand("explain")
      ->fallthrough()
      ->callback([&line] { line.command = Command::config_explain; })
      ->add_option("key", line.key)
      ->required();
  std::reverse(words.begin(), words.end());  // CLI11 takes them from the end
  try {
    app.parse(std::move(words));
  } catch (const CLI::CallForHelp&) {
    return CommandLine{};
  } catch (const CLI::ParseError& error) {
    return Misuse{fmt::format("orrery: {}; `orrery --help` shows the commands", error.what())};
  }
  return line;
}

}  // namespace orrery::cli
