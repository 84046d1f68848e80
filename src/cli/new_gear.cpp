#include "cli/new_gear.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <span>
#include <utility>

namespace orrery::cli {

/// Name and text: see orrery_embed() in cmake/folders.cmake.
extern const std::span<const std::pair<std::string_view, std::string_view>> new_gear_files;

namespace {

constexpr std::size_t longest_name = 40;

// What CMake calls targets of its own, and what its users would confuse with ours.
constexpr std::string_view taken_words[] = {
    "all",     "clean",         "depend",       "edit_cache",     "help",
    "install", "orrery",        "package",      "package_source", "rebuild_cache",
    "test",    "install_local", "install_strip"};

bool is_small_letter(char letter) {
  return letter >= 'a' && letter <= 'z';
}

bool may_stand_in_a_name(char letter) {
  return is_small_letter(letter) || (letter >= '0' && letter <= '9') || letter == '_';
}

// "green_tea" is GreenTea.
std::string class_name(std::string_view name) {
  std::string result;
  bool begins = true;
  for (const char letter : name) {
    if (letter == '_') {
      begins = true;
      continue;
    }
    result += begins ? static_cast<char>(std::toupper(static_cast<unsigned char>(letter))) : letter;
    begins = false;
  }
  return result;
}

// The nearest thing that is a name; empty if there is none.
std::string mended(std::string_view name) {
  std::string result;
  for (const char letter : name) {
    const auto byte = static_cast<unsigned char>(letter);
    if (std::isalnum(byte))
      result += static_cast<char>(std::tolower(byte));
    else if (!result.empty() && result.back() != '_')
      result += '_';
  }
  while (result.ends_with('_')) result.pop_back();
  const bool good = !result.empty() && is_small_letter(result.front()) &&
                    result.size() <= longest_name &&
                    std::ranges::find(taken_words, result) == std::end(taken_words);
  return good ? result : "";
}

Result<void> check(std::string_view name) {
  if (name.empty()) return Error{"a gear needs a name, such as green_tea"};
  if (name.size() > longest_name)
    return Error{
        fmt::format("the name has {} letters, and may have {}", name.size(), longest_name)};
  const bool plain = is_small_letter(name.front()) && name.back() != '_' &&
                     std::ranges::all_of(name, may_stand_in_a_name) && name.find("__") == name.npos;
  if (!plain) {
    const std::string near = mended(name);
    return Error{
        fmt::format("\"{}\" is no name for a gear: it becomes a namespace, so small letters, "
                    "digits and single _ are allowed, a letter first{}",
                    name, near.empty() ? "" : "; did you mean " + near + "?")};
  }
  if (std::ranges::find(taken_words, name) != std::end(taken_words))
    return Error{
        fmt::format("\"{}\" is a word of CMake or Orrery; did you mean my_{}?", name, name)};
  return {};
}

// "0.1.0" is 0.1: until 1.0 that is what packages are compatible with.
std::string_view major_and_minor(std::string_view version) {
  return version.substr(0, version.rfind('.'));
}

std::string filled_in(std::string_view text, std::string_view name, std::string_view version) {
  const std::pair<std::string_view, std::string> blanks[] = {
      {"@name@", std::string(name)},
      {"@Name@", class_name(name)},
      {"@version@", std::string(major_and_minor(version))}};
  std::string result(text);
  for (const auto& [blank, word] : blanks)
    for (auto at = result.find(blank); at != result.npos; at = result.find(blank, at + word.size()))
      result.replace(at, blank.size(), word);
  return result;
}

Exit refuse(std::ostream& errors, std::string_view why) {
  errors << "orrery new-gear: " << why << '\n';
  return Exit::refused;
}

bool write(const std::filesystem::path& path, std::string_view text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  return !file.fail();
}

}  // namespace

Result<std::vector<ProjectFile>> project_of(std::string_view name, std::string_view version) {
  if (const auto fine = check(name); !fine) return Error{fine.error()};
  std::vector<ProjectFile> files;
  for (const auto& [file, text] : new_gear_files)
    files.push_back({std::string(file), filled_in(text, name, version)});
  return files;
}

Exit write_new_gear(const std::string& name, const std::string& folder, std::string_view version,
                    std::ostream& out, std::ostream& errors) {
  const auto files = project_of(name, version);
  if (!files) return refuse(errors, files.error());
  const std::filesystem::path where = folder.empty() ? name : folder;
  std::error_code failed;
  if (std::filesystem::exists(std::filesystem::symlink_status(where, failed)))
    return refuse(errors,
                  fmt::format("{} exists already, and is left as it is; say another folder: "
                              "orrery new-gear {} DIR",
                              where.string(), name));
  std::filesystem::create_directories(where, failed);
  if (failed) {
    errors << fmt::format("orrery new-gear: {}: {}\n", where.string(), failed.message());
    return Exit::failed;
  }
  for (const auto& file : *files)
    if (!write(where / file.name, file.text)) {
      errors << fmt::format("orrery new-gear: can't write {}\n", (where / file.name).string());
      return Exit::failed;
    }
  out << fmt::format(
      "wrote {0}: its README.md says more\n\n"
      "  cd {0}\n  cmake -B build && cmake --build build\n  ctest --test-dir build\n"
      "  build/{1} 9001\n",
      where.string(), name);
  return Exit::ok;
}

}  // namespace orrery::cli
