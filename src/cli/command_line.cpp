#include "cli/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iterator>

#include "config/suggest.h"

namespace orrery::cli {
namespace {

constexpr std::string_view help = R"(Orrery: a WebSocket application server.

usage: orrery COMMAND [--config FILE] [--set KEY=VALUE]...

  serve                 runs the server: `listening URL` per listener to stdout, its log to stderr;
                        SIGTERM drains it, SIGINT does so at once, a second signal ends it
  drain                 tells the server that runs to say goodbye to its clients, and end
  reload                lets the server that runs read its configuration and certificates again
  status [--json]       says how the server that runs is doing
  kick ID               closes one session (4002); the dashboard and /api/sessions tell its ID
  connect URL           talks to a WebSocket: lines in, frames out (connect --help)
  bench URL             loads a server and says how it does (bench --help)
  routes                says what is served where, and with which limits
  doctor                says whether this machine can carry the server, and how to mend it
  new-gear NAME [DIR]   writes a project for a gear of your own, in ./NAME
  config check          says everything that is wrong with the configuration
  config defaults       prints a configuration file with every key, explained
  config explain KEY    says what a key means and accepts
  config schema         prints the JSON schema of the file, for editors
  version               prints the version

  --config FILE         the configuration; else ./orrery.json, else /etc/orrery/orrery.json
  --set KEY=VALUE       sets one key, over the environment (ORRERY_SERVER__PORT=8080) and the file
  --help, --version     prints this, or the version

Exit status: 0 all is well; 2 the command or the configuration is wrong; 1 it failed, which means of
  serve                 it could not start, a second signal ended it, or a callback did not return
  drain, reload ...     no server answered, or it refused; drain returns at once, before the end
  doctor                a check says fail
  connect, bench        no session, or it broke without a goodbye
)";

constexpr const char* command_names[] = {"routes",      "doctor",    "new-gear",
                                         "serve",       "drain",     "reload",
                                         "status",      "connect",   "bench",
                                         "config",      "check",     "defaults",
                                         "explain",     "schema",    "version",
                                         "--json",      "--config",  "--set",
                                         "--help",      "--header",  "--subprotocol",
                                         "--binary",    "--wait",    "--insecure",
                                         "--ca",        "--mode",    "--connections",
                                         "--depth",     "--size",    "--text",
                                         "--deflate",   "--rate",    "--duration",
                                         "--warmup",    "--threads", "--slow",
                                         "--read-rate", "--pid",     "--no-compression",
                                         "kick"};

// "--port 8080" of somebody who means "--set server.port=8080".
std::string key_hint(const std::string& why, const std::vector<std::string>& words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string name = words[i].substr(0, words[i].find('='));
    const bool known = std::ranges::find(command_names, name) != std::end(command_names);
    if (known || !name.starts_with("--") || why.find(name) == why.npos) continue;
    const auto key = config::key_meant_by(name);
    if (!key) continue;
    std::string value = "VALUE";
    if (name.size() < words[i].size())
      value = words[i].substr(name.size() + 1);
    else if (i + 1 < words.size() && !words[i + 1].starts_with("-"))
      value = words[i + 1];
    return fmt::format("; did you mean --set {}={}?", *key, value);
  }
  return "";
}

// CLI11 names the words that it did not expect at the end of its sentence.
Misuse misuse(std::string why, const std::vector<std::string>& words) {
  std::string hint = key_hint(why, words);
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

std::string_view help_text(Command about) {
  return about == Command::connect ? connect_help() : about == Command::bench ? bench_help() : help;
}

std::variant<CommandLine, Misuse> parse_command_line(std::vector<std::string> words) {
  CommandLine line;
  CLI::App app;
  app.require_subcommand(0, 1);
  add_options(app, line);
  app.add_flag_callback("--version", [&line] { line.command = Command::version; });
  add_command(app, "serve", Command::serve, line);
  add_command(app, "drain", Command::drain, line);
  add_command(app, "reload", Command::reload, line);
  add_command(app, "status", Command::status, line).add_flag_callback("--json", [&line] {
    line.form = Form::json;
  });
  add_command(app, "kick", Command::kick, line).add_option("id", line.session, "ID")->required();
  CLI::App& connect = add_command(app, "connect", Command::connect, line);
  add_connect_options(connect, line.connect);
  CLI::App& bench = add_command(app, "bench", Command::bench, line);
  add_bench_options(bench, line.bench);
  add_command(app, "routes", Command::routes, line);
  add_command(app, "doctor", Command::doctor, line);
  CLI::App& gear = add_command(app, "new-gear", Command::new_gear, line);
  gear.add_option("name", line.name, "NAME")->required();
  gear.add_option("folder", line.folder, "DIR");
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
    CommandLine asked;
    if (connect.parsed()) asked.about = Command::connect;
    if (bench.parsed()) asked.about = Command::bench;
    return asked;
  } catch (const CLI::ParseError& error) {
    return misuse(error.what(), words);
  }
  if (line.command != Command::help) return line;
  return misuse(config->parsed() ? "config what? check, defaults, explain KEY or schema"
                                 : "a command is missing",
                {});
}

}  // namespace orrery::cli
