#include "http/response_reader.h"

#include "http/head_parser.h"

namespace orrery::http {

ResponseReader::ResponseReader(HeadLimits limits) : scanner_(limits), body_(limits) {}

ResponseReader::Event ResponseReader::next(std::span<char>& input) {
  const auto event = stage_ == Stage::head     ? read_head(input)
                     : stage_ == Stage::body   ? read_body(input)
                     : stage_ == Stage::failed ? Event(fault_)
                                               : Event(ResponseComplete{});
  if (const auto* fault = std::get_if<Fault>(&event)) {
    input = {};
    return fail(*fault);
  }
  return event;
}

ResponseReader::Event ResponseReader::read_head(std::span<char>& input) {
  const auto scan = scanner_.scan({input.data(), input.size()});
  if (const auto* fault = std::get_if<Fault>(&scan.event)) return *fault;
  head_bytes_.append(input.data(), scan.taken);
  input = input.subspan(scan.taken);
  if (std::holds_alternative<NeedMore>(scan.event)) return NeedMore{};
  return on_whole_head();
}

ResponseReader::Event ResponseReader::on_whole_head() {
  const auto bytes = std::string_view(head_bytes_).substr(scanner_.leading_bytes());
  if (const auto fault = parse_response_head(bytes, head_)) return *fault;
  const auto framing = to_ == To::head ? FramingOrFault(Framing{}) : framing_of(head_);
  if (const auto* fault = std::get_if<Fault>(&framing)) return *fault;
  if (const auto fault = body_.start(std::get<Framing>(framing))) return *fault;
  stage_ = Stage::body;
  return HeadArrived{};
}

ResponseReader::Event ResponseReader::read_body(std::span<char>& input) {
  const auto event = body_.read(input);
  if (const auto* fault = std::get_if<Fault>(&event)) return *fault;
  if (std::holds_alternative<NeedMore>(event)) return NeedMore{};
  stage_ = Stage::complete;
  return ResponseComplete{};
}

ResponseReader::Event ResponseReader::finish() {
  if (stage_ == Stage::body && body_.ends_with_connection()) stage_ = Stage::complete;
  if (stage_ == Stage::complete) return ResponseComplete{};
  if (stage_ == Stage::failed) return fault_;
  return fail({502, "the connection ended inside the response"});
}

ResponseReader::Event ResponseReader::fail(Fault fault) {
  fault_ = {502, fault.reason};
  stage_ = Stage::failed;
  return fault_;
}

void ResponseReader::reset(To to) {
  head_bytes_.clear();
  head_ = {};
  scanner_.reset();
  body_.reset();
  stage_ = Stage::head;
  to_ = to;
}

}  // namespace orrery::http
