#include "websocket/deflate.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <string>
#include <vector>

#include "base/random.h"
#include "websocket/igzip.h"

namespace orrery::websocket {
namespace {

constexpr std::uint64_t unlimited = ~0ULL;
const DeflateParams no_takeover{.server_no_context_takeover = true,
                                .client_no_context_takeover = true};
const DeflateParams takeover{};

// The other side, as RFC 7692 §7.2.2 describes it, straight on zlib.
class PlainZlib {
 public:
  explicit PlainZlib(int window_bits) { inflateInit2(&stream_, -window_bits); }
  ~PlainZlib() { inflateEnd(&stream_); }
  PlainZlib(const PlainZlib&) = delete;
  PlainZlib& operator=(const PlainZlib&) = delete;

  std::string inflate(std::string_view payload) {
    std::string input = std::string(payload) + std::string("\x00\x00\xff\xff", 4);
    std::string output(1 << 22, '\0');
    stream_.next_in = reinterpret_cast<Bytef*>(input.data());
    stream_.avail_in = static_cast<uInt>(input.size());
    stream_.next_out = reinterpret_cast<Bytef*>(output.data());
    stream_.avail_out = static_cast<uInt>(output.size());
    const int result = ::inflate(&stream_, Z_SYNC_FLUSH);
    if (result != Z_OK || stream_.avail_in != 0) return "<broken>";
    output.resize(output.size() - stream_.avail_out);
    return output;
  }

 private:
  z_stream stream_{};
};

std::string inflated(Deflate& deflate, std::string_view payload, std::uint64_t limit = unlimited) {
  GrowingBuffer out;
  Inflated result = deflate.inflate(payload, out, limit);
  if (result == Inflated::fine) result = deflate.finish(out, limit);
  switch (result) {
    case Inflated::fine: return std::string(out.view());
    case Inflated::too_big: return "<too big>";
    case Inflated::broken: break;
  }
  return "<broken>";
}

std::string json(std::size_t size) {
  std::string text;
  for (unsigned i = 0; text.size() < size; ++i)
    text += R"({"id":)" + std::to_string(i * 7919) + R"(,"room":"tea","text":"hello there"},)";
  text.resize(size);
  return text;
}

std::string noise(std::size_t size, std::uint64_t seed = 7) {
  std::string bytes(size, '\0');
  SeededRandom(seed).fill(bytes);
  return bytes;
}

std::vector<std::string> samples() {
  return {"",
          "a",
          "Hello",
          std::string(1000, '\0'),
          json(100),
          json(5000),
          json(70'000),
          json(300'000),
          noise(1),
          noise(100),
          noise(40'000),
          noise(1'100'000),
          std::string(2'000'000, 'x')};
}

class EachCompressor : public testing::TestWithParam<CompressorChoice> {};

TEST_P(EachCompressor, WritesWhatZlibReadsInEachWindow) {
  DeflateEngine engine(GetParam());
  for (int bits = 9; bits <= 15; ++bits) {
    for (const auto& sample : samples()) {
      PlainZlib peer(bits);
      ASSERT_EQ(peer.inflate(engine.compress(sample, bits)), sample)
          << bits << " bits, " << sample.size() << " bytes";
    }
  }
}

TEST_P(EachCompressor, NoMessageDependsOnAnother) {
  DeflateEngine engine(GetParam());
  const std::string first(engine.compress(json(5000)));
  EXPECT_EQ(std::string(engine.compress(json(5000))), first);
  EXPECT_LT(first.size(), 1500U);
}

TEST_P(EachCompressor, NoiseGrowsByLittle) {
  DeflateEngine engine(GetParam());
  for (const std::size_t size : {100U, 10'000U, 1'000'000U})
    EXPECT_LE(engine.compress(noise(size)).size(), size + size / 1000 + 64) << size;
}

INSTANTIATE_TEST_SUITE_P(OfTheEngine, EachCompressor,
                         testing::Values(CompressorChoice::fastest, CompressorChoice::zlib));

TEST(DeflateEngine, ScratchIsKeptUpToOneMiB) {
  DeflateEngine engine;
  static_cast<void>(engine.compress(noise(600'000)));
  const std::size_t warm = engine.memory_bytes();
  engine.trim();
  EXPECT_EQ(engine.memory_bytes(), warm);
  static_cast<void>(engine.compress(noise(3'000'000)));
  EXPECT_GT(engine.memory_bytes(), warm + 2'000'000);
  engine.trim();
  EXPECT_LT(engine.memory_bytes(), warm);
}

TEST(DeflateEngine, MemoryDoesNotGrowWithSessions) {
  DeflateEngine engine;
  std::vector<std::unique_ptr<Deflate>> sessions;
  const auto talk = [&] {
    sessions.push_back(std::make_unique<Deflate>(engine, Role::server, no_takeover));
    const std::string payload(sessions.back()->compress(json(5000)));
    EXPECT_EQ(inflated(*sessions.back(), payload), json(5000));
    EXPECT_LE(sessions.back()->memory_bytes(), 200U);
  };
  talk();
  const std::size_t warm = engine.memory_bytes();
  for (int i = 0; i < 100; ++i) talk();
  EXPECT_EQ(engine.memory_bytes(), warm);
}

// The examples of RFC 7692 §7.2.3.
TEST(Deflate, ReadsTheExamplesOfTheRfc) {
  struct Row {
    const char* name;
    std::string payload;
    std::string text;
  };
  const std::string hello("\xf2\x48\xcd\xc9\xc9\x07\x00", 7);
  const std::string bfinal("\xf3\x48\xcd\xc9\xc9\x07\x00", 7);
  const std::string zero(1, '\0');
  const Row rows[] = {
      {"one block", hello, "Hello"},
      {"a block without compression", std::string("\x00\x05\x00\xfa\xff", 5) + "Hello" + zero,
       "Hello"},
      {"a block with BFINAL", bfinal + zero, "Hello"},
      {"a block with BFINAL and no byte after it", bfinal, "Hello"},
      {"two blocks", std::string("\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00", 13),
       "Hello"},
      {"blocks after one with BFINAL", bfinal + hello, "HelloHello"},
      {"an empty message", zero, ""},
      {"nothing at all", "", ""},
      {"empty blocks", std::string("\x00\x00\x00\xff\xff\x00\x00\x00\xff\xff", 10) + hello,
       "Hello"},
  };
  for (const auto& row : rows) {
    DeflateEngine engine;
    Deflate deflate(engine, Role::server, no_takeover);
    EXPECT_EQ(inflated(deflate, row.payload), row.text) << row.name;
    EXPECT_EQ(inflated(deflate, row.payload), row.text) << row.name << ", again";
  }
}

TEST(Deflate, RefusesWhatIsNotDeflate) {
  struct Row {
    const char* name;
    std::string payload;
  };
  const std::string hello("\xf2\x48\xcd\xc9\xc9\x07\x00", 7);
  const Row rows[] = {
      {"a reserved block type", "\x06"},
      {"a stored block with a wrong complement", std::string("\x00\x05\x00\xfa\xfe", 5) + "Hello"},
      {"a distance before the beginning", std::string("\xf2\x00\x11\x00\x00", 5)},
      {"a block that stops in the middle", hello.substr(0, 4)},
      {"a stored block that stops in the middle", std::string("\x00\x05\x00\xfa\xff", 5) + "He"},
      {"a broken tree", "\x04\xff\xff\xff\xff\xff"},
  };
  for (const auto& row : rows) {
    DeflateEngine engine;
    Deflate deflate(engine, Role::server, no_takeover);
    EXPECT_EQ(inflated(deflate, row.payload), "<broken>") << row.name;
  }
}

TEST(Deflate, InflatesInPiecesOfAnySize) {
  DeflateEngine engine;
  Deflate deflate(engine, Role::server, no_takeover);
  const std::string payload(engine.compress(json(3000)));
  for (std::size_t step = 1; step <= payload.size(); ++step) {
    GrowingBuffer out;
    for (std::size_t at = 0; at < payload.size(); at += step)
      ASSERT_EQ(deflate.inflate(std::string_view(payload).substr(at, step), out, 3000),
                Inflated::fine);
    ASSERT_EQ(deflate.finish(out, 3000), Inflated::fine);
    ASSERT_EQ(out.view(), json(3000)) << step;
  }
}

TEST(Deflate, SessionsMayBeInTheMiddleOfMessagesAtOnce) {
  DeflateEngine engine;
  Deflate alice(engine, Role::server, no_takeover);
  Deflate bob(engine, Role::server, no_takeover);
  const std::string first(engine.compress(json(3000)));
  const std::string second(engine.compress(noise(3000)));
  GrowingBuffer to_alice;
  GrowingBuffer to_bob;
  const auto half = [](const std::string& text) { return std::string_view(text).substr(0, 50); };
  const auto rest = [](const std::string& text) { return std::string_view(text).substr(50); };
  EXPECT_EQ(alice.inflate(half(first), to_alice, unlimited), Inflated::fine);
  EXPECT_EQ(bob.inflate(half(second), to_bob, unlimited), Inflated::fine);
  EXPECT_EQ(alice.inflate(rest(first), to_alice, unlimited), Inflated::fine);
  EXPECT_EQ(bob.inflate(rest(second), to_bob, unlimited), Inflated::fine);
  EXPECT_EQ(alice.finish(to_alice, unlimited), Inflated::fine);
  EXPECT_EQ(bob.finish(to_bob, unlimited), Inflated::fine);
  EXPECT_EQ(to_alice.view(), json(3000));
  EXPECT_EQ(to_bob.view(), noise(3000));
}

TEST(Deflate, LimitsWhatComesOut) {
  DeflateEngine engine;
  Deflate deflate(engine, Role::server, no_takeover);
  for (const auto& sample : {json(5000), std::string(5000, 'x'), noise(5000)}) {
    const std::string payload(engine.compress(sample));
    EXPECT_EQ(inflated(deflate, payload, 5000), sample) << "exactly the limit";
    Deflate other(engine, Role::server, no_takeover);
    EXPECT_EQ(inflated(other, payload, 4999), "<too big>");
  }
  Deflate none(engine, Role::server, no_takeover);
  EXPECT_EQ(inflated(none, std::string(1, '\0'), 0), "") << "a limit of nothing";
  EXPECT_EQ(inflated(none, engine.compress("x"), 0), "<too big>");
}

// Attack 3.
TEST(Deflate, ABombAllocatesNoMoreThanTheLimit) {
  DeflateEngine sender;
  const std::string bomb(sender.compress(std::string(64 << 20, '\0')));
  ASSERT_LT(bomb.size(), 1U << 20);
  for (const auto& params : {no_takeover, takeover}) {
    constexpr std::uint64_t limit = 1 << 20;
    DeflateEngine engine;
    Deflate deflate(engine, Role::server, params);
    GrowingBuffer out;
    Inflated result = Inflated::fine;
    for (std::size_t at = 0; at < bomb.size() && result == Inflated::fine; at += 16) {
      result = deflate.inflate(std::string_view(bomb).substr(at, 16), out, limit);
      ASSERT_LE(out.capacity() + deflate.memory_bytes() + engine.memory_bytes(), limit + 65536);
    }
    EXPECT_EQ(result, Inflated::too_big);
  }
}

TEST(Deflate, WithTakeoverLaterMessagesReferToEarlierOnes) {
  DeflateEngine engine;
  Deflate server(engine, Role::server, takeover, CompressionMode::dedicated);
  Deflate client(engine, Role::client, takeover, CompressionMode::dedicated);
  const std::string message = noise(2000);
  EXPECT_FALSE(server.independent());
  EXPECT_EQ(inflated(client, std::string(server.compress(message))), message);
  const std::string again(server.compress(message));
  EXPECT_LT(again.size(), 100U);
  EXPECT_EQ(inflated(client, again), message);
  EXPECT_EQ(inflated(client, std::string(server.compress(""))), "");
  EXPECT_EQ(inflated(client, std::string(server.compress(""))), "");
  EXPECT_EQ(inflated(client, std::string(server.compress(message))), message);
}

TEST(Deflate, DedicatedWithoutTakeoverForgets) {
  DeflateEngine engine;
  Deflate server(engine, Role::server, no_takeover, CompressionMode::dedicated);
  Deflate client(engine, Role::client, no_takeover, CompressionMode::dedicated);
  for (int i = 0; i < 3; ++i) {
    const std::string payload(server.compress(noise(2000)));
    EXPECT_GT(payload.size(), 2000U);
    EXPECT_EQ(inflated(client, payload), noise(2000));
  }
}

TEST(Deflate, AfterHibernationBothSidesStillUnderstandEachOther) {
  DeflateEngine engine;
  Deflate server(engine, Role::server, takeover, CompressionMode::dedicated);
  Deflate client(engine, Role::client, takeover, CompressionMode::dedicated);
  const std::string message = noise(2000);
  EXPECT_EQ(inflated(server, std::string(client.compress(message))), message);
  EXPECT_EQ(inflated(client, std::string(server.compress(message))), message);
  const std::size_t awake = server.memory_bytes();
  EXPECT_GT(awake, 200'000U);
  server.hibernate();
  EXPECT_LE(server.memory_bytes(), 2500U);
  const std::string refers_back(client.compress(message));
  EXPECT_LT(refers_back.size(), 100U);
  EXPECT_EQ(inflated(server, refers_back), message);
  const std::string fresh(server.compress(message));
  EXPECT_GT(fresh.size(), 2000U);
  EXPECT_EQ(inflated(client, fresh), message);
}

TEST(Deflate, HibernatingInTheMiddleOfAMessageLosesNothing) {
  DeflateEngine engine;
  Deflate server(engine, Role::server, takeover);
  const std::string payload(engine.compress(json(2000)));
  GrowingBuffer out;
  ASSERT_EQ(server.inflate(std::string_view(payload).substr(0, 60), out, unlimited),
            Inflated::fine);
  server.hibernate();
  ASSERT_EQ(server.inflate(std::string_view(payload).substr(60), out, unlimited), Inflated::fine);
  ASSERT_EQ(server.finish(out, unlimited), Inflated::fine);
  EXPECT_EQ(out.view(), json(2000));
}

// With takeover the window outlives a final block, for senders that end each message with one.
TEST(Deflate, AFinalBlockKeepsTheWindow) {
  DeflateEngine engine;
  Deflate deflate(engine, Role::server, takeover);
  const std::string bfinal("\xf3\x48\xcd\xc9\xc9\x07\x00\x00", 8);
  const std::string refers_back("\xf2\x00\x11\x00\x00", 5);  // RFC 7692 §7.2.3.2
  EXPECT_EQ(inflated(deflate, bfinal), "Hello");
  EXPECT_EQ(inflated(deflate, refers_back), "Hello");
}

TEST(Deflate, AWindowOf256BytesIsObeyed) {
  DeflateEngine engine;
  DeflateParams params;
  params.client_max_window_bits = 8;
  Deflate client(engine, Role::client, params);
  PlainZlib peer(8);
  for (const auto& sample : {json(5000), noise(300) + noise(300), std::string(3000, 'x')})
    EXPECT_EQ(peer.inflate(client.compress(sample)), sample);
}

TEST(Deflate, DedicatedWindowsOfEachSizeAreObeyed) {
  for (int bits = 9; bits <= 15; ++bits) {
    DeflateEngine engine;
    DeflateParams params;
    params.server_max_window_bits = bits;
    Deflate server(engine, Role::server, params, CompressionMode::dedicated);
    PlainZlib peer(bits);
    for (const auto& sample : samples())
      ASSERT_EQ(peer.inflate(server.compress(sample)), sample) << bits << " " << sample.size();
  }
}

}  // namespace
}  // namespace orrery::websocket
