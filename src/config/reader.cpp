#include "config/reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "config/parse.h"
#include "config/suggest.h"
#include "config/units.h"

namespace orrery::config {
namespace {

constexpr std::size_t most_listed_names = 16;
constexpr double largest_exact = 9'007'199'254'740'992.0;  // 2^53

std::string below(const std::string& path, std::string_view name) {
  const bool plain = !name.empty() && name.find_first_of(". \t\r\n\"") == name.npos;
  const std::string shown = plain ? std::string(name) : quoted(name);
  return path.empty() ? shown : path + "." + shown;
}

std::optional<std::uint64_t> whole_number(const Value& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value.data))
    return *number < 0 ? std::nullopt : std::optional(static_cast<std::uint64_t>(*number));
  if (const auto* number = std::get_if<double>(&value.data))
    if (*number >= 0 && *number <= largest_exact && std::floor(*number) == *number)
      return static_cast<std::uint64_t>(*number);
  return std::nullopt;
}

std::optional<std::uint64_t> with_unit(const Value& value, std::span<const Unit> units) {
  if (const auto* text = std::get_if<std::string>(&value.data))
    return number_with_unit(*text, units);
  return whole_number(value);
}

// '_' for everything that the name of an environment variable can't hold.
std::string as_variable(std::string_view name) {
  std::string variable(name);
  for (char& letter : variable)
    if (!std::isalnum(static_cast<unsigned char>(letter))) letter = '_';
  return variable;
}

bool is_written(std::string_view written, std::string_view name, Reader::Names names) {
  if (names == Reader::Names::exact) return written == name;
  return same_without_case(as_variable(written), as_variable(name));
}

List split(std::string_view text) {
  List list;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    list.push_back(Value{{}, std::string(text.substr(0, comma))});
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return list;
}

// The texts that a slot takes, where they are few.
std::vector<std::string> known_texts(const Slot& slot) {
  if (const auto* choice = std::get_if<Choice>(&slot))
    return {choice->names.begin(), choice->names.end()};
  const auto* text = std::get_if<Text>(&slot);
  const auto* list = std::get_if<TextList>(&slot);
  const auto known = text ? text->form.known : list ? list->form.known : Form{}.known;
  return {known.begin(), known.end()};
}

// What the words of a command line mean for this slot.
Value typed(const Untyped& untyped, const Slot& slot) {
  const std::string& text = untyped.text;
  const bool is_text = std::holds_alternative<Text>(slot);
  const bool is_list = std::holds_alternative<TextList>(slot);
  if (is_list && !text.starts_with("[")) return Value{{}, split(text)};
  if (is_text) return Value{{}, text};
  auto parsed = parse(text);
  if (auto* value = std::get_if<Value>(&parsed)) return std::move(*value);
  return Value{{}, text};
}

}  // namespace

Diagnostic Report::about(const std::string& path, std::string message) const {
  std::string at = path;
  for (auto where = set.find(at); !at.empty(); where = set.find(at)) {
    if (where != set.end()) {
      Diagnostic diagnostic = where->second;
      diagnostic.path = path;
      diagnostic.message = std::move(message);
      return diagnostic;
    }
    at.resize(at.rfind('.') == at.npos ? 0 : at.rfind('.'));
  }
  return {"defaults", 0, 0, path, std::move(message)};
}

void Reader::read_root(const Value& root, Tree& tree) {
  if (const auto* object = std::get_if<Object>(&root.data)) {
    read_object("", *object, keys_of(tree));
  } else {
    error("", root.at, fmt::format("found {}; accepted: an object", found(root)));
  }
}

void Reader::read_object(const std::string& path, const Object& object, const Keys& keys) {
  for (const Key& key : keys)
    if (const auto* section = std::get_if<Section>(&key.slot); section && section->listed)
      *section->listed = false;  // an object that lists some means no others
  std::map<std::string_view, Place> seen;
  for (const Member& member : object) {
    const auto [first, is_new] = seen.emplace(member.name, member.at);
    if (!is_new) {
      error(below(path, member.name), member.at,
            fmt::format("found the key twice; accepted: once (it stands in line {} already)",
                        first->second.line));
      continue;
    }
    read_member(path, member, keys);
  }
}

void Reader::read_member(const std::string& path, const Member& member, const Keys& keys) {
  const auto key = std::find_if(keys.begin(), keys.end(),
                                [&](const Key& each) { return each.name == member.name; });
  if (key == keys.end()) return unknown_key(path, member.at, member.name, keys);
  read_key(below(path, member.name), member.at, member.value, *key);
}

void Reader::read_path(std::span<const std::string> segments, Names names, const std::string& text,
                       Tree& tree) {
  read_below("", segments, names, Value{{}, Untyped{text}}, keys_of(tree));
}

void Reader::read_below(const std::string& path, std::span<const std::string> segments, Names names,
                        const Value& value, const Keys& keys) {
  const auto key = std::find_if(keys.begin(), keys.end(), [&](const Key& each) {
    return is_written(segments.front(), each.name, names);
  });
  if (key == keys.end()) return unknown_key(path, {}, segments.front(), keys);
  const std::string here = below(path, key->name);
  const auto rest = segments.subspan(1);
  if (rest.empty()) return read_key(here, {}, value, *key);
  if (const auto* section = std::get_if<Section>(&key->slot)) {
    if (section->listed) set(here, {}, *key);
    if (section->listed) *section->listed = true;
    return read_below(here, rest, names, value, section->keys);
  }
  if (const auto* list = std::get_if<SectionList>(&key->slot))
    return read_below(here, rest, names, value, list->at(0));
  const auto* table = std::get_if<Table>(&key->slot);
  if (!table) return unknown_key(here, {}, rest.front(), {});
  std::string name = rest.front();
  for (const auto& existing : table->names())
    if (is_written(name, existing, names)) name = existing;
  if (!fits_table(below(here, name), {}, name, *table)) return;
  const Key entry{name, Section{table->at(name)}, key->doc, key->acts};
  if (rest.size() == 1) return read_key(below(here, name), {}, value, entry);
  report_.set.try_emplace(below(here, name), place(below(here, name), {}, ""));
  read_below(below(here, name), rest.subspan(1), names, value, table->at(name));
}

void Reader::read_key(const std::string& path, Place at, const Value& value, const Key& key) {
  if (const auto* untyped = std::get_if<Untyped>(&value.data))
    return read_key(path, at, typed(*untyped, key.slot), key);
  set(path, at, key);
  std::visit([&](const auto& slot) { put(path, value, slot); }, key.slot);
}

void Reader::set(const std::string& path, Place at, const Key& key) {
  const std::string canonical = key.same_as.empty() ? path : std::string(key.same_as);
  const auto before = report_.set.find(canonical);
  if (lines_ == Lines::numbered && before != report_.set.end())
    error(path, at,
          fmt::format("found a second value for {}; accepted: one of the two", canonical));
  report_.set[canonical] = place(canonical, at, "");
  const bool has_value = !std::holds_alternative<Table>(key.slot) &&
                         !std::holds_alternative<SectionList>(key.slot) &&
                         !std::holds_alternative<Section>(key.slot);
  const auto* section = std::get_if<Section>(&key.slot);
  const bool counts = has_value || (section && section->listed);
  if (key.acts == Acts::now || !counts) return;
  auto& inactive = report_.inactive;
  if (std::find(inactive.begin(), inactive.end(), canonical) == inactive.end())
    inactive.push_back(canonical);
}

void Reader::put(const std::string& path, const Value& value, const Flag& flag) {
  if (const auto* on = std::get_if<bool>(&value.data)) {
    *flag.field = *on;
  } else {
    refuse(path, value, flag);
  }
}

void Reader::put(const std::string& path, const Value& value, const Count& count) {
  const auto number = whole_number(value);
  if (!number || !count.range.has(*number)) return refuse(path, value, count);
  *count.field = static_cast<std::uint32_t>(*number);
}

void Reader::put(const std::string& path, const Value& value, const Duration& duration) {
  const auto number = with_unit(value, duration_units);
  if (!number || !duration.range.has(*number)) return refuse(path, value, duration);
  *duration.field = milliseconds{static_cast<std::int64_t>(*number)};
}

void Reader::put(const std::string& path, const Value& value, const Size& size) {
  const auto number = with_unit(value, size_units);
  if (!number || !size.range.has(*number)) return refuse(path, value, size);
  size.field->count = *number;
}

void Reader::put(const std::string& path, const Value& value, const Choice& choice) {
  const auto* text = std::get_if<std::string>(&value.data);
  const auto name =
      text ? std::find(choice.names.begin(), choice.names.end(), *text) : choice.names.end();
  if (name == choice.names.end()) return refuse(path, value, choice);
  *choice.field = static_cast<std::uint8_t>(name - choice.names.begin());
}

void Reader::put(const std::string& path, const Value& value, const Text& text) {
  const auto* given = std::get_if<std::string>(&value.data);
  if (!given || (text.form.fits && !text.form.fits(*given))) return refuse(path, value, text);
  *text.field = *given;
}

void Reader::put(const std::string& path, const Value& value, const TextList& list) {
  const List single{value};
  const auto* given = std::get_if<List>(&value.data);
  std::vector<std::string> texts;
  for (const Value& each : given ? *given : single) {
    const auto* text = std::get_if<std::string>(&each.data);
    if (!text || (list.form.fits && !list.form.fits(*text))) {
      refuse(path, each, list);
    } else {
      texts.push_back(*text);
    }
  }
  *list.field = std::move(texts);
}

void Reader::put(const std::string& path, const Value& value, const Section& section) {
  const auto* object = std::get_if<Object>(&value.data);
  if (!object) return refuse(path, value, section);
  if (section.listed) *section.listed = true;
  read_object(path, *object, section.keys);
}

void Reader::put(const std::string& path, const Value& value, const SectionList& list) {
  const List single{value};
  const auto* given = std::get_if<List>(&value.data);
  const List& objects = given ? *given : single;
  if (objects.empty()) return refuse(path, value, list);
  list.resize(objects.size());
  for (std::size_t i = 0; i < objects.size(); ++i) {
    const std::string here = given ? fmt::format("{}[{}]", path, i) : path;
    put(here, objects[i], Section{list.at(i)});
  }
}

void Reader::put(const std::string& path, const Value& value, const Table& table) {
  const auto* object = std::get_if<Object>(&value.data);
  if (!object) return refuse(path, value, table);
  std::set<std::string_view> seen;
  for (const Member& member : *object) {
    const std::string here = below(path, member.name);
    if (!seen.insert(member.name).second) {
      error(here, member.at, "found the name twice; accepted: once");
    } else if (fits_table(here, member.at, member.name, table)) {
      report_.set[here] = place(here, member.at, "");
      put(here, member.value, Section{table.at(member.name)});
    }
  }
}

bool Reader::fits_table(const std::string& path, Place at, const std::string& name,
                        const Table& table) {
  if (table.name.fits(name)) return true;
  std::vector<std::string> known = table.names();
  for (const auto gear : gear_names) known.push_back("gear:" + std::string(gear));
  const auto near = nearest(name, known);
  error(path, at,
        fmt::format("found the name {}; accepted: {}{}", quoted(name), table.name.accepted,
                    near ? fmt::format("; did you mean {}?", quoted(*near)) : ""));
  return false;
}

void Reader::refuse(const std::string& path, const Value& value, const Slot& slot) {
  std::string hint;
  if (const auto* text = std::get_if<std::string>(&value.data)) {
    const auto near = nearest(*text, known_texts(slot));
    if (near) hint = fmt::format("; did you mean {}?", quoted(*near));
  }
  error(path, value.at,
        fmt::format("found {}; accepted: {}{}", found(value), accepted_by(slot), hint));
}

void Reader::unknown_key(const std::string& path, Place at, const std::string& name,
                         const Keys& keys) {
  if (report_.unknown.size() >= Report::most_diagnostics) return;
  const auto names = names_of(keys);
  std::string accepted = fmt::format("{}", fmt::join(names, ", "));
  if (names.empty()) accepted = "a value without keys of its own";
  if (names.size() > most_listed_names)
    accepted = fmt::format("one of {} keys (`orrery config explain {}`)", names.size(), path);
  std::optional<std::string> near = nearest(name, names);
  Tree defaults;
  for (const auto& known : paths_of(keys_of(defaults))) {
    const std::string leaf = known.substr(known.rfind('.') + 1);
    if (same_without_case(leaf, name) && !(near && same_without_case(*near, name))) near = known;
  }
  const std::string hint = near ? fmt::format("; did you mean {}?", quoted(*near)) : "";
  report_.unknown.push_back(
      place(below(path, name), at,
            fmt::format("found the unknown key {}; accepted: {}{}", quoted(name), accepted, hint)));
}

void Reader::error(const std::string& path, Place at, std::string message) {
  if (report_.errors.size() > Report::most_diagnostics) return;
  if (report_.errors.size() == Report::most_diagnostics)
    message = "found more faults than are told at once";
  report_.errors.push_back(place(path, at, std::move(message)));
}

Diagnostic Reader::place(const std::string& path, Place at, std::string message) const {
  if (lines_ == Lines::none) at = {};
  return {source_, at.line, at.column, path, std::move(message)};
}

}  // namespace orrery::config
