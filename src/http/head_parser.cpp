#include "http/head_parser.h"

#include <boost/beast/http/basic_parser.hpp>
#include <limits>

#include "http/characters.h"

namespace orrery::http {
namespace {

namespace beast = boost::beast;
using Code = beast::error_code;

std::string_view view_of(beast::string_view text) {
  return {text.data(), text.size()};
}

// Receives what Beast finds in the head; bodies are read by BodyReader.
template <bool is_request, typename Head>
class Sink final : public beast::http::basic_parser<is_request> {
 public:
  explicit Sink(Head& head) : head_(head) {
    this->header_limit(std::numeric_limits<std::uint32_t>::max());  // HeadScanner keeps the limit
    this->body_limit(boost::none);
  }

 private:
  void on_request_impl(beast::http::verb, beast::string_view method, beast::string_view target,
                       int version, Code&) override {
    if constexpr (is_request) {
      head_.method = view_of(method);
      head_.target = view_of(target);
      head_.minor_version = version % 10;
    }
  }
  void on_response_impl(int status, beast::string_view reason, int version, Code&) override {
    if constexpr (!is_request) {
      head_.status = status;
      head_.reason = view_of(reason);
      head_.minor_version = version % 10;
    }
  }
  void on_field_impl(beast::http::field, beast::string_view name, beast::string_view value,
                     Code&) override {
    head_.headers.add(view_of(name), view_of(value));
  }
  void on_header_impl(Code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, Code&) override {}
  std::size_t on_body_impl(beast::string_view, Code&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, Code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view, Code&) override { return 0; }
  void on_finish_impl(Code&) override {}

  Head& head_;
};

// Whether the start line ends in a version that is well formed (RFC 9112 §2.3).
bool names_another_version(std::string_view bytes) {
  const auto line = bytes.substr(0, bytes.find('\r'));
  const auto version = line.substr(line.rfind(' ') + 1);
  return version.size() == 8 && version.starts_with("HTTP/") && is_digit(version[5]) &&
         version[6] == '.' && is_digit(version[7]);
}

Fault fault_for(const Code& code, std::string_view bytes) {
  using Error = beast::http::error;
  if (code == Error::bad_version && names_another_version(bytes))
    return {505, "only HTTP/1.0 and HTTP/1.1 are spoken here"};
  if (code == Error::bad_version) return {400, "malformed start line"};
  if (code == Error::bad_method) return {400, "malformed method"};
  if (code == Error::bad_target) return {400, "malformed request target"};
  if (code == Error::bad_field) return {400, "malformed header name"};
  if (code == Error::bad_value) return {400, "malformed header value"};
  if (code == Error::bad_line_ending) return {400, "carriage return without line feed"};
  if (code == Error::bad_content_length) return {400, "malformed Content-Length"};
  if (code == Error::multiple_content_length) return {400, "more than one Content-Length"};
  if (code == Error::bad_transfer_encoding) return {400, "ambiguous Transfer-Encoding"};
  return {400, "malformed head"};
}

template <bool is_request, typename Head>
MaybeFault parse(std::string_view bytes, Head& head) {
  Sink<is_request, Head> sink(head);
  Code code;
  sink.put({bytes.data(), bytes.size()}, code);
  if (code) return fault_for(code, bytes);
  return std::nullopt;
}

}  // namespace

MaybeFault parse_request_head(std::string_view bytes, RequestHead& head) {
  return parse<true>(bytes, head);
}

MaybeFault parse_response_head(std::string_view bytes, ResponseHead& head) {
  return parse<false>(bytes, head);
}

}  // namespace orrery::http
