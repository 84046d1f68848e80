// The two functions that look at the process and its files; everything else is pure.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "config/load.h"

namespace orrery::config {
namespace {

constexpr const char* searched[] = {"./orrery.json", "/etc/orrery/orrery.json"};

// At most one byte more than load() accepts, so that a device or a log is not read to its end.
Result<std::optional<File>> read(const std::string& name) {
  std::error_code ignored;
  if (std::filesystem::is_directory(name, ignored))
    return Error{fmt::format("{}: this is a directory; give the file in it", name)};
  std::ifstream stream(name, std::ios::binary);
  if (!stream) return Error{fmt::format("{}: {}", name, std::strerror(errno))};
  std::string text(max_file_bytes + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  return std::optional<File>{File{name, std::move(text)}};
}

}  // namespace

Result<std::optional<File>> find_file(const std::optional<std::string>& given) {
  if (given) return read(*given);
  for (const char* name : searched) {
    std::error_code ignored;
    if (std::filesystem::exists(name, ignored)) return read(name);
  }
  return std::optional<File>{};
}

std::vector<std::pair<std::string, std::string>> process_environment() {
  std::vector<std::pair<std::string, std::string>> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (equals == text.npos) continue;
    variables.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  std::sort(variables.begin(), variables.end());
  return variables;
}

}  // namespace orrery::config
