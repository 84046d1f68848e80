#include "config/suggest.h"

#include <algorithm>
#include <cctype>

#include "config/tree.h"

namespace orrery::config {
namespace {

char lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

constexpr std::size_t longest_name = 64;  // beyond, nothing is near

std::string letters_of(std::string_view text) {
  std::string letters;
  for (const char each : text)
    if (std::isalnum(static_cast<unsigned char>(each))) letters += lower(each);
  return letters;
}

}  // namespace

bool same_without_case(std::string_view one, std::string_view other) {
  return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                    [](char a, char b) { return lower(a) == lower(b); });
}

std::size_t edits_between(std::string_view one, std::string_view other) {
  const std::size_t width = other.size() + 1;
  std::vector<std::size_t> before(width), last(width), row(width);
  for (std::size_t j = 0; j < width; ++j) last[j] = j;
  for (std::size_t i = 1; i <= one.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j < width; ++j) {
      const bool same = lower(one[i - 1]) == lower(other[j - 1]);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1)});
      const bool swapped = i > 1 && j > 1 && lower(one[i - 1]) == lower(other[j - 2]) &&
                           lower(one[i - 2]) == lower(other[j - 1]);
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(last);
    last.swap(row);
  }
  return last[other.size()];
}

std::optional<std::string> nearest(std::string_view name,
                                   const std::vector<std::string>& candidates) {
  if (name.empty() || name.size() > longest_name) return std::nullopt;
  std::optional<std::string> best;
  std::size_t fewest = std::max<std::size_t>(2, name.size() / 2) + 1;
  for (const auto& candidate : candidates) {
    const std::size_t edits = edits_between(name, candidate);
    if (edits >= fewest || edits >= candidate.size()) continue;
    fewest = edits;
    best = candidate;
  }
  return best;
}

std::optional<std::string> key_meant_by(std::string_view word) {
  Tree tree;
  const std::string wanted = letters_of(word);
  std::optional<std::string> by_last_name;
  for (const std::string& path : paths_of(keys_of(tree))) {
    const auto dot = path.rfind('.');
    if (dot == path.npos) continue;
    if (letters_of(path) == wanted) return path;
    const bool same = letters_of(std::string_view(path).substr(dot)) == wanted;
    if (same && !by_last_name) by_last_name = path;
  }
  return by_last_name;
}

std::vector<std::string> names_of(const Keys& keys) {
  std::vector<std::string> names;
  for (const Key& key : keys)
    if (key.same_as.empty()) names.emplace_back(key.name);
  return names;
}

std::vector<std::string> paths_of(const Keys& keys, const std::string& prefix) {
  std::vector<std::string> paths;
  for (const Key& key : keys) {
    if (!key.same_as.empty()) continue;
    const std::string path = prefix + std::string(key.name);
    paths.push_back(path);
    const auto add = [&paths](const Keys& below, const std::string& under) {
      for (auto& each : paths_of(below, under + ".")) paths.push_back(std::move(each));
    };
    if (const auto* section = std::get_if<Section>(&key.slot)) add(section->keys, path);
    if (const auto* list = std::get_if<SectionList>(&key.slot)) add(list->at(0), path);
    if (const auto* table = std::get_if<Table>(&key.slot)) {
      const std::string sample(table->sample);
      add(table->at(sample), path + "." + sample);
    }
  }
  return paths;
}

}  // namespace orrery::config
