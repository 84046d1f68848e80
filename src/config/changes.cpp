#include "config/changes.h"

#include <algorithm>
#include <map>

#include "config/forms.h"
#include "config/key.h"

namespace orrery::config {
namespace {

using ByPath = std::map<std::string, std::string>;
using Values = std::vector<std::pair<std::string, std::string>>;

void collect(const std::string& prefix, const Keys& keys, Values& values) {
  for (const Key& key : keys) {
    if (!key.same_as.empty() || key.acts == Acts::later) continue;
    const std::string path = prefix + std::string(key.name);
    if (const auto* section = std::get_if<Section>(&key.slot)) {
      collect(path + ".", section->keys, values);
      if (section->listed) values.emplace_back(path, *section->listed ? "listed" : "");
    } else if (const auto* list = std::get_if<SectionList>(&key.slot)) {
      for (std::size_t i = 0; i < list->size(); ++i)
        collect(list->size() == 1 ? path + "." : path + "[" + std::to_string(i) + "].", list->at(i),
                values);
    } else if (const auto* table = std::get_if<Table>(&key.slot)) {
      for (const std::string& name : table->names()) {
        const std::string entry = path + "." + name;
        values.emplace_back(entry, "there");
        collect(entry + ".", table->at(name), values);
      }
    } else {
      values.emplace_back(path, value_text(key.slot));
    }
  }
}

Values values_of(Tree tree) {
  Values values;
  collect("", keys_of(tree), values);
  return values;
}

// Of an entry that came or went its name says all.
void leave_out_below_entries(std::vector<std::string>& changed, const ByPath& old,
                             const ByPath& fresh) {
  const std::vector<std::string> all = changed;
  for (const std::string& path : all)
    if (old.contains(path) != fresh.contains(path))
      std::erase_if(changed, [&](const auto& key) { return key.starts_with(path + "."); });
}

}  // namespace

std::vector<std::string> changes(const Tree& from, const Tree& to) {
  const Values before = values_of(from), after = values_of(to);
  const ByPath old(before.begin(), before.end()), fresh(after.begin(), after.end());
  std::vector<std::string> changed;
  for (const auto& [path, value] : after) {
    const auto was = old.find(path);
    if (was == old.end() || was->second != value) changed.push_back(path);
  }
  for (const auto& [path, value] : before)
    if (!fresh.contains(path)) changed.push_back(path);
  leave_out_below_entries(changed, old, fresh);
  return changed;
}

bool acts_at_once(std::string_view path) {
  constexpr std::string_view whole[] = {"unknownKeys",
                                        "log.level",
                                        "server.trustedProxies",
                                        "server.callbackBudget",
                                        "server.maxHeadBytes",
                                        "server.maxRequestSize",
                                        "server.httpIdleTimeout",
                                        "server.bodyTimeout"};
  constexpr std::string_view below[] = {"pools.", "drain.", "server.protocols.websocket."};
  if (path == "server.protocols.websocket.enabled") return false;
  return std::ranges::find(whole, path) != std::ranges::end(whole) ||
         std::ranges::any_of(below, [&](auto prefix) { return path.starts_with(prefix); });
}

}  // namespace orrery::config
