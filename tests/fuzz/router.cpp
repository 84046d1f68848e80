// Lines with patterns, an empty line, lines with paths: the router agrees with the naive one on
// every path, and the URL made from a match leads to the same match.
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

#include "http/naive_router.h"
#include "http/router.h"
#include "http/url.h"

namespace {

using namespace orrery::http;

void require(bool holds, const std::string& what) {
  if (holds) return;
  std::cerr << what << "\n";
  std::abort();
}

std::string_view next_line(std::string_view& text) {
  const auto line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return line;
}

std::string told(const Router& router, const std::optional<Match>& match) {
  if (!match) return "nothing";
  auto text = router.pattern(match->entry);
  for (const auto& [name, value] : match->params) text += " " + std::string(name) + "=" + value;
  return text;
}

void check_way_back(const Router& router, const Match& match) {
  const auto& pattern = router.pattern(match.entry);
  // A rest keeps "%2F", so its URL says "%252F": the same value, but not the same segments.
  if (pattern.find("/*") != std::string::npos) return;
  std::vector<PathValue> values;
  for (const auto& [name, value] : match.params) values.push_back({name, value});
  const auto url = url_for(pattern, values);
  if (!url) return;  // "." and ".." can't be written
  require(told(router, router.find("", *url)) == told(router, match), "lost: " + *url);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), std::min<std::size_t>(size, 4096));
  Router router;
  NaiveRouter naive;
  while (!text.empty()) {
    const auto pattern = next_line(text);
    if (pattern.empty()) break;
    if (router.add("", pattern)) naive.add(std::string(pattern));
  }
  while (!text.empty()) {
    const std::string path(next_line(text));
    const auto match = router.find("any.host", path);
    const auto expected = path.starts_with('/') ? naive.find(path) : "nothing";
    require(told(router, match) == expected, "differs: " + path + ", expected " + expected);
    if (match) check_way_back(router, *match);
    if (const auto target = split_target(path))
      require(decode_path(target->raw_path)->find('\0') == std::string::npos, "a NUL in " + path);
  }
  return 0;
}
