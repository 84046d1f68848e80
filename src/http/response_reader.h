// A ResponseReader takes the bytes that a server sends and tells when a response's head, and then
// its body, have arrived. For the client role: tests now, the command line later.
//
// Owner   the client's connection. It keeps its own copy of the head.
// Thread  none.
// Limit   HeadLimits, as for requests. A Fault carries status 502.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "http/body_reader.h"
#include "http/events.h"
#include "http/head.h"
#include "http/head_scanner.h"

namespace orrery::http {

/// The response is whole: body() is valid until reset().
struct ResponseComplete {};

class ResponseReader {
 public:
  using Event = std::variant<NeedMore, HeadArrived, ResponseComplete, Fault>;
  enum class To : std::uint8_t { get, head };  // the answer to HEAD has no body (RFC 9110 §9.3.2)

  explicit ResponseReader(HeadLimits limits);
  ResponseReader(const ResponseReader&) = delete;
  ResponseReader& operator=(const ResponseReader&) = delete;

  /// As RequestReader::next(). After the HeadArrived of a 101 the rest of the input is frames.
  Event next(std::span<char>& input);
  /// The server sent its last byte: completes a body that has no length, faults in any other place.
  Event finish();
  /// Ready for the next response, the answer to a request of this kind.
  void reset(To to = To::get);

  [[nodiscard]] const ResponseHead& head() const { return head_; }
  [[nodiscard]] std::string_view body() const { return body_.bytes(); }

 private:
  enum class Stage : std::uint8_t { head, body, complete, failed };

  Event read_head(std::span<char>& input);
  Event on_whole_head();
  Event read_body(std::span<char>& input);
  Event fail(Fault fault);

  HeadScanner scanner_;
  BodyReader body_;
  std::string head_bytes_;
  ResponseHead head_;
  Fault fault_;
  Stage stage_ = Stage::head;
  To to_ = To::get;
};

}  // namespace orrery::http
