// NaiveRouter answers as Router should, in the most obvious way: it tries every route and keeps the
// most specific. Tests and the fuzz target compare the two.
//
// Thread  none.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/url.h"

namespace orrery::http {

class NaiveRouter {
 public:
  void add(const std::string& pattern) { patterns_.push_back(pattern); }

  /// "pattern name=value ...", or "nothing".
  [[nodiscard]] std::string find(const std::string& path) const {
    Candidate best;
    for (const auto& pattern : patterns_) {
      const auto candidate = match(pattern, path);
      if (!candidate.rank.empty() && (best.rank.empty() || candidate.rank < best.rank))
        best = candidate;
    }
    return best.rank.empty() || best.broken ? "nothing" : best.text;
  }

 private:
  // Ranks compare segment by segment: 0 static, 1 parameter, 2 rest.
  struct Candidate {
    std::string rank;
    std::string text;
    bool broken = false;  // a value can't be decoded
  };

  static std::vector<std::string> split(std::string_view path) {
    std::vector<std::string> segments{""};
    for (const char c : path.substr(1)) {
      if (c == '/')
        segments.emplace_back();
      else
        segments.back() += c;
    }
    return segments;
  }

  static Candidate match(const std::string& pattern, const std::string& path) {
    const auto wanted = split(pattern);
    const auto given = split(path);
    Candidate result{"", pattern};
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (i >= given.size()) return {};
      const auto name = wanted[i].substr(wanted[i].empty() ? 0 : 1);
      if (wanted[i].starts_with('*')) {
        auto rest = given[i];
        for (auto j = i + 1; j < given.size(); ++j) rest += "/" + given[j];
        const auto decoded = decode_path(rest);
        result.broken = result.broken || !decoded;
        result.text += " " + name + "=" + decoded.value_or("");
        result.rank += '2';
        return result;
      }
      const auto decoded = percent_decode(given[i]);
      if (wanted[i].starts_with(':')) {
        if (given[i].empty()) return {};
        result.broken = result.broken || !decoded;
        result.text += " " + name + "=" + decoded.value_or("");
        result.rank += '1';
      } else {
        if (decoded != wanted[i]) return {};
        result.rank += '0';
      }
    }
    return wanted.size() == given.size() ? result : Candidate{};
  }

  std::vector<std::string> patterns_;
};

}  // namespace orrery::http
