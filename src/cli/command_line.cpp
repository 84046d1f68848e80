#include "cli/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iterator>

#include "config/suggest.h"

namespace orrery::cli {
namespace {

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
                                         "kick",        "--timeout", "--step"};

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

// "config check": the commands that were understood, before or behind --help.
std::string words_of(const CLI::App& app) {
  std::string words;
  for (const auto* command :
       app.get_subcommands([](const CLI::App* each) { return each->parsed(); })) {
    words = command->get_name();
    const std::string below = words_of(*command);
    if (!below.empty()) words += " " + below;
  }
  return words;
}

}  // namespace

std::variant<CommandLine, Misuse> parse_command_line(std::vector<std::string> words) {
  CommandLine line;
  CLI::App app;
  app.require_subcommand(0, 1);
  add_options(app, line);
  app.add_flag_callback("--version", [&line] { line.command = Command::version; });
  add_command(app, "serve", Command::serve, line);
  add_drain_options(add_command(app, "drain", Command::drain, line), line.drain);
  add_command(app, "reload", Command::reload, line);
  add_command(app, "status", Command::status, line).add_flag_callback("--json", [&line] {
    line.form = Form::json;
  });
  add_command(app, "kick", Command::kick, line).add_option("id", line.session, "ID")->required();
  add_connect_options(add_command(app, "connect", Command::connect, line), line.connect);
  add_bench_options(add_command(app, "bench", Command::bench, line), line.bench);
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
    return CommandLine{.about = words_of(app)};
  } catch (const CLI::ParseError& error) {
    return misuse(error.what(), words);
  }
  if (line.command != Command::help) return line;
  return misuse(config->parsed() ? "config what? check, defaults, explain KEY or schema"
                                 : "a command is missing",
                {});
}

}  // namespace orrery::cli
