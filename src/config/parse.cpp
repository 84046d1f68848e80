#include "config/parse.h"

#include <fmt/format.h>

#include <boost/json/basic_parser_impl.hpp>
#include <optional>

#include "config/key.h"

namespace orrery::config {
namespace {

namespace json = boost::json;

bool is_between_tokens(char byte) {
  return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r' || byte == ',' || byte == ':';
}

// Builds Values from the parser's events. The parser is fed byte by byte, so that the first byte of
// the token behind an event is known: it is the first that was not between tokens since the last.
class Builder {
 public:
  static constexpr std::size_t max_array_size = 100'000;
  static constexpr std::size_t max_object_size = 100'000;
  static constexpr std::size_t max_string_size = 1 << 20;
  static constexpr std::size_t max_key_size = 1 << 10;

  void before(char byte, Place at) {
    here_ = at;
    if (!token_ && !is_between_tokens(byte)) token_ = at;
  }
  // A number ends only with what comes behind it.
  void behind(char byte) {
    if (byte == ',') needs_comma_ = false;
  }
  [[nodiscard]] const std::vector<Place>& open() const { return open_; }
  /// Whether what begins with this byte could stand here, if there were a comma before it.
  [[nodiscard]] bool lacks_comma(char byte) const {
    if (!needs_comma_ || values_.empty()) return false;
    const bool in_object = std::holds_alternative<Object>(values_.back().data);
    return in_object ? byte == '"' : begins_value(byte);
  }
  [[nodiscard]] Value&& root() { return std::move(root_); }

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code&) { return begin(Object{}); }
  bool on_array_begin(json::error_code&) { return begin(List{}); }
  bool on_object_end(std::size_t, json::error_code&) { return end(); }
  bool on_array_end(std::size_t, json::error_code&) { return end(); }

  bool on_string_part(json::string_view part, std::size_t, json::error_code&) {
    return gather(part);
  }
  bool on_string(json::string_view part, std::size_t, json::error_code&) {
    gather(part);
    return put(std::exchange(text_, {}));
  }
  bool on_key_part(json::string_view part, std::size_t, json::error_code&) { return gather(part); }
  bool on_key(json::string_view part, std::size_t, json::error_code&) {
    gather(part);
    auto& members = std::get<Object>(values_.back().data);
    members.push_back(Member{std::exchange(text_, {}), take_token(), {}});
    return true;
  }
  bool on_number_part(json::string_view, json::error_code&) { return true; }
  bool on_int64(std::int64_t number, json::string_view, json::error_code&) { return put(number); }
  bool on_uint64(std::uint64_t number, json::string_view, json::error_code&) {
    if (number <= std::uint64_t{std::numeric_limits<std::int64_t>::max()})
      return put(static_cast<std::int64_t>(number));
    return put(static_cast<double>(number));
  }
  bool on_double(double number, json::string_view, json::error_code&) { return put(number); }
  bool on_bool(bool flag, json::error_code&) { return put(flag); }
  bool on_null(json::error_code&) { return put(nullptr); }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

 private:
  bool gather(json::string_view part) {
    text_.append(part.data(), part.size());
    return true;
  }
  Place take_token() {
    const Place at = token_.value_or(here_);
    token_.reset();
    return at;
  }
  template <typename T>
  bool put(T data) {
    return place(Value{take_token(), std::move(data)});
  }
  template <typename T>
  bool begin(T data) {
    values_.push_back(Value{take_token(), std::move(data)});
    open_.push_back(values_.back().at);
    return true;
  }
  bool end() {
    token_.reset();
    open_.pop_back();
    Value whole = std::move(values_.back());
    values_.pop_back();
    return place(std::move(whole));
  }
  static bool begins_value(char byte) {
    constexpr std::string_view first = "\"{[-0123456789tfn";
    return first.find(byte) != first.npos;
  }
  bool place(Value value) {
    needs_comma_ = true;
    if (values_.empty()) {
      root_ = std::move(value);
    } else if (auto* list = std::get_if<List>(&values_.back().data)) {
      list->push_back(std::move(value));
    } else {
      std::get<Object>(values_.back().data).back().value = std::move(value);
    }
    return true;
  }

  Place here_{1, 1};
  std::optional<Place> token_;
  std::string text_;
  std::vector<Value> values_;
  std::vector<Place> open_;
  Value root_;
  bool needs_comma_ = false;  // a value has ended, and no comma came since
};

// Overwrites comments with blanks, so that every other byte stays in its place: the parser itself
// loses its way when it is fed the pieces of a comment that stands before a value. Nothing if a
// comment is not closed.
std::optional<std::string> without_comments(std::string text) {
  enum class In { json, string, line_comment, block_comment } in = In::json;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char byte = text[i];
    const char next = i + 1 < text.size() ? text[i + 1] : '\0';
    const bool opens = in == In::json && byte == '/' && (next == '/' || next == '*');
    const bool closes = in == In::block_comment && byte == '*' && next == '/';
    if (opens || closes) {
      in = closes ? In::json : next == '/' ? In::line_comment : In::block_comment;
      text[i] = text[i + 1] = ' ';
      ++i;
    } else if (in == In::string && byte == '\\') {
      ++i;
    } else if (byte == '"' && (in == In::json || in == In::string)) {
      in = in == In::json ? In::string : In::json;
    } else if (byte == '\n' && in == In::line_comment) {
      in = In::json;
    } else if (byte != '\n' && (in == In::line_comment || in == In::block_comment)) {
      text[i] = ' ';
    }
  }
  if (in == In::block_comment) return std::nullopt;
  return text;
}

Place after(Place at, char byte) {
  if (byte == '\n') return {at.line + 1, 1};
  const bool continues = (static_cast<unsigned char>(byte) & 0xc0) == 0x80;
  return {at.line, at.column + (continues ? 0 : 1)};
}

Place end_of(std::string_view text) {
  Place at{1, 1};
  for (const char byte : text) at = after(at, byte);
  return at;
}

std::string shown(char byte) {
  const auto code = static_cast<unsigned char>(byte);
  if (byte == '\n') return "the end of the line";
  if (code < 0x20 || code > 0x7e) return fmt::format("byte 0x{:02x}", code);
  return fmt::format("'{}'", byte);
}

SyntaxFault ended_early(Place at, const std::vector<Place>& open) {
  if (open.empty()) return {at, "the text ends before there is a value"};
  return {at, fmt::format("the text ends before the bracket of line {}, column {} is closed",
                          open.back().line, open.back().column)};
}

enum class Comma : std::uint8_t { in_place, missing };

std::string why(const json::error_code& error, char byte, Comma comma) {
  if (error == json::error::syntax)
    return fmt::format("found {} where JSON does not allow it{}", shown(byte),
                       comma == Comma::missing ? ": a comma is probably missing before it" : "");
  if (error == json::error::extra_data)
    return fmt::format("found {} after the end of the configuration", shown(byte));
  return fmt::format("found {}: {}", shown(byte), error.message());
}

}  // namespace

std::variant<Value, SyntaxFault> parse(std::string_view text) {
  json::parse_options options;
  options.allow_trailing_commas = true;
  json::basic_parser<Builder> parser(options);
  json::error_code error;
  Place at{1, 1};
  const auto plain = without_comments(std::string(text));
  if (!plain) return SyntaxFault{end_of(text), "the text ends before a /* comment is closed"};
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char byte = (*plain)[i];
    parser.handler().before(byte, at);
    const auto taken = parser.write_some(true, &byte, 1, error);
    if (!error && taken == 0) error = json::error::extra_data;
    const bool missing = error && parser.handler().lacks_comma(byte);
    if (error) return SyntaxFault{at, why(error, byte, missing ? Comma::missing : Comma::in_place)};
    parser.handler().behind(byte);
    at = after(at, text[i]);
  }
  parser.write_some(false, nullptr, 0, error);
  if (error) return ended_early(at, parser.handler().open());
  return parser.handler().root();
}

std::string found(const Value& value) {
  struct Namer {
    std::string operator()(std::nullptr_t) const { return "null"; }
    std::string operator()(bool flag) const { return flag ? "true" : "false"; }
    std::string operator()(std::int64_t number) const { return fmt::to_string(number); }
    std::string operator()(double number) const { return fmt::to_string(number); }
    std::string operator()(const std::string& text) const { return quoted(text); }
    std::string operator()(const Untyped& untyped) const { return quoted(untyped.text); }
    std::string operator()(const List&) const { return "a list"; }
    std::string operator()(const Object&) const { return "an object"; }
  };
  return std::visit(Namer{}, value.data);
}

}  // namespace orrery::config
