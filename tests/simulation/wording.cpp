#include "wording.h"

#include <cstddef>
#include <cstdint>

namespace orrery::simulation {

namespace {

std::uint32_t sum_of(std::string_view id) {
  std::uint32_t sum = 2166136261U;
  for (const char each : id) sum = (sum ^ static_cast<unsigned char>(each)) * 16777619U;
  return sum;
}

// Most are short. What clients say never is as long as what is published.
std::size_t length_of(std::string_view id, std::uint32_t sum) {
  const bool from_client = id.starts_with('c');
  switch (sum % 16) {
    case 0: return from_client ? 200 : 1500;
    case 1:
    case 2: return from_client ? 100 : 600;
    case 3:
    case 4:
    case 5: return 90;
    default: return 0;
  }
}

// Half of it repeats what every message says: a context that knows them compresses that away.
std::string_view common_words() {
  return "what is said to one is said to all, and whoever comes later hears it too; ";
}

}  // namespace

std::string wording_of(std::string_view id) {
  std::string text(id);
  std::uint32_t sum = sum_of(id);
  const std::size_t length = length_of(id, sum);
  if (length == 0) return text;
  text += ' ';
  while (text.size() < length) {
    text += common_words().substr(0, 20 + sum % 40);
    for (int i = 0; i < 24; ++i) {
      sum = sum * 1664525U + 1013904223U;
      text += static_cast<char>('a' + (sum >> 24) % 26);
    }
  }
  return text;
}

std::string_view id_in(std::string_view text) {
  return text.substr(0, text.find(' '));
}

bool is_whole(std::string_view text) {
  return text == wording_of(id_in(text));
}

}  // namespace orrery::simulation
