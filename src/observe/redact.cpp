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

}  // namespace

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
      clean.append(pair.substr(0, equals + 1)).append("[redacted]");
    } else {
      clean.append(pair);
    }
    if (end < query.size()) clean += query[end];
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return clean;
}

}  // namespace orrery::observe
