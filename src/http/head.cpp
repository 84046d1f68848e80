#include "http/head.h"

#include <algorithm>

#include "http/characters.h"

namespace orrery::http {

std::optional<std::string_view> Headers::find(std::string_view name) const {
  for (const auto& header : all_)
    if (same_name(header.name, name)) return header.value;
  return std::nullopt;
}

std::size_t Headers::count(std::string_view name) const {
  return static_cast<std::size_t>(std::count_if(
      all_.begin(), all_.end(), [&](const Header& h) { return same_name(h.name, name); }));
}

bool Headers::has_token(std::string_view name, std::string_view token) const {
  for (const auto& header : all_) {
    if (!same_name(header.name, name)) continue;
    auto list = header.value;
    while (!list.empty())
      if (same_name(next_element(list, ','), token)) return true;
  }
  return false;
}

}  // namespace orrery::http
