#include "http/request_reader.h"

#include "http/head_parser.h"

namespace orrery::http {
namespace {

constexpr std::size_t small_head_bytes = 1024;  // kept from one request to the next
constexpr std::size_t small_header_count = 16;

}  // namespace

RequestReader::RequestReader(HeadLimits limits) : scanner_(limits), body_(limits) {}

RequestReader::Event RequestReader::next(std::span<char>& input) {
  switch (stage_) {
    case Stage::head: return read_head(input);
    case Stage::body: return read_body(input);
    case Stage::complete: return RequestComplete{};
    case Stage::failed: break;
  }
  return fail(fault_, input);
}

RequestReader::Event RequestReader::read_head(std::span<char>& input) {
  const auto scan = scanner_.scan({input.data(), input.size()});
  if (const auto* fault = std::get_if<Fault>(&scan.event)) return fail(*fault, input);
  head_bytes_.append(input.data(), scan.taken);
  input = input.subspan(scan.taken);
  if (std::holds_alternative<NeedMore>(scan.event)) return NeedMore{};
  const auto event = on_whole_head();
  if (const auto* fault = std::get_if<Fault>(&event)) return fail(*fault, input);
  return event;
}

RequestReader::Event RequestReader::on_whole_head() {
  ++parses_;
  const auto bytes = std::string_view(head_bytes_).substr(scanner_.leading_bytes());
  if (const auto fault = parse_request_head(bytes, head_)) return *fault;
  if (const auto fault = fault_in(head_)) return *fault;
  target_ = target_of(head_);
  if (!target_) return Fault{400, "malformed request target"};
  const auto framing = framing_of(head_);
  if (const auto* fault = std::get_if<Fault>(&framing)) return *fault;
  const auto& known = std::get<Framing>(framing);
  if (const auto fault = body_.start(known)) return *fault;
  has_body_ = known.body != Framing::Body::none;
  keep_alive_ = is_persistent(head_.minor_version, head_.headers);
  expects_continue_ =
      head_.minor_version >= 1 && has_body_ && head_.headers.has_token("Expect", "100-continue");
  stage_ = Stage::body;
  return HeadArrived{};
}

RequestReader::Event RequestReader::read_body(std::span<char>& input) {
  const auto event = body_.read(input);
  if (const auto* fault = std::get_if<Fault>(&event)) return fail(*fault, input);
  if (std::holds_alternative<NeedMore>(event)) return NeedMore{};
  stage_ = Stage::complete;
  return RequestComplete{};
}

RequestReader::Event RequestReader::fail(Fault fault, std::span<char>& input) {
  input = {};
  fault_ = fault;
  stage_ = Stage::failed;
  keep_alive_ = false;
  return fault;
}

void RequestReader::reset() {
  if (head_bytes_.capacity() > small_head_bytes) std::string().swap(head_bytes_);
  head_bytes_.clear();
  head_.method = {};
  head_.target = {};
  target_.reset();
  head_.minor_version = 1;
  if (head_.headers.size() > small_header_count) head_.headers = Headers();
  head_.headers.clear();
  scanner_.reset();
  body_.reset();
  parses_ = 0;
  stage_ = Stage::head;
  has_body_ = keep_alive_ = expects_continue_ = false;
}

}  // namespace orrery::http
