// A RequestReader takes the bytes of one connection and tells when a request's head, and then its
// body, have arrived: one request at a time, so that pipelined requests stay in order.
//
// Owner   the connection. It keeps its own copy of the head: head() survives the input.
// Thread  none.
// Limit   HeadLimits. Each byte of a head is scanned once and the head is parsed once, however it
//         was cut; a body's buffer grows with the bytes that arrived, not with the length declared.
// Why     our own checks stand around Beast's parser, which accepts folded headers and two Hosts.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "http/body_reader.h"
#include "http/events.h"
#include "http/head.h"
#include "http/head_scanner.h"
#include "http/url.h"

namespace orrery::http {

/// The request is whole: body() is valid until reset().
struct RequestComplete {};

class RequestReader {
 public:
  using Event = std::variant<NeedMore, HeadArrived, RequestComplete, Fault>;

  explicit RequestReader(HeadLimits limits);
  // head() holds views into the reader itself.
  RequestReader(const RequestReader&) = delete;
  RequestReader& operator=(const RequestReader&) = delete;

  /// Takes bytes from the front of `input`. After HeadArrived the caller may stop (after an upgrade
  /// the rest of the input is frames) or call again for the body. After RequestComplete nothing
  /// more is taken until reset(). After a Fault the input is emptied and every call returns that
  /// Fault.
  Event next(std::span<char>& input);

  /// Ready for the next request. Gives big buffers back, so that an idle connection keeps little.
  void reset();

  [[nodiscard]] const RequestHead& head() const { return head_; }
  /// Nothing before the head has arrived, or if it is malformed.
  [[nodiscard]] const std::optional<Target>& target() const { return target_; }
  [[nodiscard]] std::string_view body() const { return body_.bytes(); }
  /// Whether the head announced a body (RFC 9112 §6.3); an upgrade must not.
  [[nodiscard]] bool has_body() const { return has_body_; }
  /// Whether the client expects the connection to go on after this request (RFC 9112 §9.3).
  [[nodiscard]] bool keep_alive() const { return keep_alive_; }
  /// Whether the client waits for "100 Continue" before it sends the body (RFC 9110 §10.1.1).
  [[nodiscard]] bool expects_continue() const { return expects_continue_; }
  /// Whether any byte of the current request came; an empty line before it does not count.
  [[nodiscard]] bool started() const { return scanner_.started(); }

  /// How much work the current head cost, for the tests that show that it is linear.
  struct Work {
    std::size_t scanned_bytes = 0;
    std::size_t parses = 0;
  };
  [[nodiscard]] Work work() const { return {scanner_.bytes(), parses_}; }

 private:
  enum class Stage : std::uint8_t { head, body, complete, failed };

  Event read_head(std::span<char>& input);
  Event on_whole_head();
  Event read_body(std::span<char>& input);
  Event fail(Fault fault, std::span<char>& input);

  HeadScanner scanner_;
  BodyReader body_;
  std::string head_bytes_;
  RequestHead head_;
  std::optional<Target> target_;  // views into head_bytes_, too
  Fault fault_;
  std::size_t parses_ = 0;
  Stage stage_ = Stage::head;
  bool has_body_ = false;
  bool keep_alive_ = false;
  bool expects_continue_ = false;
};

}  // namespace orrery::http
