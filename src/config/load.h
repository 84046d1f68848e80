// From texts to a tree: the file, then the environment, then --set, each over the one before.
//
// Thread  none: pure functions. Nothing is read but what is handed in.
// Limit   a file of max_file_bytes, 32 levels deep.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/tree.h"
#include "orrery/result.h"

namespace orrery::config {

inline constexpr std::size_t max_file_bytes = 1 << 20;

/// One thing to say about the configuration. Without a line it concerns no place in a file.
struct Diagnostic {
  // The file as given, "--set server.port", or "ORRERY_SERVER__PORT"; empty: the message says it.
  std::string source;
  int line = 0;
  int column = 0;
  std::string path;  // "server.port"; empty for a fault of the text itself
  std::string message;

  /// "FILE:LINE:COL: path: message"
  [[nodiscard]] std::string text() const;
};

struct File {
  std::string name;
  std::string text;
};

struct Sources {
  std::optional<File> file;
  std::vector<std::pair<std::string, std::string>> environment;  // others than ORRERY_ are ignored
  std::vector<std::string> sets;                                 // "server.port=8080"
};

struct Loaded {
  Tree tree;
  std::vector<Diagnostic> errors;     // refused, all of them at once, in the order of the text
  std::vector<Diagnostic> warnings;   // accepted, but somebody should know
  std::vector<std::string> inactive;  // keys that were set and don't act in this release

  /// Whether tree.admin is what was meant, though there are errors.
  bool admin_known = false;

  std::map<std::string, Diagnostic> set{};  // path -> where it was set last; without a message

  [[nodiscard]] bool ok() const { return errors.empty(); }
};

[[nodiscard]] Loaded load(const Sources& sources);

/// `--config FILE` if given, else ./orrery.json, else /etc/orrery/orrery.json, else nothing.
Result<std::optional<File>> find_file(const std::optional<std::string>& given);

/// The process's environment, as Sources wants it.
std::vector<std::pair<std::string, std::string>> process_environment();

}  // namespace orrery::config
