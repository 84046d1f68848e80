// A Key describes one field of the configuration tree: how it is written, what it accepts, what it
// means, and where its value goes. Everything that is said about a field comes from its Key.
//
// Owner   whoever asked for keys_of(tree); the slots point into that tree.
// Thread  none: plain values.
// Why     one description per field, so that reader, defaults, help, schema and docs can't drift.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace orrery::config {

using std::chrono::milliseconds;

/// A size in bytes, written as a number or as "1MB" (10^6) or "1MiB" (2^20).
struct Bytes {
  std::uint64_t count = 0;
  friend bool operator==(Bytes, Bytes) = default;
};

/// Whether setting the key has an effect in this release. `later` ones are accepted and named.
enum class Acts : std::uint8_t { now, later };

enum class Zero : std::uint8_t { as_any_number, also_allowed };

/// The numbers a key takes: least to most, and zero too where it has a meaning of its own.
struct Range {
  std::uint64_t least = 0;
  std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
  Zero zero = Zero::as_any_number;

  [[nodiscard]] bool has(std::uint64_t number) const {
    return (number >= least && number <= most) || (number == 0 && zero == Zero::also_allowed);
  }
};

/// The texts a key takes, and how to say so.
struct Form {
  std::string_view accepted = "text";
  bool (*fits)(std::string_view) = nullptr;
  std::span<const std::string_view> known = {};  // all of them, where they can be told apart
  bool secret = false;                           // shown to nobody
};

struct Key;
using Keys = std::vector<Key>;

struct Flag {
  bool* field;
};
struct Count {
  std::uint32_t* field;
  Range range;
};
struct Duration {  // the range is in milliseconds
  milliseconds* field;
  Range range;
};
struct Size {  // the range is in bytes
  Bytes* field;
  Range range;
};
struct Choice {  // an enum of one byte whose enumerators count from 0; `names` are in their order
  std::uint8_t* field;
  std::vector<std::string_view> names;
};
struct Text {
  std::string* field;
  Form form;
};
struct TextList {  // written as a list, or as one text
  std::vector<std::string>* field;
  Form form;
};
struct Section {
  Keys keys;
  bool* listed = nullptr;  // set when the file names the section, where that alone says something
};
struct SectionList {  // written as one object or as a list of them; never empty
  std::function<std::size_t()> size;
  std::function<void(std::size_t)> resize;
  std::function<Keys(std::size_t)> at;
};
struct Table {  // an object whose keys are names
  Form name;
  std::string_view sample;
  std::function<std::vector<std::string>()> names;
  std::function<Keys(const std::string&)> at;  // makes the entry if there is none
};

using Slot =
    std::variant<Flag, Count, Duration, Size, Choice, Text, TextList, Section, SectionList, Table>;

struct Key {
  std::string_view name;
  Slot slot;
  std::string_view doc;
  Acts acts = Acts::now;
  std::string_view same_as = {};  // the path of the key whose second name this is
};

template <typename Enum>
Choice choice(Enum& field, std::vector<std::string_view> names) {
  static_assert(std::is_enum_v<Enum> && sizeof(Enum) == 1);
  return {reinterpret_cast<std::uint8_t*>(&field), std::move(names)};
}

/// Entries are made on demand; keys_of(Entry&) describes one.
template <typename Entry>
Table table(std::map<std::string, Entry>& entries, Form name, std::string_view sample) {
  return {name, sample,
          [&entries] {
            std::vector<std::string> names;
            for (const auto& [key, entry] : entries) names.push_back(key);
            return names;
          },
          [&entries](const std::string& key) { return keys_of(entries[key]); }};
}

template <typename Entry>
SectionList section_list(std::vector<Entry>& entries) {
  return {[&entries] { return entries.size(); },
          [&entries](std::size_t size) { entries.assign(size, Entry{}); },
          [&entries](std::size_t index) { return keys_of(entries.at(index)); }};
}

/// The same keys, marked as not acting yet.
Keys later(Keys keys);

Keys join(Keys first, Keys second);

/// What the key accepts, for people: "a whole number from 0 to 65535".
std::string accepted_by(const Slot& slot);

/// "1s to 365d, or 0"
std::string count_range(const Range& range);
std::string duration_range(const Range& range);
std::string size_range(const Range& range);

/// The field's value as it would stand in the file, on one line.
std::string value_text(const Slot& slot);

/// "60s", "250ms": the shortest exact spelling. Bytes likewise: "1MiB", "1MB".
std::string duration_text(milliseconds value);
std::string size_text(Bytes value);

/// A text in JSON's quotes, escaped.
std::string quoted(std::string_view text);

}  // namespace orrery::config
