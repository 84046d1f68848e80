#include "http/file_source.h"

#include <fmt/format.h>

namespace orrery::http {

bool is_servable(std::string_view path) {
  if (path.find('\0') != std::string_view::npos) return false;
  if (path.empty()) return true;
  if (path.ends_with('/')) path.remove_suffix(1);
  while (true) {
    const auto end = path.find('/');
    const auto segment = path.substr(0, end);
    if (segment.empty() || segment.starts_with('.')) return false;  // "..", "." and hidden files
    if (end == std::string_view::npos) return true;
    path.remove_prefix(end + 1);
  }
}

std::string etag_of(std::uint64_t bytes, std::chrono::system_clock::time_point modified) {
  const auto nanoseconds =
      std::chrono::duration_cast<std::chrono::nanoseconds>(modified.time_since_epoch()).count();
  return fmt::format("\"{:x}-{:x}\"", static_cast<std::uint64_t>(nanoseconds), bytes);
}

}  // namespace orrery::http
