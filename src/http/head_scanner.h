// A HeadScanner finds the end of an HTTP head in bytes that come in any pieces, and refuses on the
// way what no later step needs to see: lines without CR, folded lines, too many bytes or headers.
//
// Owner   a reader.
// Thread  none.
// Limit   HeadLimits::head_bytes and header_count, refused as soon as exceeded.
// Why     it looks at each byte once; a parser that starts again at every packet is quadratic.
#pragma once

#include <string_view>
#include <variant>

#include "http/events.h"

namespace orrery::http {

class HeadScanner {
 public:
  explicit HeadScanner(HeadLimits limits) : limits_(limits) {}

  struct Scan {
    std::size_t taken = 0;                             // bytes of the input that belong to the head
    std::variant<NeedMore, HeadArrived, Fault> event;  // HeadArrived: the empty line was the last
  };
  /// Goes on where the last scan stopped.
  Scan scan(std::string_view input);
  void reset() { *this = HeadScanner(limits_); }

  /// Scanned so far, an empty line before the head included.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] bool started() const { return bytes_ > leading_bytes_; }
  /// The length of the empty line in front of the head: 0 or 2.
  [[nodiscard]] std::size_t leading_bytes() const { return leading_bytes_; }
  [[nodiscard]] const HeadLimits& limits() const { return limits_; }

 private:
  void take(std::string_view part_of_line);
  std::variant<NeedMore, HeadArrived, Fault> end_line();

  HeadLimits limits_;
  std::size_t bytes_ = 0;
  std::size_t leading_bytes_ = 0;
  std::size_t lines_ = 0;
  std::size_t line_bytes_ = 0;  // of the current line, without its LF
  char first_ = 0;              // of the current line
  char last_ = 0;
};

}  // namespace orrery::http
