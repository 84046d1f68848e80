// Whatever the bytes, an Endpoint says the same however they are cut, keeps its limits, and passes
// on nothing that RFC 6455 forbids.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <random>

#include "websocket/close_code.h"
#include "websocket/endpoint.h"
#include "websocket/transcript.h"
#include "websocket/utf8.h"

namespace {

using namespace orrery::websocket;

void require(bool holds, const char* what) {
  if (holds) return;
  std::cerr << what << "\n";
  std::abort();
}

// The first byte of an input says which endpoint reads the rest.
struct Setup {
  Role role;
  bool deflate;
  bool takeover;
  std::uint64_t limit;
};

Setup setup_from(std::uint8_t bits) {
  constexpr std::uint64_t limits[] = {0, 100, 5000, ~0ULL};
  return {(bits & 1) != 0 ? Role::client : Role::server, (bits & 2) != 0, (bits & 4) != 0,
          limits[bits >> 3 & 3]};
}

// Cut at places that depend only on the bytes, so that every run of one input is the same.
Pieces cut(std::string_view bytes, std::size_t longest) {
  std::minstd_rand random(static_cast<unsigned>(std::hash<std::string_view>{}(bytes)));
  Pieces pieces;
  while (!bytes.empty()) {
    const auto size = std::min<std::size_t>(1 + random() % longest, bytes.size());
    pieces.emplace_back(bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
  return pieces;
}

class Reader {
 public:
  explicit Reader(const Setup& setup)
      : setup_(setup), endpoint_(setup.role, setup.limit, deflate_for(setup)) {}

  std::string transcript_of(const Pieces& pieces) {
    for (const auto& piece : pieces) {
      received_ += piece.size();
      std::vector<char> bytes(piece.begin(), piece.end());
      read(bytes);
    }
    return transcript_;
  }

 private:
  std::unique_ptr<Deflate> deflate_for(const Setup& setup) {
    if (!setup.deflate) return nullptr;
    DeflateParams params;
    params.client_no_context_takeover = params.server_no_context_takeover = !setup.takeover;
    return std::make_unique<Deflate>(engine_, setup.role, params);
  }

  void read(std::span<char> input) {
    while (true) {
      const std::size_t left = input.size();
      const Event event = endpoint_.next(input, orrery::Time{});
      require(input.size() <= left, "the input grew");
      if (std::holds_alternative<NeedMore>(event)) break;
      require(!over_, "an event after the end");
      check(event);
      transcript_ += line_of(event);
    }
    require(input.empty(), "input was left over");
    if (!setup_.deflate)
      require(endpoint_.buffered_bytes() <= 2 * received_ + 65 * 1024, "too much is held");
  }

  void check(const Event& event) {
    if (const auto* message = std::get_if<MessageArrived>(&event)) {
      require(message->payload.size() <= setup_.limit, "a message beyond its limit");
      require(message->opcode != Opcode::text || is_utf8(message->payload), "text is not UTF-8");
    } else if (const auto* close = std::get_if<CloseArrived>(&event)) {
      require(close->code == 0 || is_valid_received(close->code), "a bad close code");
      require(is_utf8(close->reason) && close->reason.size() <= 123, "a bad close reason");
      over_ = true;
    } else if (std::holds_alternative<Fault>(event)) {
      over_ = true;
    }
  }

  DeflateEngine engine_;
  Setup setup_;
  Endpoint endpoint_;
  std::string transcript_;
  std::size_t received_ = 0;
  bool over_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Setup setup = setup_from(data[0]);
  const std::string bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  const std::string whole = Reader(setup).transcript_of({bytes});
  for (const std::size_t longest : {1U, 7U, 64U})
    require(Reader(setup).transcript_of(cut(bytes, longest)) == whole, "a cut changed the events");
  return 0;
}
