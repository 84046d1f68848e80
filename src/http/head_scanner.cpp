#include "http/head_scanner.h"

#include <utility>

#include "http/characters.h"

namespace orrery::http {

HeadScanner::Scan HeadScanner::scan(std::string_view input) {
  std::size_t taken = 0;
  while (taken < input.size() && bytes_ < limits_.head_bytes) {
    const auto rest = input.substr(taken, limits_.head_bytes - bytes_);
    const auto line_end = rest.find('\n');
    const auto part = rest.substr(0, line_end);
    take(part);
    taken += part.size();
    if (line_end == std::string_view::npos) continue;
    ++taken;
    ++bytes_;
    const auto event = end_line();
    if (!std::holds_alternative<NeedMore>(event)) return {taken, event};
  }
  if (bytes_ >= limits_.head_bytes) return {taken, Fault{431, "head too large"}};
  return {taken, NeedMore{}};
}

void HeadScanner::take(std::string_view part_of_line) {
  if (part_of_line.empty()) return;
  if (line_bytes_ == 0) first_ = part_of_line.front();
  last_ = part_of_line.back();
  line_bytes_ += part_of_line.size();
  bytes_ += part_of_line.size();
}

std::variant<NeedMore, HeadArrived, Fault> HeadScanner::end_line() {
  const auto bytes = std::exchange(line_bytes_, 0);
  if (bytes == 0 || last_ != '\r')
    return Fault{400, "line feed without carriage return"};  // RFC 9112 §2.2
  if (bytes == 1) {
    if (lines_ > 0) return HeadArrived{};
    if (leading_bytes_ > 0) return Fault{400, "empty lines instead of a head"};
    leading_bytes_ = bytes_;  // RFC 9112 §2.2: one empty line before the head is ignored
    return NeedMore{};
  }
  ++lines_;
  if (lines_ > 1 && is_blank(first_)) return Fault{400, "folded header line"};  // RFC 9112 §5.2
  if (lines_ > limits_.header_count + 1) return Fault{431, "too many headers"};
  return NeedMore{};
}

}  // namespace orrery::http
