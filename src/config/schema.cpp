// The JSON Schema of the configuration: what editors need to complete and check it.
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "config/describe.h"
#include "config/tree.h"

namespace orrery::config {
namespace {

namespace json = boost::json;

json::string_view view(std::string_view text) {
  return {text.data(), text.size()};
}

json::object object_of(const Keys& keys);

json::object number(const Range& range) {
  json::object whole{{"type", "integer"}, {"minimum", range.least}, {"maximum", range.most}};
  if (range.zero == Zero::as_any_number || range.least == 0) return whole;
  return {{"anyOf", json::array{json::object{{"const", 0}}, std::move(whole)}}};
}

json::object number_or_text(const Range& range, json::string_view pattern) {
  json::object text{{"type", "string"}, {"pattern", pattern}};
  return {{"anyOf", json::array{number(range), std::move(text)}}};
}

json::object one_or_many(json::object one) {
  json::object many{{"type", "array"}, {"items", one}};
  return {{"anyOf", json::array{std::move(one), std::move(many)}}};
}

struct Schema {
  json::object operator()(const Flag&) const { return {{"type", "boolean"}}; }
  json::object operator()(const Count& count) const { return number(count.range); }
  json::object operator()(const Duration& duration) const {
    return number_or_text(duration.range, "^[0-9]+(ms|s|m|h|d)$");
  }
  json::object operator()(const Size& size) const {
    return number_or_text(size.range, "^[0-9]+(B|[kK]B|MB|GB|KiB|MiB|GiB)$");
  }
  json::object operator()(const Choice& choice) const {
    json::array names;
    for (const auto name : choice.names) names.push_back(json::value(view(name)));
    return {{"enum", std::move(names)}};
  }
  json::object operator()(const Text&) const { return {{"type", "string"}}; }
  json::object operator()(const TextList&) const { return one_or_many({{"type", "string"}}); }
  json::object operator()(const Section& section) const { return object_of(section.keys); }
  json::object operator()(const SectionList& list) const {
    return one_or_many(object_of(list.at(0)));
  }
  json::object operator()(const Table& table) const {
    return {{"type", "object"}, {"additionalProperties", object_of(table.at("tenant:sample"))}};
  }
};

struct Default {
  json::value operator()(const Flag& flag) const { return *flag.field; }
  json::value operator()(const Count& count) const { return *count.field; }
  json::value operator()(const Duration& duration) const { return duration.field->count(); }
  json::value operator()(const Size& size) const { return size.field->count; }
  json::value operator()(const Choice& choice) const { return view(choice.names[*choice.field]); }
  json::value operator()(const Text& text) const { return view(*text.field); }
  json::value operator()(const TextList& list) const {
    json::array texts;
    for (const auto& text : *list.field) texts.push_back(json::value(view(text)));
    return texts;
  }
  template <typename Other>
  json::value operator()(const Other&) const {
    return nullptr;
  }
};

json::object object_of(const Keys& keys) {
  json::object properties;
  for (const Key& key : keys) {
    json::object schema = std::visit(Schema{}, key.slot);
    schema["description"] = view(key.doc);
    json::value standard = std::visit(Default{}, key.slot);
    if (!standard.is_null()) schema["default"] = std::move(standard);
    properties[view(key.name)] = std::move(schema);
  }
  return {
      {"type", "object"}, {"additionalProperties", false}, {"properties", std::move(properties)}};
}

// One member per line: a schema is read by people, too.
void print(const json::value& value, std::string indent, std::string& out) {
  const auto* object = value.if_object();
  if (!object || object->empty()) {
    out += json::serialize(value);
    return;
  }
  const std::string deeper = indent + "  ";
  std::string_view separator = "{\n";
  for (const auto& [name, member] : *object) {
    out.append(separator).append(deeper).append(json::serialize(name)).append(": ");
    print(member, deeper, out);
    separator = ",\n";
  }
  out.append("\n").append(indent).append("}");
}

}  // namespace

std::string schema_text() {
  Tree tree;
  json::object schema{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                      {"title", "The configuration of Orrery"}};
  for (auto& [name, member] : object_of(keys_of(tree))) schema[name] = std::move(member);
  std::string text;
  print(schema, "", text);
  return text + "\n";
}

}  // namespace orrery::config
