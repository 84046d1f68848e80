// A BodyReader collects the body of one message: by its length, in chunks, or until the end.
//
// Owner   a reader.
// Thread  none.
// Limit   HeadLimits::body_bytes for the decoded body (413); chunk sizes of at most 16 hex digits;
//         chunk extensions and trailers together at most HeadLimits::head_bytes, and dropped.
// Why     not Beast's chunk parser: that wants unfinished lines again with every packet and lets a
//         bare LF stand inside an extension, which other servers take for the end of the line.
#pragma once

#include <span>
#include <string>
#include <variant>

#include "http/events.h"
#include "http/framing.h"

namespace orrery::http {

struct BodyComplete {};

class BodyReader {
 public:
  explicit BodyReader(HeadLimits limits) : limits_(limits) {}

  /// Begins a body; a length beyond the limit is refused before a byte of it came.
  [[nodiscard]] MaybeFault start(const Framing& framing);
  /// Takes bytes from the front of `input`.
  std::variant<NeedMore, BodyComplete, Fault> read(std::span<char>& input);
  /// Whether the end of the connection completes the body.
  [[nodiscard]] bool ends_with_connection() const { return state_ == State::until_end; }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }
  void reset();

 private:
  enum class State : std::uint8_t {
    done,
    length,
    until_end,
    size,            // hex digits of a chunk's size
    size_space,      // white space between them and an extension
    extension,       // after ';', skipped
    extension_text,  // inside a quoted string, skipped
    extension_escape,
    size_lf,
    data,
    data_cr,
    data_lf,
    trailer_start,  // at the start of a line behind the last chunk
    trailer_name,
    trailer_value,
    trailer_lf,
    last_lf,
  };

  MaybeFault read_bytes(std::span<char>& input);
  MaybeFault take_size(char c);
  MaybeFault take_size_line(char c);
  MaybeFault take_trailer(char c);
  MaybeFault take_framing(char c);
  MaybeFault end_size_line();

  HeadLimits limits_;
  std::string bytes_;
  std::uint64_t left_ = 0;          // of the length, or of the current chunk
  std::size_t overhead_bytes_ = 0;  // extensions and trailers so far
  std::uint8_t digits_ = 0;
  State state_ = State::done;
};

}  // namespace orrery::http
