#include "config/find_key.h"

namespace orrery::config {
namespace {

const Key* find(const Keys& keys, std::string_view name) {
  for (const Key& key : keys)
    if (key.name == name) return &key;
  return nullptr;
}

}  // namespace

FoundKey find_key(Keys keys, std::string_view path) {
  const auto dot = path.find('.');
  const Key* key = find(keys, path.substr(0, dot));
  if (!key || dot == path.npos) return {std::move(keys), key};
  const std::string_view rest = path.substr(dot + 1);
  if (const auto* section = std::get_if<Section>(&key->slot)) return find_key(section->keys, rest);
  if (const auto* list = std::get_if<SectionList>(&key->slot)) return find_key(list->at(0), rest);
  if (const auto* table = std::get_if<Table>(&key->slot)) {
    const auto next = rest.find('.');
    const std::string name(rest.substr(0, next));
    if (!table->name.fits(name) && name != table->sample) return {};
    if (next != rest.npos) return find_key(table->at(name), rest.substr(next + 1));
    Keys entry{{table->sample, Section{table->at(name)}, key->doc, key->acts}};
    FoundKey found{std::move(entry)};
    found.key = &found.keys.front();
    return found;
  }
  return {};
}

}  // namespace orrery::config
