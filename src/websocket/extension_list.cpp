#include "websocket/extension_list.h"

#include <algorithm>

namespace orrery::websocket {
namespace {

bool is_token_character(char c) {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         marks.find(c) != std::string_view::npos;
}

// Reads from the front of what is left.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] bool at(char c) const { return !rest_.empty() && rest_.front() == c; }

  bool take(char c) {
    if (!at(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void skip_spaces() {
    while (at(' ') || at('\t')) rest_.remove_prefix(1);
  }

  std::string_view take_token() {
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), is_token_character);
    const auto token = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    rest_.remove_prefix(token.size());
    return token;
  }

  // After the opening quote; nothing if the closing one is missing.
  std::optional<std::string> take_quoted() {
    std::string text;
    while (!at_end()) {
      if (take('"')) return text;
      take('\\');
      if (at_end()) break;
      text.push_back(rest_.front());
      rest_.remove_prefix(1);
    }
    return std::nullopt;
  }

  // Up to the next comma outside quotes.
  void skip_element() {
    while (!at_end() && !at(',')) {
      if (take('"'))
        static_cast<void>(take_quoted());
      else
        rest_.remove_prefix(1);
    }
  }

 private:
  std::string_view rest_;
};

bool take_param(Scanner& scanner, ExtensionParam& param) {
  param.name = scanner.take_token();
  if (param.name.empty()) return false;
  scanner.skip_spaces();
  if (!scanner.take('=')) return true;
  scanner.skip_spaces();
  if (scanner.take('"'))
    param.value = scanner.take_quoted();
  else
    param.value = std::string(scanner.take_token());
  return param.value && is_token(*param.value);
}

Extension take_extension(Scanner& scanner) {
  Extension extension;
  extension.name = scanner.take_token();
  extension.well_formed = !extension.name.empty();
  scanner.skip_spaces();
  while (extension.well_formed && scanner.take(';')) {
    scanner.skip_spaces();
    ExtensionParam param;
    extension.well_formed = take_param(scanner, param);
    extension.params.push_back(std::move(param));
    scanner.skip_spaces();
  }
  if (!scanner.at_end() && !scanner.at(',')) {
    extension.well_formed = false;
    scanner.skip_element();
  }
  return extension;
}

}  // namespace

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_character);
}

std::vector<Extension> parse_extensions(std::string_view value) {
  std::vector<Extension> extensions;
  Scanner scanner(value);
  while (!scanner.at_end()) {
    scanner.skip_spaces();
    if (scanner.take(',') || scanner.at_end()) continue;
    extensions.push_back(take_extension(scanner));
  }
  return extensions;
}

}  // namespace orrery::websocket
