#include "websocket/encoder.h"

#include <gtest/gtest.h>

#include <array>

namespace orrery::websocket {
namespace {

std::string head_of(Opcode opcode, std::uint64_t bytes, bool fin = true, bool compressed = false) {
  std::array<char, max_head_bytes> head;
  return {head.data(), encode_head(head.data(), opcode, bytes, fin, compressed)};
}

TEST(Encoder, LengthsTakeTheShortestForm) {
  struct Row {
    std::uint64_t bytes;
    std::string head;
  };
  const Row rows[] = {
      {0, {"\x82\x00", 2}},
      {1, "\x82\x01"},
      {125, "\x82\x7d"},
      {126, {"\x82\x7e\x00\x7e", 4}},
      {127, {"\x82\x7e\x00\x7f", 4}},
      {0xffff, "\x82\x7e\xff\xff"},
      {0x10000, {"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10}},
      {0x0123456789abcdef, "\x82\x7f\x01\x23\x45\x67\x89\xab\xcd\xef"},
  };
  for (const auto& row : rows) EXPECT_EQ(head_of(Opcode::binary, row.bytes), row.head) << row.bytes;
}

TEST(Encoder, TheFirstByteSaysFinCompressedAndOpcode) {
  EXPECT_EQ(head_of(Opcode::text, 1, false)[0], '\x01');
  EXPECT_EQ(head_of(Opcode::text, 1, true, true)[0], '\xc1');
  EXPECT_EQ(head_of(Opcode::continuation, 1, true)[0], '\x80');
  EXPECT_EQ(head_of(Opcode::pong, 1)[0], '\x8a');
}

// The examples of RFC 6455 §5.7.
TEST(Encoder, WritesTheExamplesOfTheRfc) {
  EXPECT_EQ(encode_frame(Opcode::text, "Hello"), "\x81\x05Hello");
  const MaskKey key{0x37, 0xfa, 0x21, 0x3d};
  EXPECT_EQ(encode_frame(Opcode::text, "Hello", {.mask = key}),
            "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
  EXPECT_EQ(encode_frame(Opcode::text, "Hel", {.fin = false}), "\x01\x03Hel");
  EXPECT_EQ(encode_frame(Opcode::continuation, "lo"), "\x80\x02lo");
}

TEST(Encoder, ACloseReasonIsCutBetweenCharacters) {
  EXPECT_EQ(close_payload(0, "ignored"), "");
  EXPECT_EQ(close_payload(1000, "bye"),
            "\x03\xe8"
            "bye");
  EXPECT_EQ(close_payload(1000, std::string(123, 'x')).size(), 125U);
  EXPECT_EQ(close_payload(1000, std::string(124, 'x')).size(), 125U);
  EXPECT_EQ(close_payload(4000, std::string(122, 'x') + "ä"), "\x0f\xa0" + std::string(122, 'x'));
}

}  // namespace
}  // namespace orrery::websocket
