#include "config/key.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "config/units.h"

namespace orrery::config {
namespace {

std::string in_largest_unit(std::uint64_t number, std::span<const Unit> units) {
  for (const Unit& unit : units)
    if (number >= unit.factor && number % unit.factor == 0)
      return fmt::format("{}{}", number / unit.factor, unit.name);
  return fmt::to_string(number);
}

template <typename Show>
std::string range_text(const Range& range, Show show) {
  std::string text = fmt::format("{} to {}", show(range.least), show(range.most));
  return range.zero == Zero::also_allowed ? text + ", or 0" : text;
}

struct Accepted {
  std::string operator()(const Flag&) const { return "true or false"; }
  std::string operator()(const Count& count) const {
    return "a whole number from " + count_range(count.range);
  }
  std::string operator()(const Duration& duration) const {
    return "milliseconds, or text such as \"60s\", from " + duration_range(duration.range);
  }
  std::string operator()(const Size& size) const {
    return "bytes, or text such as \"1MB\" or \"1MiB\", from " + size_range(size.range);
  }
  std::string operator()(const Choice& choice) const {
    std::vector<std::string> names;
    for (const auto name : choice.names) names.push_back(quoted(name));
    return fmt::format("{}", fmt::join(names, " or "));
  }
  std::string operator()(const Text& text) const { return std::string(text.form.accepted); }
  std::string operator()(const TextList& list) const {
    return fmt::format("{}, or a list of them", list.form.accepted);
  }
  std::string operator()(const Section&) const { return "an object"; }
  std::string operator()(const SectionList&) const { return "an object, or a list of them"; }
  std::string operator()(const Table& table) const {
    return fmt::format("an object whose keys are each {}", table.name.accepted);
  }
};

struct Shown {
  std::string operator()(const Flag& flag) const { return *flag.field ? "true" : "false"; }
  std::string operator()(const Count& count) const { return fmt::to_string(*count.field); }
  std::string operator()(const Duration& duration) const {
    return fmt::to_string(duration.field->count());
  }
  std::string operator()(const Size& size) const {
    const std::string text = size_text(*size.field);
    return text.back() == 'B' ? quoted(text) : text;
  }
  std::string operator()(const Choice& choice) const { return quoted(choice.names[*choice.field]); }
  std::string operator()(const Text& text) const { return quoted(*text.field); }
  std::string operator()(const TextList& list) const {
    std::vector<std::string> texts;
    for (const auto& text : *list.field) texts.push_back(quoted(text));
    return texts.size() == 1 ? texts.front() : fmt::format("[{}]", fmt::join(texts, ", "));
  }
  std::string operator()(const Section&) const { return "{}"; }
  std::string operator()(const SectionList&) const { return "{}"; }
  std::string operator()(const Table&) const { return "{}"; }
};

}  // namespace

Keys later(Keys keys) {
  for (Key& key : keys) {
    key.acts = Acts::later;
    if (auto* section = std::get_if<Section>(&key.slot)) section->keys = later(section->keys);
    if (auto* table = std::get_if<Table>(&key.slot))
      table->at = [at = table->at](const std::string& name) { return later(at(name)); };
    if (auto* list = std::get_if<SectionList>(&key.slot))
      list->at = [at = list->at](std::size_t index) { return later(at(index)); };
  }
  return keys;
}

Keys join(Keys first, Keys second) {
  first.insert(first.end(), std::make_move_iterator(second.begin()),
               std::make_move_iterator(second.end()));
  return first;
}

std::string count_range(const Range& range) {
  return range_text(range, [](std::uint64_t number) { return fmt::to_string(number); });
}

std::string duration_range(const Range& range) {
  return range_text(range, [](std::uint64_t number) {
    return duration_text(milliseconds{static_cast<std::int64_t>(number)});
  });
}

std::string size_range(const Range& range) {
  return range_text(range, [](std::uint64_t number) { return size_text({number}); });
}

std::string accepted_by(const Slot& slot) {
  return std::visit(Accepted{}, slot);
}

std::string value_text(const Slot& slot) {
  return std::visit(Shown{}, slot);
}

std::string duration_text(milliseconds value) {
  return in_largest_unit(static_cast<std::uint64_t>(value.count()), duration_units);
}

std::string size_text(Bytes value) {
  const std::string text = in_largest_unit(value.count, size_units);
  const bool plain = value.count % 1'000 != 0 && value.count % 1'024 != 0;
  return plain ? fmt::to_string(value.count) : text;
}

std::string quoted(std::string_view text) {
  return boost::json::serialize(boost::json::string_view(text.data(), text.size()));
}

}  // namespace orrery::config
