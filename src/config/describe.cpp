#include "config/describe.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "config/find_key.h"
#include "config/in_force.h"
#include "config/suggest.h"
#include "config/tree.h"

namespace orrery::config {
namespace {

constexpr std::size_t most_columns = 100;
constexpr std::string_view not_yet = "It does not act in this release.";

std::vector<std::string> wrapped(std::string_view text, std::size_t columns) {
  std::vector<std::string> lines;
  while (text.size() > columns) {
    auto end = text.rfind(' ', columns);
    if (end == text.npos) end = std::min(text.find(' '), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  lines.emplace_back(text);
  return lines;
}

bool is_leaf(const Slot& slot) {
  return !std::holds_alternative<Section>(slot) && !std::holds_alternative<SectionList>(slot) &&
         !std::holds_alternative<Table>(slot);
}

// What the head of the file says once is not repeated at every key.
std::string values_of(const Slot& slot) {
  if (const auto* duration = std::get_if<Duration>(&slot)) return duration_range(duration->range);
  if (const auto* size = std::get_if<Size>(&slot)) return size_range(size->range);
  if (const auto* count = std::get_if<Count>(&slot)) return count_range(count->range);
  if (const auto* choice = std::get_if<Choice>(&slot))
    return fmt::format("{}", fmt::join(choice->names, ", "));
  const auto* text = std::get_if<Text>(&slot);
  const auto* list = std::get_if<TextList>(&slot);
  const bool any = !(text && text->form.fits) && !(list && list->form.fits);
  return any ? "" : accepted_by(slot);
}

// Prints keys as the members of an object. What is not part of the defaults stands in comments.
class Printer {
 public:
  void members(const Keys& keys, std::size_t depth) {
    for (const Key& key : keys)
      if (key.same_as.empty()) member(key, depth);
  }
  [[nodiscard]] std::string text() && { return std::move(text_); }

  void line(std::size_t depth, std::string_view line) {
    const std::size_t outer = std::min(depth, hidden_from_);
    text_ += std::string(2 * outer, ' ');
    if (outer < hidden_from_ || !hidden()) return void(text_.append(line) += '\n');
    text_ += "// " + std::string(2 * (depth - outer), ' ');
    text_.append(line) += '\n';
  }

 private:
  static constexpr std::size_t nowhere = 1'000;

  [[nodiscard]] bool hidden() const { return hidden_from_ != nowhere; }

  void comment(const std::string& text, std::size_t depth) {
    const std::size_t margin = 2 * depth + (hidden() ? 6 : 3);
    for (const auto& each : wrapped(text, most_columns - margin)) line(depth, "// " + each);
  }

  void member(const Key& key, std::size_t depth) {
    const std::string values = values_of(key.slot);
    std::string about(key.doc);
    if (!values.empty()) about += fmt::format(" ({})", values);
    if (is_leaf(key.slot) && key.acts == Acts::later) about += " [later]";
    comment(about, depth);
    const auto* section = std::get_if<Section>(&key.slot);
    const bool hide =
        key.name.starts_with("$") || (section && section->listed && !*section->listed);
    if (!hide) return value(key, depth);
    hidden_from_ = depth;
    value(key, depth);
    hidden_from_ = nowhere;
  }

  void value(const Key& key, std::size_t depth) {
    if (is_leaf(key.slot))
      return line(depth, fmt::format("{}: {},", quoted(key.name), value_text(key.slot)));
    line(depth, fmt::format("{}: {{", quoted(key.name)));
    if (const auto* section = std::get_if<Section>(&key.slot)) members(section->keys, depth + 1);
    if (const auto* list = std::get_if<SectionList>(&key.slot)) members(list->at(0), depth + 1);
    if (const auto* table = std::get_if<Table>(&key.slot)) sample(*table, depth + 1);
    line(depth, "},");
  }

  void sample(const Table& table, std::size_t depth) {
    hidden_from_ = depth;
    line(depth, fmt::format("{}: {{", quoted(table.sample)));
    members(table.at(std::string(table.sample)), depth + 1);
    line(depth, "},");
    hidden_from_ = nowhere;
  }

  std::string text_;
  std::size_t hidden_from_ = nowhere;  // the depth of the key that stands in comments
};

std::vector<std::string> leaves_of(const std::vector<std::string>& paths) {
  std::vector<std::string> leaves;
  for (const auto& path : paths) leaves.push_back(path.substr(path.rfind('.') + 1));
  return leaves;
}

std::vector<std::string> paths_ending_with(std::string_view name,
                                           const std::vector<std::string>& paths) {
  std::vector<std::string> same;
  for (const auto& path : paths)
    if (same_without_case(path.substr(path.rfind('.') + 1), name)) same.push_back(path);
  return same;
}

// Why the configuration can't be asked, or what a key is in it.
std::string said_by(const Loaded& loaded, std::string_view path) {
  return loaded.ok() ? in_force(path, loaded)
                     : "unknown: the configuration has mistakes (`orrery config check`)";
}

std::string explain_leaf(std::string_view path, const Key& key, const Loaded* loaded) {
  std::string text = fmt::format("{}\n", path);
  for (const auto& line : wrapped(key.doc, most_columns - 2)) text += fmt::format("  {}\n", line);
  text += fmt::format("  accepted:    {}\n", accepted_by(key.slot));
  text += fmt::format("  default:     {}\n", value_text(key.slot));
  if (loaded) text += fmt::format("  in force:    {}\n", said_by(*loaded, path));
  text += fmt::format("  environment: {}\n", variable_of(path));
  text += fmt::format("  option:      --set {}=...\n", path);
  if (key.acts == Acts::later) text += fmt::format("  {}\n", not_yet);
  if (!key.same_as.empty()) text += fmt::format("  This is a second name of {}.\n", key.same_as);
  return text;
}

std::string explain_section(std::string_view path, const Key& key, const Keys& below,
                            const Loaded* loaded) {
  std::string text = fmt::format("{}\n", path);
  for (const auto& line : wrapped(key.doc, most_columns - 2)) text += fmt::format("  {}\n", line);
  for (const Key& each : below) {
    if (!each.same_as.empty()) continue;
    const std::string value = is_leaf(each.slot) ? value_text(each.slot) : "{ ... }";
    const std::string whole = fmt::format("{}.{}", path, each.name);
    const bool set = loaded && loaded->ok() && is_leaf(each.slot) && is_set(whole, *loaded);
    text += fmt::format("  {:26} {}{}\n", each.name, value,
                        set ? "; in force: " + in_force(whole, *loaded) : "");
  }
  return text + fmt::format("`orrery config explain {}.KEY` tells more.\n", path);
}

std::string shown_default(const Slot& slot) {
  if (const auto* duration = std::get_if<Duration>(&slot)) return duration_text(*duration->field);
  if (const auto* size = std::get_if<Size>(&slot)) return size_text(*size->field);
  return value_text(slot);
}

void list_limits(const std::string& prefix, const Keys& keys, std::string& page) {
  for (const Key& key : keys) {
    if (!key.same_as.empty()) continue;
    const std::string path = prefix + std::string(key.name);
    if (const auto* section = std::get_if<Section>(&key.slot))
      list_limits(path + ".", section->keys, page);
    if (const auto* table = std::get_if<Table>(&key.slot))
      list_limits(fmt::format("{}.{}.", path, table->sample), table->at(std::string(table->sample)),
                  page);
    const bool is_limit = std::holds_alternative<Count>(key.slot) ||
                          std::holds_alternative<Duration>(key.slot) ||
                          std::holds_alternative<Size>(key.slot);
    if (!is_limit) continue;
    page +=
        fmt::format("| `{}` | {} | {} | {}{} |\n", path, shown_default(key.slot),
                    accepted_by(key.slot), key.doc, key.acts == Acts::later ? " *Not yet.*" : "");
  }
}

}  // namespace

std::string variable_of(std::string_view path) {
  std::string name = "ORRERY_";
  for (const char letter : path) {
    if (letter == '.') {
      name += "__";
    } else {
      const auto byte = static_cast<unsigned char>(letter);
      name += std::isalnum(byte) ? static_cast<char>(std::toupper(byte)) : '_';
    }
  }
  return name;
}

std::string defaults_text() {
  Tree tree;
  Printer printer;
  for (const auto* line :
       {"// Orrery's configuration: every key, with its default. A key that is left out keeps it.",
        "// Durations are milliseconds, or texts such as \"250ms\", \"60s\", \"5m\", \"1h\", "
        "\"1d\".",
        "// Sizes are bytes, or texts such as \"64KB\" (1,000 each), \"1MiB\" (1,024 x 1,024), "
        "\"1GB\".",
        "// [later]: accepted, but without effect in this release. Comments and trailing commas "
        "are",
        "// welcome. `orrery config explain KEY` says more, `orrery config check` what is wrong.",
        "{"})
    printer.line(0, line);
  printer.members(keys_of(tree), 1);
  printer.line(0, "}");
  return std::move(printer).text();
}

Result<std::string> explain(std::string_view path, const Loaded* loaded) {
  Tree tree;
  const FoundKey found = find_key(keys_of(tree), path);
  if (!found.key) {
    const auto paths = paths_of(keys_of(tree));
    const auto same = paths_ending_with(path, paths);
    if (same.size() == 1) return explain(same.front(), loaded);
    auto near = same.empty() ? nearest(path, paths) : same.front();
    if (!near) near = nearest(path, leaves_of(paths));
    return Error{fmt::format("there is no key {}{}", quoted(path),
                             near ? fmt::format("; did you mean {}?", quoted(*near)) : "")};
  }
  const Key& key = *found.key;
  if (const auto* section = std::get_if<Section>(&key.slot))
    return explain_section(path, key, section->keys, loaded);
  if (const auto* list = std::get_if<SectionList>(&key.slot))
    return explain_section(path, key, list->at(0), loaded);
  if (const auto* table = std::get_if<Table>(&key.slot))
    return explain_section(fmt::format("{}.{}", path, table->sample), key,
                           table->at(std::string(table->sample)), loaded);
  return explain_leaf(path, key, loaded);
}

std::string limits_page() {
  Tree tree;
  std::string page =
      "# Limits\n\n"
      "Everything has a limit. This page is made from the table that the configuration is read "
      "with;\n"
      "`orrery config explain KEY` says the same. Edit `src/config/*_keys.cpp`, not this page.\n\n"
      "| key | default | accepted | what it bounds, and what happens beyond |\n"
      "|---|---|---|---|\n";
  list_limits("", keys_of(tree), page);
  return page;
}

}  // namespace orrery::config
