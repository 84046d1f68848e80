// How fast are the pure parts of the protocol: frames in and out, masking, UTF-8, the handshake?
#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <variant>

#include "base/random.h"
#include "websocket/encoder.h"
#include "websocket/endpoint.h"
#include "websocket/handshake.h"
#include "websocket/mask.h"
#include "websocket/utf8.h"

namespace {

using namespace orrery::websocket;

constexpr MaskKey key{0x37, 0xfa, 0x21, 0x3d};

void payload_sizes(benchmark::internal::Benchmark* benchmark) {
  for (const int bytes : {16, 125, 1 << 10, 16 << 10, 64 << 10}) benchmark->Arg(bytes);
}

void report(benchmark::State& state, std::size_t payload_bytes, std::size_t messages = 1) {
  const auto count = static_cast<std::int64_t>(state.iterations() * messages);
  state.SetItemsProcessed(count);
  state.SetBytesProcessed(count * static_cast<std::int64_t>(payload_bytes));
}

// As many masked messages as fill 64 KiB, read as the loop's buffer would be. They are binary,
// because unmasking in place changes them: every second round sees the masked bytes as payload.
void decode(benchmark::State& state) {
  const auto payload_bytes = static_cast<std::size_t>(state.range(0));
  const std::string frame =
      encode_frame(Opcode::binary, std::string(payload_bytes, 'x'), {.mask = key});
  std::string buffer;
  std::size_t messages = 0;
  for (; messages == 0 || buffer.size() + frame.size() <= 64 << 10; ++messages) buffer += frame;
  Endpoint endpoint(Role::server);
  for (auto _ : state) {
    std::span<char> input(buffer);
    std::size_t seen = 0;
    while (!std::holds_alternative<NeedMore>(endpoint.next(input, orrery::Time{}))) ++seen;
    if (seen != messages) state.SkipWithError("a message is missing");
  }
  report(state, payload_bytes, messages);
}
BENCHMARK(decode)->Apply(payload_sizes);

// Head and payload into one buffer, as an outbox does it.
void encode(benchmark::State& state) {
  const auto payload_bytes = static_cast<std::size_t>(state.range(0));
  const std::string payload(payload_bytes, 'x');
  std::string out(payload_bytes + max_head_bytes, '\0');
  for (auto _ : state) {
    const std::size_t head = encode_head(out.data(), Opcode::text, payload.size());
    std::memcpy(out.data() + head, payload.data(), payload.size());
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
  report(state, payload_bytes);
}
BENCHMARK(encode)->Apply(payload_sizes);

void mask(benchmark::State& state) {
  std::string bytes(static_cast<std::size_t>(state.range(0)), 'x');
  for (auto _ : state) {
    (void)apply_mask(bytes, key, 1);
    benchmark::ClobberMemory();
  }
  report(state, bytes.size());
}
BENCHMARK(mask)->Apply(payload_sizes);

void mask_with(benchmark::State& state, MaskCode code) {
  if (!runs_here(code)) {
    state.SkipWithError("this machine lacks the instructions");
    return;
  }
  std::string bytes(static_cast<std::size_t>(state.range(0)), 'x');
  for (auto _ : state) {
    (void)apply_mask_with(code, bytes, key, 1);
    benchmark::ClobberMemory();
  }
  report(state, bytes.size());
}
BENCHMARK_CAPTURE(mask_with, words, MaskCode::words)->Arg(64 << 10);
BENCHMARK_CAPTURE(mask_with, avx2, MaskCode::avx2)->Arg(64 << 10);
BENCHMARK_CAPTURE(mask_with, avx512, MaskCode::avx512)->Arg(64 << 10);

std::string repeated(std::string_view unit, std::size_t bytes) {
  std::string text;
  while (text.size() + unit.size() <= bytes) text += unit;
  return text + std::string(bytes - text.size(), '.');
}

void utf8(benchmark::State& state, std::string_view unit) {
  const std::string text = repeated(unit, static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(is_utf8(text));
  report(state, text.size());
}
BENCHMARK_CAPTURE(utf8, ascii, "the quick brown fox ")->Apply(payload_sizes);
BENCHMARK_CAPTURE(utf8, mixed, "κόσμε 世界 🌍 and words ")->Apply(payload_sizes);

// The same in pieces of 1,000 bytes, most of them cut inside a character.
void utf8_in_pieces(benchmark::State& state) {
  const std::string text = repeated("κόσμε 世界 🌍 and words ", 64 << 10);
  for (auto _ : state) {
    Utf8Validator validator;
    for (std::size_t at = 0; at < text.size(); at += 1000)
      benchmark::DoNotOptimize(validator.feed(std::string_view(text).substr(at, 1000)));
  }
  report(state, text.size());
}
BENCHMARK(utf8_in_pieces);

// What a browser sends, checked, with the accept key; compression as in the second argument.
void handshake(benchmark::State& state, bool compression) {
  orrery::http::RequestHead head{.method = "GET", .target = "/", .minor_version = 1, .headers = {}};
  head.headers.add("Host", "example.com");
  head.headers.add("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/128.0");
  head.headers.add("Origin", "https://example.com");
  head.headers.add("Connection", "keep-alive, Upgrade");
  head.headers.add("Upgrade", "websocket");
  head.headers.add("Sec-WebSocket-Version", "13");
  head.headers.add("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
  head.headers.add("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits");
  std::optional<CompressionRules> rules;
  if (compression) rules.emplace();
  for (auto _ : state) {
    auto answer = check_upgrade(head, false, rules);
    if (!std::holds_alternative<Upgrade>(answer)) state.SkipWithError("refused");
    benchmark::DoNotOptimize(answer);
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK_CAPTURE(handshake, plain, false);
BENCHMARK_CAPTURE(handshake, compressed, true);

std::string json(std::size_t bytes) {
  std::string text;
  for (unsigned i = 0; text.size() < bytes; ++i)
    text += R"({"id":)" + std::to_string(i * 7919) + R"(,"room":"tea","text":"hello there"},)";
  text.resize(bytes);
  return text;
}

void compress(benchmark::State& state, CompressorChoice choice) {
  const std::string text = json(static_cast<std::size_t>(state.range(0)));
  DeflateEngine engine(choice);
  for (auto _ : state) benchmark::DoNotOptimize(engine.compress(text));
  report(state, text.size());
  state.counters["percent"] =
      100.0 * static_cast<double>(engine.compress(text).size()) / static_cast<double>(text.size());
}
BENCHMARK_CAPTURE(compress, fastest, CompressorChoice::fastest)->Apply(payload_sizes);
BENCHMARK_CAPTURE(compress, zlib, CompressorChoice::zlib)->Apply(payload_sizes);

void inflate(benchmark::State& state) {
  const std::string text = json(static_cast<std::size_t>(state.range(0)));
  DeflateEngine engine;
  const DeflateParams alone{.server_no_context_takeover = true, .client_no_context_takeover = true};
  Deflate deflate(engine, Role::server, alone);
  const std::string payload(engine.compress(text));
  for (auto _ : state) {
    GrowingBuffer& out = deflate.scratch();
    out.clear();
    const bool fine = deflate.inflate(payload, out, text.size()) == Inflated::fine &&
                      deflate.finish(out, text.size()) == Inflated::fine;
    if (!fine) state.SkipWithError("can't be inflated");
  }
  report(state, text.size());
}
BENCHMARK(inflate)->Apply(payload_sizes);

}  // namespace

BENCHMARK_MAIN();
