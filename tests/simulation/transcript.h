// A Transcript is what happened in one simulated world, line by line, and what was wrong with it.
//
// Owner   the story.
// Thread  one.
// Why     the same seed writes the same lines: what `./dev sim --seed N` shows is what failed.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace orrery::simulation {

class Transcript {
 public:
  enum class Lines : std::uint8_t { counted, shown };

  Transcript(const Clock& clock, Lines lines) : clock_(clock), began_(clock.now()), lines_(lines) {}

  /// One line. They are not kept, but each changes the digest.
  template <typename... Args>
  void note(fmt::format_string<Args...> form, Args&&... with) {
    add(fmt::format(form, std::forward<Args>(with)...));
  }
  /// Something that must not happen.
  template <typename... Args>
  void fault(fmt::format_string<Args...> form, Args&&... with) {
    faults_.push_back(fmt::format(form, std::forward<Args>(with)...));
    add("FAULT " + faults_.back());
  }
  [[nodiscard]] const std::vector<std::string>& faults() const { return faults_; }
  [[nodiscard]] bool sound() const { return faults_.empty(); }
  /// Equal for equal lines.
  [[nodiscard]] std::size_t digest() const { return digest_; }

 private:
  void add(const std::string& line) {
    const auto at = (clock_.now() - began_).count();
    digest_ = digest_ * 31 + std::hash<std::string>{}(line) + static_cast<std::size_t>(at);
    if (lines_ == Lines::shown) fmt::print("{:>7}.{:03} {}\n", at / 1000, at % 1000, line);
  }

  const Clock& clock_;
  const Time began_;
  const Lines lines_;
  std::size_t digest_ = 0;
  std::vector<std::string> faults_;
};

}  // namespace orrery::simulation
