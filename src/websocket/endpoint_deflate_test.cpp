// An Endpoint that negotiated permessage-deflate: RFC 7692, attacks 3 and 4.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "websocket/encoder.h"
#include "websocket/endpoint.h"
#include "websocket/transcript.h"

namespace orrery::websocket {
namespace {

using enum Opcode;
constexpr MaskKey key{0x37, 0xfa, 0x21, 0x3d};
constexpr bool more = false;
constexpr bool fin = true;
constexpr std::uint64_t limit = 1000;
const DeflateParams alone{.server_no_context_takeover = true, .client_no_context_takeover = true};

std::string plain(bool is_last, Opcode opcode, std::string_view payload) {
  return encode_frame(opcode, payload, {.fin = is_last, .mask = key});
}

std::string with_rsv1(bool is_last, Opcode opcode, std::string_view payload) {
  return encode_frame(opcode, payload, {.fin = is_last, .compressed = true, .mask = key});
}

std::string compressed(std::string_view text) {
  DeflateEngine engine;
  return std::string(engine.compress(text));
}

std::string whole(Opcode opcode, std::string_view payload) {
  return with_rsv1(fin, opcode, compressed(payload));
}

std::string halves(Opcode opcode, std::string_view payload, const std::string& between = "") {
  const std::string bytes = compressed(payload);
  const std::size_t half = bytes.size() / 2;
  return with_rsv1(more, opcode, bytes.substr(0, half)) + between +
         plain(fin, continuation, bytes.substr(half));
}

struct Row {
  const char* name;
  std::string bytes;
  std::string transcript;
};

void expect_rows(const std::vector<Row>& rows) {
  DeflateEngine engine;
  for (const auto& row : rows) {
    for (const auto& cut : every_cut(row.bytes)) {
      Endpoint endpoint(Role::server, limit,
                        std::make_unique<Deflate>(engine, Role::server, alone));
      ASSERT_EQ(transcript_of(endpoint, cut), row.transcript)
          << row.name << ", first piece of " << cut.front().size() << " bytes";
    }
  }
}

TEST(EndpointDeflate, ReadsCompressedMessages) {
  const std::string x1000(1000, 'x');
  const std::string hello = "hello hello hello hello";
  expect_rows({
      {"a compressed message", whole(text, hello), "text " + hello + "\n"},
      {"a compressed binary message", whole(binary, "\xff\xfe\xff\xfe"),
       "binary \xff\xfe\xff\xfe\n"},
      {"an empty compressed message", whole(text, ""), "text \n"},
      {"a plain message among compressed ones",
       whole(text, "a") + plain(fin, text, "b") + whole(text, "c"), "text a\ntext b\ntext c\n"},
      {"only the first fragment has RSV1", halves(text, hello), "text " + hello + "\n"},
      {"a ping may interrupt a compressed message", halves(text, hello, plain(fin, ping, "?")),
       "ping ?\ntext " + hello + "\n"},
      {"an empty first fragment",
       with_rsv1(more, text, "") + plain(fin, continuation, compressed("hi")), "text hi\n"},
      {"an empty last fragment",
       with_rsv1(more, text, compressed("hi")) + plain(fin, continuation, ""), "text hi\n"},
      {"two compressed messages in fragments", halves(text, "one") + halves(text, "two"),
       "text one\ntext two\n"},
      {"a message that inflates to the limit", whole(text, x1000), "text " + x1000 + "\n"},
      {"a block with BFINAL",
       with_rsv1(fin, text, std::string("\xf3\x48\xcd\xc9\xc9\x07\x00\x00", 8)), "text Hello\n"},
      {"a character across two fragments", halves(text, "世界"), "text 世界\n"},
  });
}

TEST(EndpointDeflate, RefusesWhatIsWrong) {
  const std::string hello = compressed("hello hello hello hello");
  const std::string x900(900, 'x');
  expect_rows({
      {"RSV1 on a continuation",
       with_rsv1(more, text, hello.substr(0, 4)) + with_rsv1(fin, continuation, hello.substr(4)),
       "1002 reserved bits set\n"},
      {"RSV1 on a ping", with_rsv1(fin, ping, "?"), "1002 reserved bits set\n"},
      {"RSV1 on a close", with_rsv1(fin, close, ""), "1002 reserved bits set\n"},
      {"not deflate", with_rsv1(fin, binary, "\x06\x06"), "1007 compressed data is broken\n"},
      {"not all of it", with_rsv1(fin, binary, hello.substr(0, 3)),
       "1007 compressed data is broken\n"},
      {"bad text", whole(text, "good \xff bad"), "1007 text is not UTF-8\n"},
      {"a character that never ends", whole(text, "good \xe4"), "1007 text is not UTF-8\n"},
      {"one byte more than the limit", whole(binary, std::string(1001, 'x')),
       "1009 message too big\n"},
      {"a limit counts all fragments after inflation", halves(binary, x900 + x900),
       "1009 message too big\n"},
      {"bad text is worse than too much of it", whole(text, "\xff" + x900 + x900),
       "1007 text is not UTF-8\n"},
      {"bad text beyond the limit is only too much", whole(text, x900 + x900 + "\xff"),
       "1009 message too big\n"},
      {"more compressed bytes than the limit could need",
       with_rsv1(more, binary, std::string(2300, '\0')), "1009 message too big\n"},
  });
}

TEST(EndpointDeflate, AnIncompressibleMessageOfTheLimitPasses) {
  std::string noise(limit, '\0');
  SeededRandom(3).fill(noise);
  DeflateEngine engine;
  Endpoint endpoint(Role::server, limit, std::make_unique<Deflate>(engine, Role::server, alone));
  EXPECT_EQ(transcript_of(endpoint, {whole(binary, noise)}), "binary " + noise + "\n");
}

// Attack 3: the bomb as one frame, in fragments, and with a context that is kept.
TEST(EndpointDeflate, ABombEndsAtTheLimit) {
  const std::string bomb = compressed(std::string(8 << 20, '\0'));
  std::string in_fragments = with_rsv1(more, binary, bomb.substr(0, 500));
  for (std::size_t at = 500; at < bomb.size(); at += 500)
    in_fragments += plain(at + 500 >= bomb.size(), continuation, bomb.substr(at, 500));
  for (const auto& params : {alone, DeflateParams{}}) {
    for (const auto& bytes : {with_rsv1(fin, binary, bomb), in_fragments}) {
      DeflateEngine engine;
      Endpoint endpoint(Role::server, 1 << 20,
                        std::make_unique<Deflate>(engine, Role::server, params));
      std::string said;
      std::size_t most = 0;
      for (std::size_t at = 0; at < bytes.size(); at += 100) {
        said += transcript_of(endpoint, {bytes.substr(at, 100)});
        most = std::max(most, endpoint.buffered_bytes() + engine.memory_bytes());
      }
      EXPECT_EQ(said, "1009 message too big\n");
      EXPECT_LE(most, (1U << 20) + 65536);
    }
  }
}

TEST(EndpointDeflate, InOnePieceOnlyTheScratchOfTheLoopIsUsed) {
  DeflateEngine engine;
  Endpoint endpoint(Role::server, 1 << 20, std::make_unique<Deflate>(engine, Role::server, alone));
  const std::string text_of_50k(50'000, 'x');
  EXPECT_EQ(transcript_of(endpoint, {whole(text, text_of_50k)}), "text " + text_of_50k + "\n");
  EXPECT_LE(endpoint.buffered_bytes(), 200U);
  const std::size_t warm = engine.memory_bytes();
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(transcript_of(endpoint, {whole(text, text_of_50k)}), "text " + text_of_50k + "\n");
  EXPECT_EQ(engine.memory_bytes(), warm);
}

TEST(EndpointDeflate, ScratchAboveOneMiBIsGivenBack) {
  DeflateEngine engine;
  Endpoint endpoint(Role::server, 1 << 24, std::make_unique<Deflate>(engine, Role::server, alone));
  const std::string big(5 << 20, 'x');
  EXPECT_EQ(transcript_of(endpoint, {whole(text, big)}).size(), big.size() + 6);
  EXPECT_LT(engine.memory_bytes(), 1U << 20);
}

TEST(EndpointDeflate, ServerAndClientTalkWithTakeover) {
  DeflateEngine engine;
  Deflate client(engine, Role::client, {}, CompressionMode::dedicated);
  Endpoint endpoint(Role::server, 1 << 20,
                    std::make_unique<Deflate>(engine, Role::server, DeflateParams{}));
  std::string noise(2000, '\0');
  SeededRandom(3).fill(noise);
  for (int i = 0; i < 3; ++i) {
    const std::string payload(client.compress(noise));
    EXPECT_EQ(payload.size() < 100, i > 0);
    EXPECT_EQ(transcript_of(endpoint, {with_rsv1(fin, binary, payload)}), "binary " + noise + "\n");
    endpoint.hibernate();
  }
}

}  // namespace
}  // namespace orrery::websocket
