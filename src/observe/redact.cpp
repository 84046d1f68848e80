#include "observe/redact.h"

#include <algorithm>

namespace orrery::observe {
namespace {

int digit(char hex) {
  if (hex >= '0' && hex <= '9') return hex - '0';
  if (hex >= 'a' && hex <= 'f') return hex - 'a' + 10;
  if (hex >= 'A' && hex <= 'F') return hex - 'A' + 10;
  return -1;
}

char lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

// The name as a server would understand it: decoded, without case.
std::string plain_name(std::string_view name) {
  std::string plain;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool escaped =
        name[i] == '%' && i + 2 < name.size() && digit(name[i + 1]) >= 0 && digit(name[i + 2]) >= 0;
    const char letter =
        escaped ? static_cast<char>(digit(name[i + 1]) * 16 + digit(name[i + 2])) : name[i];
    if (escaped) i += 2;
    plain += lower(letter);
  }
  return plain;
}

bool is_secret(std::string_view name, std::span<const std::string> names) {
  const std::string plain = plain_name(name);
  return std::any_of(names.begin(), names.end(), [&plain](const std::string& each) {
    return std::equal(plain.begin(), plain.end(), each.begin(), each.end(),
                      [](char a, char b) { return a == lower(b); });
  });
}

constexpr std::string_view redacted = "[redacted]";
constexpr std::string_view space = " \t\r\n";

bool is_of_a_name(char c) {
  return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
         c == '%' || c == '.';
}

// From the quote on to behind the one that closes it.
std::size_t quoted_bytes(std::string_view text) {
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '\\')
      ++i;
    else if (text[i] == text[0])
      return i + 1;
  }
  return text.size();
}

std::size_t spaces(std::string_view text) {
  return std::min(text.find_first_not_of(space), text.size());
}

// What stands behind a name and before its value: `":` or `=`; nothing if no value follows.
std::size_t separator_bytes(std::string_view text) {
  std::size_t at = text.starts_with('"') || text.starts_with('\'') ? 1 : 0;
  at += spaces(text.substr(at));
  if (at == text.size() || (text[at] != ':' && text[at] != '=')) return 0;
  return at + 1 + spaces(text.substr(at + 1));
}

// The value that `text` begins with, as it may be shown; and it is taken from `text`.
std::string hidden_value(std::string_view& text) {
  const char first = text.empty() ? '\0' : text.front();
  const bool quoted = first == '"' || first == '\'';
  const bool nested = first == '{' || first == '[';
  std::size_t bytes = std::min(text.find_first_of(",;&}] \t\r\n"), text.size());
  if (quoted) bytes = quoted_bytes(text);
  if (nested) bytes = text.size();
  text.remove_prefix(bytes);
  const std::string quote = quoted ? std::string(1, first) : std::string();
  return quote + std::string(redacted) + quote;
}

}  // namespace

std::string redact_text(std::string_view text, std::span<const std::string> names) {
  std::string clean;
  while (!text.empty()) {
    const auto end = std::find_if_not(text.begin(), text.end(), is_of_a_name);
    const auto word = text.substr(0, static_cast<std::size_t>(end - text.begin()));
    clean.append(word.empty() ? text.substr(0, 1) : word);
    text.remove_prefix(std::max<std::size_t>(word.size(), 1));
    const std::size_t between = separator_bytes(text);
    if (between == 0 || !is_secret(word, names)) continue;
    clean.append(text.substr(0, between));
    text.remove_prefix(between);
    clean.append(hidden_value(text));
  }
  return clean;
}

std::string redact(std::string_view target, std::span<const std::string> names) {
  const auto question = target.find('?');
  if (question == target.npos) return std::string(target);
  std::string clean(target.substr(0, question + 1));
  std::string_view query = target.substr(question + 1);
  while (!query.empty()) {
    const auto end = std::min(query.find_first_of("&;"), query.size());
    const std::string_view pair = query.substr(0, end);
    const auto equals = pair.find('=');
    if (equals != pair.npos && is_secret(pair.substr(0, equals), names)) {
      clean.append(pair.substr(0, equals + 1)).append(redacted);
    } else {
      clean.append(pair);
    }
    if (end < query.size()) clean += query[end];
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return clean;
}

}  // namespace orrery::observe
