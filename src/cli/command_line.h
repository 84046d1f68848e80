// What the words behind `orrery` ask for.
//
// Thread  none: pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cli/bench_options.h"
#include "cli/connect_options.h"
#include "cli/drain_options.h"

namespace orrery::cli {

/// The exit codes of every command; --help tells them.
enum class Exit : int { ok = 0, failed = 1, refused = 2 };

enum class Command : std::uint8_t {
  serve,
  config_check,
  config_defaults,
  config_explain,
  config_schema,
  drain,
  reload,
  status,
  kick,
  connect,
  bench,
  routes,
  doctor,
  new_gear,
  version,
  help,
};

/// How an answer is printed.
enum class Form : std::uint8_t { text, json };

/// Whether somebody watches: then `errors` shows what happens meanwhile.
enum class Watched : std::uint8_t { no, yes };

struct CommandLine {
  Command command = Command::help;
  std::optional<std::string> config_file;
  std::vector<std::string> sets{};  // "server.port=8080"
  std::string key{};                // of config explain
  std::string name{};               // of new-gear
  std::string folder{};             // of new-gear; empty: ./NAME
  std::string session{};            // of kick
  Form form = Form::text;           // of status
  ConnectOptions connect{};
  BenchOptions bench{};
  DrainWish drain{};
  std::string about{};  // whose page --help prints: "config check"; empty: the one for all
};

/// The words make no sense; the text says why and what to do.
struct Misuse {
  std::string text;
};

/// `words` without the program's name.
std::variant<CommandLine, Misuse> parse_command_line(std::vector<std::string> words);
}  // namespace orrery::cli
