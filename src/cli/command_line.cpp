#include "cli/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iterator>

#include "config/suggest.h"

namespace orrery::cli {
namespace {

constexpr std::string_view help = R"(Orrery: a WebSocket application server.

usage: orrery COMMAND [--config FILE] [--set KEY=VALUE]...

  serve                 runs the server; prints `listening URL` for each listener to stdout and its
                        log to stderr. SIGTERM drains it, SIGINT does so at once, a second signal
                        ends it
  drain                 tells the server that runs to say goodbye to its clients, and end
  status [--json]       says how the server that runs is doing
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

constexpr const char* command_names[] = {"serve",    "drain",   "status", "config",  "check",
                                         "defaults", "explain", "schema", "version", "--json",
                                         "--config", "--set",   "--help"};

// CLI11 names the words that it did not expect at the end of its sentence.
Misuse misuse(std::string why, const std::vector<std::string>& words) {
  std::string hint;
  for (const auto& word : words) {
    const auto near = config::nearest(word, {std::begin(command_names), std::end(command_names)});
    if (hint.empty() && near && word != *near && why.ends_with(word))
      hint = fmt::format("; did you mean {}?", *near);
  }
  return {fmt::format("orrery: {}{} (`orrery --help` shows the commands)", why, hint)};
}

// Every command takes the same two options, before or after its name.
void add_options(CLI::App& app, CommandLine& line) {
  app.add_option("--config", line.config_file);
  app.add_option("--set", line.sets)->allow_extra_args(false);
}

CLI::App& add_command(CLI::App& app, std::string name, Command command, CommandLine& line) {
  CLI::App* added = app.add_subcommand(std::move(name))->fallthrough();
  added->callback([&line, command] { line.command = command; });
  return *added;
}

}  // namespace

std::string_view help_text() {
  return help;
}

std::variant<CommandLine, Misuse> parse_command_line(std::vector<std::string> words) {
  CommandLine line;
  CLI::App app;
  app.require_subcommand(0, 1);
  add_options(app, line);
  add_command(app, "serve", Command::serve, line);
  add_command(app, "drain", Command::drain, line);
  add_command(app, "status", Command::status, line).add_flag_callback("--json", [&line] {
    line.form = Form::json;
  });
  add_command(app, "version", Command::version, line);
  CLI::App* config = app.add_subcommand("config")->fallthrough()->require_subcommand(0, 1);
  add_command(*config, "check", Command::config_check, line);
  add_command(*config, "defaults", Command::config_defaults, line);
  add_command(*config, "schema", Command::config_schema, line);
  add_command(*config, "explain", Command::config_explain, line)
      .add_option("key", line.key, "KEY")
      ->required();
  std::vector<std::string> reversed(words.rbegin(), words.rend());  // as CLI11 wants them
  try {
    app.parse(reversed);
  } catch (const CLI::CallForHelp&) {
    return CommandLine{};
  } catch (const CLI::ParseError& error) {
    return misuse(error.what(), words);
  }
  if (line.command != Command::help) return line;
  return misuse(config->parsed() ? "config what? check, defaults, explain KEY or schema"
                                 : "a command is missing",
                {});
}

}  // namespace orrery::cli
