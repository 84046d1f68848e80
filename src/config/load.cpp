#include "config/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "config/describe.h"
#include "config/parse.h"
#include "config/reader.h"
#include "config/rules.h"
#include "config/suggest.h"

namespace orrery::config {
namespace {

constexpr std::string_view variable_prefix = "ORRERY_";

std::vector<std::string> split(std::string_view text, std::string_view separator) {
  std::vector<std::string> parts;
  for (auto at = text.find(separator); at != text.npos; at = text.find(separator)) {
    parts.emplace_back(text.substr(0, at));
    text.remove_prefix(at + separator.size());
  }
  parts.emplace_back(text);
  return parts;
}

enum class Understood : bool { no, yes };

// What can't be understood says nothing about any key.
Understood read_file(const File& file, Tree& tree, Report& report) {
  if (file.text.size() > max_file_bytes) {
    report.errors.push_back(
        {file.name, 0, 0, "",
         fmt::format("found {} bytes; accepted: at most {}", file.text.size(), max_file_bytes)});
    return Understood::no;
  }
  auto parsed = parse(file.text);
  if (const auto* fault = std::get_if<SyntaxFault>(&parsed)) {
    report.errors.push_back({file.name, fault->at.line, fault->at.column, "", fault->message});
    return Understood::no;
  }
  Reader(file.name, Reader::Lines::numbered, report).read_root(std::get<Value>(parsed), tree);
  return Understood::yes;
}

// Variables without "__" are no paths: ORRERY_PORT_7512_TCP and the like come from container
// platforms, not from somebody who wants to configure something.
// Those that look like a key are told of, unless such a platform made them.
void note_variable(const std::string& name, std::string_view value, Report& report) {
  const auto key = key_meant_by(std::string_view(name).substr(variable_prefix.size()));
  if (!key || value.find("://") != value.npos) return;
  report.warnings.push_back(
      {name, 0, 0, "",
       fmt::format("this variable sets nothing; did you mean {}?", variable_of(*key))});
}

void read_environment(const std::vector<std::pair<std::string, std::string>>& environment,
                      Tree& tree, Report& report) {
  for (const auto& [name, value] : environment) {
    if (!name.starts_with(variable_prefix)) continue;
    const auto segments = split(std::string_view(name).substr(variable_prefix.size()), "__");
    if (segments.size() == 1 && !same_without_case(segments.front(), "unknownKeys")) {
      note_variable(name, value, report);
      continue;
    }
    Reader(name, Reader::Lines::none, report)
        .read_path(segments, Reader::Names::any_case, value, tree);
  }
}

void read_sets(const std::vector<std::string>& sets, Tree& tree, Report& report) {
  for (const std::string& set : sets) {
    const auto equals = set.find('=');
    const std::string source = "--set " + set.substr(0, equals);  // the value may be a secret
    if (equals == set.npos || equals == 0) {
      report.errors.push_back(
          {source, 0, 0, "",
           fmt::format("found {}; accepted: KEY=VALUE, such as server.port=8080", quoted(set))});
      continue;
    }
    Reader(source, Reader::Lines::none, report)
        .read_path(split(std::string_view(set).substr(0, equals), "."), Reader::Names::exact,
                   set.substr(equals + 1), tree);
  }
}

// Kuzzle has one limit for requests of all protocols: where only that one is set, it counts.
void inherit(Tree& tree, Report& report) {
  const auto given = report.set.find("server.maxRequestSize");
  if (given == report.set.end()) return;
  const Diagnostic place = given->second;
  if (report.set.try_emplace("server.protocols.websocket.maxMessageSize", place).second)
    tree.server.protocols.websocket.max_message_size = tree.server.max_request_size;
}

// Whoever mistypes an option or a variable is not obeyed in part.
bool is_about_admin(const Diagnostic& error, const std::optional<File>& file) {
  return !file || error.source != file->name || error.path.starts_with("admin");
}

void sort_by_place(std::vector<Diagnostic>& diagnostics) {
  const auto rank = [](const Diagnostic& each) {
    return std::tuple(each.line == 0, each.line, each.column);
  };
  std::stable_sort(diagnostics.begin(), diagnostics.end(),
                   [rank](const auto& one, const auto& other) { return rank(one) < rank(other); });
}

}  // namespace

std::string Diagnostic::text() const {
  if (source.empty()) return message;
  std::string where = source;
  if (line > 0) where += fmt::format(":{}:{}", line, column);
  return path.empty() ? fmt::format("{}: {}", where, message)
                      : fmt::format("{}: {}: {}", where, path, message);
}

Loaded load(const Sources& sources) {
  Tree tree;
  Report report;
  const bool understood =
      !sources.file || read_file(*sources.file, tree, report) == Understood::yes;
  read_environment(sources.environment, tree, report);
  read_sets(sources.sets, tree, report);
  inherit(tree, report);
  check_rules(tree, report);
  auto& unknown = tree.unknown_keys == UnknownKeys::warn ? report.warnings : report.errors;
  unknown.insert(unknown.end(), report.unknown.begin(), report.unknown.end());
  const bool admin_known = (understood || report.set.contains("admin.port")) &&
                           std::ranges::none_of(report.errors, [&](const Diagnostic& error) {
                             return is_about_admin(error, sources.file);
                           });
  sort_by_place(report.errors);
  sort_by_place(report.warnings);
  return {std::move(tree),
          std::move(report.errors),
          std::move(report.warnings),
          std::move(report.inactive),
          admin_known,
          std::move(report.set)};
}

}  // namespace orrery::config
