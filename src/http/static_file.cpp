#include "http/static_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>

#include "http/characters.h"
#include "http/date.h"
#include "http/media_type.h"

namespace orrery::http {
namespace {

enum class Comparison { weak, strong };  // RFC 9110 §8.8.3.2

std::string_view without_weak(std::string_view etag) {
  return etag.starts_with("W/") ? etag.substr(2) : etag;
}

bool same_etag(std::string_view a, std::string_view b, Comparison comparison) {
  if (comparison == Comparison::strong) return a == b && !a.starts_with("W/");
  return without_weak(a) == without_weak(b);
}

// Whether any header of this name lists the entity tag, or is "*".
bool lists_etag(const Headers& headers, std::string_view name, std::string_view etag,
                Comparison comparison) {
  for (const auto& header : headers) {
    if (!same_name(header.name, name)) continue;
    auto list = header.value;
    while (!list.empty()) {
      const auto element = next_element(list, ',');
      if (element == "*" || same_etag(element, etag, comparison)) return true;
    }
  }
  return false;
}

// Whether the file changed after the date in this header; nothing if there is no such date.
std::optional<bool> changed_since(const Headers& headers, std::string_view name,
                                  const FileInfo& file) {
  const auto text = headers.find(name);
  if (!text) return std::nullopt;
  const auto date = parse_http_date(*text);
  if (!date) return std::nullopt;
  return std::chrono::floor<std::chrono::seconds>(file.modified) > *date;
}

// RFC 9110 §13.2.2, in its order: the status that the conditions ask for, 200 if they let pass.
int status_by_conditions(const Headers& headers, const FileInfo& file) {
  if (headers.count("If-Match") > 0) {
    if (!lists_etag(headers, "If-Match", file.etag, Comparison::strong)) return 412;
  } else if (changed_since(headers, "If-Unmodified-Since", file).value_or(false)) {
    return 412;
  }
  if (headers.count("If-None-Match") > 0)
    return lists_etag(headers, "If-None-Match", file.etag, Comparison::weak) ? 304 : 200;
  return changed_since(headers, "If-Modified-Since", file).value_or(true) ? 200 : 304;
}

// A part of the file: both ends inside it. Nothing known: the whole file.
struct Part {
  enum class Kind { whole, part, outside } kind = Kind::whole;
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};

// Digits only; what is too large to count is as good as infinite.
std::optional<std::uint64_t> number(std::string_view digits) {
  if (digits.empty() || !std::all_of(digits.begin(), digits.end(), is_digit)) return std::nullopt;
  constexpr auto most = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t value = 0;
  for (const char c : digits) {
    if (value > (most - 9) / 10) return most;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return value;
}

// RFC 9110 §14.1.2. What is malformed, or asks for several ranges, is ignored.
Part parse_range(std::string_view header, std::uint64_t bytes) {
  const auto equals = header.find('=');
  if (equals == std::string_view::npos || !same_name(header.substr(0, equals), "bytes")) return {};
  const auto spec = trimmed(header.substr(equals + 1));
  const auto dash = spec.find('-');
  if (dash == std::string_view::npos) return {};
  const auto left = number(spec.substr(0, dash));
  const auto right = number(spec.substr(dash + 1));
  if (dash == 0) {  // the last n bytes
    if (!right) return {};
    if (*right == 0 || bytes == 0) return {Part::Kind::outside};
    return {Part::Kind::part, bytes - std::min(*right, bytes), bytes - 1};
  }
  const bool open_ended = dash + 1 == spec.size();
  if (!left || (!right && !open_ended) || (right && *right < *left)) return {};
  if (*left >= bytes) return {Part::Kind::outside};
  return {Part::Kind::part, *left, open_ended ? bytes - 1 : std::min(*right, bytes - 1)};
}

// RFC 9110 §13.1.5: a range of a file that has changed since would not fit the part that is there.
bool range_still_fits(const Headers& headers, const FileInfo& file) {
  const auto condition = headers.find("If-Range");
  if (!condition) return true;
  if (condition->find('"') != std::string_view::npos)
    return same_etag(*condition, file.etag, Comparison::strong);
  const auto date = parse_http_date(*condition);
  return date && *date == std::chrono::floor<std::chrono::seconds>(file.modified);
}

Part part_asked_for(const RequestHead& request, const FileInfo& file) {
  const bool one = request.method == "GET" && request.headers.count("Range") == 1;
  if (!one || !range_still_fits(request.headers, file)) return {};
  return parse_range(*request.headers.find("Range"), file.bytes);
}

// Relative, so that no path can turn it into another host's address ("//evil.example/").
std::string location_with_slash(std::string_view target) {
  const auto mark = std::min(target.find('?'), target.size());
  const auto path = target.substr(0, mark);
  const auto segment = path.substr(path.rfind('/') + 1);
  return fmt::format("./{}/{}", segment, target.substr(mark));
}

void describe_whole(FileAnswer& answer, const FileInfo& file) {
  answer.length = file.bytes;
  answer.headers.push_back({"Content-Type", std::string(media_type(file.name))});
  answer.headers.push_back({"Accept-Ranges", "bytes"});
}

void apply_range(FileAnswer& answer, const Part& part, const FileInfo& file) {
  if (part.kind == Part::Kind::whole) return;
  const bool outside = part.kind == Part::Kind::outside;
  answer.status = outside ? 416 : 206;
  answer.offset = outside ? 0 : part.first;
  answer.length = outside ? 0 : part.last - part.first + 1;
  answer.headers.push_back({"Content-Range", outside ? fmt::format("bytes */{}", file.bytes)
                                                     : fmt::format("bytes {}-{}/{}", part.first,
                                                                   part.last, file.bytes)});
}

}  // namespace

std::vector<Header> FileAnswer::header_views() const {
  std::vector<Header> views;
  views.reserve(headers.size());
  for (const auto& field : headers) views.push_back({field.name, field.value});
  return views;
}

FileAnswer answer_file(const RequestHead& request, const FileInfo& file,
                       std::string_view cache_control) {
  FileAnswer answer;
  answer.headers.push_back({"X-Content-Type-Options", "nosniff"});
  if (request.method != "GET" && request.method != "HEAD") {
    answer.status = 405;
    answer.headers.push_back({"Allow", "GET, HEAD"});
    return answer;
  }
  if (file.slash_missing) {
    answer.status = 301;
    answer.headers.push_back({"Location", location_with_slash(request.target)});
    return answer;
  }
  answer.status = status_by_conditions(request.headers, file);
  if (answer.status == 412) return answer;
  answer.headers.push_back({"ETag", file.etag});
  answer.headers.push_back({"Last-Modified", http_date(file.modified)});
  answer.headers.push_back({"Cache-Control", std::string(cache_control)});
  if (answer.status == 304) return answer;
  describe_whole(answer, file);
  apply_range(answer, part_asked_for(request, file), file);
  return answer;
}

}  // namespace orrery::http
