#include "config/in_force.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/find_key.h"

namespace orrery::config {
namespace {

const Diagnostic* find_place(const std::string& path, const Loaded& loaded) {
  const auto found = loaded.set.find(path);
  return found == loaded.set.end() ? nullptr : &found->second;
}

// Of several certificates it is the first whose keys a path without a number means.
const Diagnostic* place_of(std::string_view path, const Key& key, const Loaded& loaded) {
  const std::string name(key.same_as.empty() ? path : key.same_as);
  if (const auto* place = find_place(name, loaded)) return place;
  const auto last = name.rfind('.');
  if (last == name.npos) return nullptr;
  return find_place(name.substr(0, last) + "[0]" + name.substr(last), loaded);
}

std::string words_of(const Diagnostic& place) {
  if (place.line == 0) return place.source;
  return fmt::format("{}:{}:{}", place.source, place.line, place.column);
}

// "postgres://user:password@host"
bool has_credentials(std::string_view text) {
  const auto scheme = text.find("://");
  return scheme != text.npos && text.find('@', scheme) != text.npos;
}

bool is_secret(const Slot& slot) {
  if (const auto* text = std::get_if<Text>(&slot))
    return (text->form.secret && !text->field->empty()) || has_credentials(*text->field);
  const auto* list = std::get_if<TextList>(&slot);
  return list && std::ranges::any_of(*list->field, has_credentials);
}

}  // namespace

bool is_set(std::string_view path, const Loaded& loaded) {
  Tree tree = loaded.tree;
  const FoundKey found = find_key(keys_of(tree), path);
  return found.key && place_of(path, *found.key, loaded);
}

std::string in_force(std::string_view path, const Loaded& loaded) {
  Tree tree = loaded.tree;
  const FoundKey found = find_key(keys_of(tree), path);
  const Diagnostic* const place = found.key ? place_of(path, *found.key, loaded) : nullptr;
  if (!place) return "the default";
  const std::string value =
      is_secret(found.key->slot) ? "a secret, not shown" : value_text(found.key->slot);
  const bool by_another = place->path != path && place->path != found.key->same_as &&
                          place->path.find("[0]") == place->path.npos;
  return fmt::format("{} ({}{})", value, words_of(*place),
                     by_another ? ", by " + place->path : std::string());
}

std::vector<Diagnostic> secrets_in(const Loaded& loaded) {
  Tree tree = loaded.tree;
  std::vector<Diagnostic> secrets;
  for (const auto& [path, place] : loaded.set) {
    const FoundKey found = find_key(keys_of(tree), path);
    if (found.key && is_secret(found.key->slot)) secrets.push_back(place);
  }
  return secrets;
}

}  // namespace orrery::config
