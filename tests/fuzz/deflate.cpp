// Whatever the bytes: inflating them is bounded and doesn't depend on how they are cut; compressing
// them loses nothing; and as an extension offer they lead to an answer that a client can read.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>

#include "websocket/extensions.h"

namespace {

using namespace orrery::websocket;

constexpr std::uint64_t limit = 20'000;

void require(bool holds, const char* what) {
  if (holds) return;
  std::cerr << what << "\n";
  std::abort();
}

// What inflating `payload` in pieces of `step` bytes comes to; twice, as two messages of one
// session.
std::string inflated(std::string_view payload, std::size_t step, const DeflateParams& params) {
  DeflateEngine engine;
  Deflate deflate(engine, Role::server, params);
  std::string said;
  for (int message = 0; message < 2; ++message) {
    GrowingBuffer out;
    Inflated result = Inflated::fine;
    for (std::size_t at = 0; at < payload.size() && result == Inflated::fine; at += step) {
      result = deflate.inflate(payload.substr(at, step), out, limit);
      require(out.capacity() <= limit && out.size() <= limit, "a bomb went off");
    }
    if (result == Inflated::fine) result = deflate.finish(out, limit);
    said += std::string(out.view()) + "/" + std::to_string(static_cast<int>(result));
    if (result != Inflated::fine) break;
    deflate.hibernate();
  }
  return said;
}

void check_inflating(std::string_view bytes) {
  for (const bool forgets : {false, true}) {
    DeflateParams params;
    params.client_no_context_takeover = forgets;
    const std::string whole = inflated(bytes, bytes.size() + 1, params);
    for (const std::size_t step : {1U, 5U, 100U})
      require(inflated(bytes, step, params) == whole, "a cut changed what comes out");
  }
}

void check_round_trip(std::string_view bytes, int window_bits, CompressionMode mode) {
  DeflateEngine engine;
  DeflateParams params;
  params.server_max_window_bits = window_bits;
  Deflate server(engine, Role::server, params, mode);
  Deflate client(engine, Role::client, params, mode);
  for (int message = 0; message < 2; ++message) {
    const std::string payload(server.compress(bytes));
    GrowingBuffer out;
    require(client.inflate(payload, out, bytes.size()) == Inflated::fine, "can't be inflated");
    require(client.finish(out, bytes.size()) == Inflated::fine, "can't be finished");
    require(out.view() == bytes, "something was lost");
  }
}

void check_negotiation(std::string_view offers) {
  for (const auto mode : {CompressionMode::shared, CompressionMode::dedicated}) {
    const auto negotiated = negotiate(offers, {.mode = mode});
    if (!negotiated) continue;
    const auto& params = negotiated->params;
    require(params.server_max_window_bits >= 9 && params.server_max_window_bits <= 15,
            "bad window");
    require(params.client_max_window_bits >= 8 && params.client_max_window_bits <= 15,
            "bad window");
    orrery::http::Headers headers;
    headers.add("Sec-WebSocket-Extensions", negotiated->response_value);
    const auto answer = read_answer(headers, {});
    require(answer.ok() && *answer && **answer == params, "the answer can't be read");
  }
}

}  // namespace

// The first byte chooses how the rest is compressed.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  check_negotiation(bytes);
  check_inflating(bytes);
  check_round_trip(bytes, 9 + data[0] % 7,
                   (data[0] & 0x80) != 0 ? CompressionMode::dedicated : CompressionMode::shared);
  return 0;
}
