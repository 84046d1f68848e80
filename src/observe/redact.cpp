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

// "accessToken" and "Access-Token" are names of "access_token".
std::string letters_of(std::string_view name) {
  std::string letters;
  for (const char letter : name)
    if (letter != '_' && letter != '-') letters += lower(letter);
  return letters;
}

bool is_secret(std::string_view name, std::span<const std::string> names) {
  const std::string plain = letters_of(plain_name(name));
  return std::ranges::any_of(names, [&](const auto& each) { return letters_of(each) == plain; });
}

constexpr std::string_view redacted = "[redacted]";
constexpr std::string_view space = " \t\r\n";

bool is_of_a_name(char c) {
  return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
         c == '%' || c == '.';
}

std::size_t spaces(std::string_view text) {
  return std::min(text.find_first_not_of(space), text.size());
}

// The quote that `text` begins with: `"`, `'`, or `\"` where JSON stands inside a text of JSON.
std::string_view quote_of(std::string_view text) {
  const std::size_t slashes = std::min(text.find_first_not_of('\\'), text.size());
  const bool quoted = slashes < text.size() && (text[slashes] == '"' || text[slashes] == '\'');
  return quoted ? text.substr(0, slashes + 1) : std::string_view();
}

// From its quote on to behind the one that closes it. One with more backslashes belongs to the
// value; so may one that does not, and then too much is hidden.
std::size_t quoted_bytes(std::string_view text, std::string_view quote) {
  std::size_t at = quote.size();
  while (at < text.size()) {
    const std::string_view next = quote_of(text.substr(at));
    at += std::max<std::size_t>(next.size(), 1);
    if (next == quote) return at;
  }
  return text.size();
}

// What stands behind a name and before its value: `":` or `=`; nothing if no value follows.
std::size_t separator_bytes(std::string_view text) {
  std::size_t at = quote_of(text).size();
  at += spaces(text.substr(at));
  if (at == text.size() || (text[at] != ':' && text[at] != '=')) return 0;
  return at + 1 + spaces(text.substr(at + 1));
}

// The value that `text` begins with, as it may be shown; and it is taken from `text`. One without
// quotes may have spaces: "Authorization: Bearer abc".
std::string hidden_value(std::string_view& text) {
  const std::string_view quote = quote_of(text);
  const bool nested = text.starts_with('{') || text.starts_with('[');
  std::size_t bytes = std::min(text.find_first_of(",;&}]\r\n"), text.size());
  if (!quote.empty()) bytes = quoted_bytes(text, quote);
  if (nested) bytes = text.size();
  text.remove_prefix(bytes);
  return std::string(quote).append(redacted).append(quote);
}

// A name that is written with escapes (RFC 8259 §7), up to its quote; nobody needs them for a name
// that may be shown.
std::size_t escaped_name_bytes(std::string_view text) {
  if (!text.starts_with("\\u")) return 0;
  const std::size_t end = text.find('"');
  return end != text.npos && separator_bytes(text.substr(end)) > 0 ? end : 0;
}

}  // namespace

std::string redact_text(std::string_view text, std::span<const std::string> names) {
  std::string clean;
  while (!text.empty()) {
    const std::size_t escaped = escaped_name_bytes(text);
    const auto end = std::find_if_not(text.begin(), text.end(), is_of_a_name);
    const auto word = text.substr(0, static_cast<std::size_t>(end - text.begin()));
    const std::size_t taken = std::max({escaped, word.size(), std::size_t{1}});
    clean.append(text.substr(0, taken));
    text.remove_prefix(taken);
    const std::size_t between = separator_bytes(text);
    if (between == 0 || (escaped == 0 && !is_secret(word, names))) continue;
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
