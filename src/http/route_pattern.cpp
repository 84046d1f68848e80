#include "http/route_pattern.h"

#include <algorithm>
#include <string>

#include "http/characters.h"
#include "http/router.h"
#include "http/url.h"

namespace orrery::http {
namespace {

using Kind = PatternSegment::Kind;

PatternSegment segment_of(std::string_view text) {
  if (text.starts_with(':')) return {Kind::param, text.substr(1)};
  if (text.starts_with('*')) return {Kind::rest, text.substr(1)};
  return {Kind::fixed, text};
}

bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return is_digit(c) || c == '_' || (lower(c) >= 'a' && lower(c) <= 'z');
  });
}

bool is_path_text(char c) {
  return !is_control(c) && !is_blank(c) && c != '?' && c != '#';
}

// What is wrong with a pattern, or "".
std::string_view complaint_about(const std::vector<PatternSegment>& segments) {
  std::vector<std::string_view> names;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const auto& [kind, text] = segments[i];
    if (kind == Kind::fixed) continue;
    if (!is_name(text)) return "a parameter's name consists of letters, digits and '_'";
    if (kind == Kind::rest && i + 1 < segments.size()) return "*rest can only be the last segment";
    if (std::find(names.begin(), names.end(), text) != names.end())
      return "two parameters have the same name";
    names.push_back(text);
  }
  return names.size() > Router::param_count ? "it has more than 16 parameters" : "";
}

Error bad(std::string_view pattern, std::string_view why) {
  return Error{"the route \"" + std::string(pattern) + "\" can't be used: " + std::string(why)};
}

// A segment that a client would resolve away, even percent-encoded (RFC 3986 §5.2.4).
bool is_dots(std::string_view segment) {
  return segment == "." || segment == "..";
}

bool has_dots(std::string_view path) {
  while (true) {
    const auto end = path.find('/');
    if (is_dots(path.substr(0, end))) return true;
    if (end == std::string_view::npos) return false;
    path.remove_prefix(end + 1);
  }
}

void append_rest(std::string& url, std::string_view rest) {
  while (true) {
    const auto end = rest.find('/');
    url += percent_encode(rest.substr(0, end));
    if (end == std::string_view::npos) return;
    url += '/';
    rest.remove_prefix(end + 1);
  }
}

}  // namespace

Result<std::vector<PatternSegment>> parse_pattern(std::string_view pattern) {
  if (!pattern.starts_with('/')) return bad(pattern, "it must begin with '/'");
  if (!std::all_of(pattern.begin(), pattern.end(), is_path_text))
    return bad(pattern, "white space, control characters, '?' and '#' are no part of a path");
  std::vector<PatternSegment> segments;
  auto left = pattern.substr(1);
  while (true) {
    const auto end = left.find('/');
    segments.push_back(segment_of(left.substr(0, end)));
    if (end == std::string_view::npos) break;
    left.remove_prefix(end + 1);
  }
  const auto complaint = complaint_about(segments);
  if (!complaint.empty()) return bad(pattern, complaint);
  return segments;
}

bool ends_in_rest(std::string_view pattern) {
  return pattern.find("/*") != std::string_view::npos;
}

Result<std::string> url_for(std::string_view pattern, std::span<const PathValue> values) {
  const auto segments = parse_pattern(pattern);
  if (!segments) return Error{segments.error()};
  const auto value_of = [&](std::string_view name) {
    return std::find_if(values.begin(), values.end(),
                        [&](const PathValue& v) { return v.name == name; });
  };
  const auto needs = [&](std::string_view name) {
    return std::any_of(segments->begin(), segments->end(), [&](const PatternSegment& s) {
      return s.kind != Kind::fixed && s.text == name;
    });
  };
  for (const auto& value : values)
    if (!needs(value.name)) return bad(pattern, "it has no parameter " + std::string(value.name));
  std::string url;
  for (const auto& [kind, text] : *segments) {
    url += '/';
    if (kind == Kind::fixed) {
      url += percent_encode(text);
      continue;
    }
    const auto value = value_of(text);
    if (value == values.end()) return bad(pattern, std::string(text) + " is missing");
    if (kind == Kind::param && value->value.empty())
      return bad(pattern, std::string(text) + " is empty");
    if (kind == Kind::param ? is_dots(value->value) : has_dots(value->value))
      return bad(pattern, std::string(text) + " can't be \".\" or \"..\"");
    if (kind == Kind::param)
      url += percent_encode(value->value);
    else
      append_rest(url, value->value);
  }
  return url;
}

}  // namespace orrery::http
