// A Reader puts values of one source into the tree and gathers everything that is wrong with them.
//
// Owner   load(), one for each source.
// Thread  none.
// Limit   Report::most_diagnostics; the last one then says that there are more.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "config/load.h"
#include "config/value.h"

namespace orrery::config {

/// What reading found out, over all sources.
struct Report {
  static constexpr std::size_t most_diagnostics = 1'000;

  std::vector<Diagnostic> errors;
  std::vector<Diagnostic> warnings;
  std::vector<Diagnostic> unknown;        // keys that nobody knows: errors, or warnings
  std::vector<std::string> inactive;      // keys that don't act yet
  std::map<std::string, Diagnostic> set;  // path -> where it was set last; without a message

  /// A diagnostic about `path`, placed where it, or what it stands in, was set.
  [[nodiscard]] Diagnostic about(const std::string& path, std::string message) const;
};

class Reader {
 public:
  /// `source` as diagnostics name it. A source that is no file has no lines.
  enum class Lines : std::uint8_t { numbered, none };
  Reader(std::string source, Lines lines, Report& report)
      : source_(std::move(source)), lines_(lines), report_(report) {}

  /// The whole of a file.
  void read_root(const Value& root, Tree& tree);
  /// One key by its path: {"server", "port"}. `exact` for --set; variables of the environment
  /// don't know case, and write '_' for what is neither a letter nor a digit.
  enum class Names : std::uint8_t { exact, any_case };
  void read_path(std::span<const std::string> segments, Names names, const std::string& text,
                 Tree& tree);

 private:
  void read_object(const std::string& path, const Object& object, const Keys& keys);
  void read_member(const std::string& path, const Member& member, const Keys& keys);
  void read_key(const std::string& path, Place at, const Value& value, const Key& key);
  void read_below(const std::string& path, std::span<const std::string> segments, Names names,
                  const Value& value, const Keys& keys);

  void put(const std::string& path, const Value& value, const Flag& flag);
  void put(const std::string& path, const Value& value, const Count& count);
  void put(const std::string& path, const Value& value, const Duration& duration);
  void put(const std::string& path, const Value& value, const Size& size);
  void put(const std::string& path, const Value& value, const Choice& choice);
  void put(const std::string& path, const Value& value, const Text& text);
  void put(const std::string& path, const Value& value, const TextList& list);
  void put(const std::string& path, const Value& value, const Section& section);
  void put(const std::string& path, const Value& value, const SectionList& list);
  void put(const std::string& path, const Value& value, const Table& table);

  bool fits_table(const std::string& path, Place at, const std::string& name, const Table& table);
  void set(const std::string& path, Place at, const Key& key);
  void refuse(const std::string& path, const Value& value, const Slot& slot);
  void unknown_key(const std::string& path, Place at, const std::string& name, const Keys& keys);
  void error(const std::string& path, Place at, std::string message);
  [[nodiscard]] Diagnostic place(const std::string& path, Place at, std::string message) const;

  std::string source_;
  Lines lines_;
  Report& report_;
};

}  // namespace orrery::config
