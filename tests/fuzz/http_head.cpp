// Whatever the bytes, a request reader gives the same answer however they are cut, keeps its
// limits, and hands out only heads that no later step can misread.
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>

#include "http/request_reader.h"
#include "http/request_transcript.h"
#include "http/response_reader.h"
#include "http/url.h"

namespace {

using namespace orrery::http;

constexpr HeadLimits limits{.head_bytes = 512, .header_count = 8, .body_bytes = 256};

void require(bool holds, const char* what) {
  if (holds) return;
  std::cerr << what << "\n";
  std::abort();
}

// Cut at places that depend only on the bytes, so that every run of one input is the same.
std::vector<std::string> cut(std::string_view bytes) {
  std::minstd_rand random(static_cast<unsigned>(std::hash<std::string_view>{}(bytes)));
  std::vector<std::string> pieces;
  while (!bytes.empty()) {
    const auto size = std::min<std::size_t>(1 + random() % 24, bytes.size());
    pieces.emplace_back(bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
  return pieces;
}

void check_target(const RequestReader& reader) {
  require(reader.target().has_value(), "a target that can't be split");
  require(reader.target()->raw_path == "*" || reader.target()->raw_path.starts_with('/'),
          "a path that begins nowhere");
}

void check_head(const RequestHead& head) {
  require(head.headers.size() <= limits.header_count, "too many headers got through");
  for (const auto& [name, value] : head.headers) {
    require(name.find_first_of(std::string_view(" \t\r\n\0:", 6)) == name.npos, "bad name");
    require(value.find_first_of(std::string_view("\r\n\0", 3)) == value.npos, "bad value");
    if (same_name(name, "Cookie")) (void)parse_cookies(value);
  }
  const auto mark = head.target.find('?');
  if (mark != head.target.npos) (void)query_param(head.target.substr(mark + 1), "a");
}

void check_requests(std::string bytes) {
  RequestReader reader(limits);
  std::span<char> input(bytes);
  while (true) {
    const auto left = input.size();
    const auto event = reader.next(input);
    require(input.size() <= left, "the input grew");
    if (std::holds_alternative<HeadArrived>(event)) {
      check_head(reader.head());
      check_target(reader);
    }
    require(reader.body().size() <= limits.body_bytes, "the body is beyond its limit");
    if (std::holds_alternative<RequestComplete>(event)) reader.reset();
    if (std::holds_alternative<NeedMore>(event) || std::holds_alternative<Fault>(event)) break;
  }
  require(input.empty(), "input was left over");
}

std::string response_transcript(const std::vector<std::string>& pieces) {
  ResponseReader reader(limits);
  std::string text;
  for (auto piece : pieces) {
    std::span<char> input(piece);
    while (true) {
      const auto event = reader.next(input);
      if (std::holds_alternative<NeedMore>(event)) break;
      if (const auto* fault = std::get_if<Fault>(&event)) return text + fault->reason;
      text += std::to_string(reader.head().status) + std::string(reader.body()) + ";";
      if (std::holds_alternative<ResponseComplete>(event)) reader.reset();
    }
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const auto whole = transcript_of({bytes}, limits);
  require(transcript_of(cut(bytes), limits) == whole, "a cut changed the requests");
  require(response_transcript(cut(bytes)) == response_transcript({bytes}),
          "a cut changed the responses");
  check_requests(bytes);
  return 0;
}
