#include "websocket/decoder.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "websocket/encoder.h"
#include "websocket/transcript.h"

namespace orrery::websocket {
namespace {

constexpr MaskKey key{0xa1, 0xb2, 0xc3, 0xd4};

// A masked head whose length is written in `form` bytes (0, 2 or 8), whether or not it is the
// shortest.
std::string head_with(std::uint8_t first, std::uint64_t bytes, int form, bool masked = true) {
  std::string head(1, static_cast<char>(first));
  const std::uint64_t second = form == 0 ? bytes : form == 2 ? 126 : 127;
  head.push_back(static_cast<char>(second | (masked ? 0x80 : 0)));
  for (int i = form - 1; i >= 0; --i) head.push_back(static_cast<char>(bytes >> (8 * i) & 0xff));
  if (masked)
    for (const auto byte : key) head.push_back(static_cast<char>(byte));
  return head;
}

int shortest_form(std::uint64_t bytes) {
  return bytes < 126 ? 0 : bytes <= 0xffff ? 2 : 8;
}

std::vector<std::uint64_t> extremes() {
  std::vector<std::uint64_t> lengths = {0, 1, 125, 126, 127};
  for (const int bits : {16, 31, 32, 63})
    for (const std::int64_t step : {-1, 0, 1})
      lengths.push_back((1ULL << bits) + static_cast<std::uint64_t>(step));
  lengths.push_back(~0ULL);
  return lengths;
}

// Feeds a head in pieces; what is left of the input after the head is the number returned.
bool take(Decoder& decoder, const Pieces& pieces) {
  bool taken = false;
  for (auto piece : pieces) {
    std::span<char> input(piece);
    EXPECT_FALSE(taken) << "the head ended early";
    taken = decoder.take_head(input);
    EXPECT_TRUE(input.empty());
  }
  return taken;
}

TEST(Decoder, EveryFirstByteIsReadBitByBit) {
  for (int first = 0; first < 256; ++first) {
    for (const int form : {0, 2, 8}) {
      const std::uint64_t bytes = form == 0 ? 5 : form == 2 ? 300 : 70000;
      Decoder decoder;
      std::string head = head_with(static_cast<std::uint8_t>(first), bytes, form);
      ASSERT_TRUE(take(decoder, {head}));
      EXPECT_EQ(decoder.head().fin, first >= 128);
      EXPECT_EQ(decoder.head().rsv, first / 16 % 8);
      EXPECT_EQ(static_cast<int>(decoder.head().opcode), first % 16);
      EXPECT_TRUE(decoder.head().masked);
      EXPECT_EQ(decoder.head().mask, key);
      EXPECT_EQ(decoder.head().payload_bytes, bytes);
      EXPECT_FALSE(decoder.bad_length());
    }
  }
}

TEST(Decoder, ExtremeLengthsSurviveEveryCut) {
  for (const bool masked : {false, true}) {
    for (const std::uint64_t length : extremes()) {
      const std::string head = head_with(0x82, length, shortest_form(length), masked);
      for (const auto& cut : every_cut(head)) {
        Decoder decoder;
        ASSERT_TRUE(take(decoder, cut));
        EXPECT_EQ(decoder.head().payload_bytes, length);
        EXPECT_EQ(decoder.remaining_bytes(), length);
        EXPECT_EQ(decoder.head().masked, masked);
        EXPECT_EQ(decoder.bad_length(), length >= 1ULL << 63) << length;
        EXPECT_EQ(decoder.buffered_bytes(), 0U);
      }
    }
  }
}

TEST(Decoder, LengthsInALongerFormThanNeededAreBad) {
  struct Row {
    std::uint64_t length;
    int form;
    bool bad;
  };
  const Row rows[] = {{0, 2, true},   {125, 2, true},    {126, 2, false},     {0, 8, true},
                      {126, 8, true}, {0xffff, 8, true}, {0x10000, 8, false}, {0xffff, 2, false}};
  for (const auto& row : rows) {
    Decoder decoder;
    ASSERT_TRUE(take(decoder, {head_with(0x82, row.length, row.form)}));
    EXPECT_EQ(decoder.bad_length(), row.bad) << row.length << " in " << row.form;
  }
}

TEST(Decoder, AnUnfinishedHeadIsKeptAndNothingElse) {
  const std::string head = head_with(0x82, 70000, 8);
  for (std::size_t size = 0; size < head.size(); ++size) {
    Decoder decoder;
    std::string part = head.substr(0, size);
    std::span<char> input(part);
    EXPECT_FALSE(decoder.take_head(input));
    EXPECT_TRUE(input.empty());
    EXPECT_EQ(decoder.buffered_bytes(), size);
  }
}

TEST(Decoder, PayloadIsUnmaskedInPlaceWhereverItIsCut) {
  const std::string text =
      "the payload of one frame, long enough to be cut in many places, all of them tried";
  const std::string bytes = encode_frame(Opcode::text, text, {.mask = key});
  for (const auto& cut : every_cut(bytes)) {
    Decoder decoder;
    std::string payload;
    for (auto piece : cut) {
      std::span<char> input(piece);
      while (!input.empty()) {
        if (!decoder.in_frame()) {
          if (!decoder.take_head(input)) break;
          continue;
        }
        const char* const front = input.data();
        const auto taken = decoder.take_payload(input);
        EXPECT_EQ(taken.data(), front) << "not in place";
        payload.append(taken.data(), taken.size());
      }
    }
    EXPECT_EQ(payload, text);
    EXPECT_FALSE(decoder.in_frame());
  }
}

TEST(Decoder, TheNextFrameStaysInTheInput) {
  std::string bytes = encode_frame(Opcode::ping, "a", {.mask = key}) + "rest";
  std::span<char> input(bytes);
  Decoder decoder;
  ASSERT_TRUE(decoder.take_head(input));
  ASSERT_EQ(decoder.take_payload(input).size(), 1U);
  EXPECT_EQ(std::string(input.begin(), input.end()), "rest");
}

TEST(Decoder, AnEmptyFrameIsAFrameUntilItsPayloadIsTaken) {
  std::string bytes = encode_frame(Opcode::ping, "", {.mask = key});
  std::span<char> input(bytes);
  Decoder decoder;
  ASSERT_TRUE(decoder.take_head(input));
  EXPECT_TRUE(decoder.in_frame());
  EXPECT_TRUE(decoder.at_first_byte());
  EXPECT_TRUE(decoder.take_payload(input).empty());
  EXPECT_FALSE(decoder.in_frame());
}

std::string letters(std::size_t bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes; ++i) text.push_back(static_cast<char>('a' + i % 26));
  return text;
}

TEST(Decoder, TakesAMessageThatLiesThereWhole) {
  for (const std::size_t bytes : {0U, 1U, 3U, 16U, 63U, 64U, 125U, 126U, 1000U, 65'535U})
    for (const Opcode opcode : {Opcode::text, Opcode::binary}) {
      std::string frame = encode_frame(opcode, letters(bytes), {.mask = key}) + "rest";
      std::span<char> input(frame);
      Decoder decoder;
      const auto message = decoder.take_whole(input, bytes);
      ASSERT_TRUE(message) << bytes;
      EXPECT_EQ(message->opcode, opcode);
      EXPECT_EQ(message->payload, letters(bytes));
      EXPECT_TRUE(message->ascii);
      EXPECT_EQ(std::string(input.begin(), input.end()), "rest");
      EXPECT_FALSE(decoder.in_frame());
    }
}

TEST(Decoder, LeavesAllElseWhereItIs) {
  const auto untouched = [](std::string bytes, std::uint64_t most_bytes = 1000) {
    const std::string before = bytes;
    std::span<char> input(bytes);
    Decoder decoder;
    return !decoder.take_whole(input, most_bytes) && input.size() == before.size() &&
           bytes == before;
  };
  const auto whole = [](std::uint8_t first, std::uint64_t bytes, int form, bool masked = true) {
    return head_with(first, bytes, form, masked) + letters(bytes);
  };
  for (int first = 0; first < 256; ++first) {
    const bool takes = first == 0x81 || first == 0x82;
    EXPECT_EQ(untouched(whole(static_cast<std::uint8_t>(first), 5, 0)), !takes) << first;
  }
  EXPECT_TRUE(untouched(whole(0x81, 5, 0, false))) << "not masked";
  EXPECT_TRUE(untouched(whole(0x81, 300, 2, false))) << "not masked";
  EXPECT_TRUE(untouched(whole(0x81, 125, 2))) << "not in the shortest form";
  EXPECT_TRUE(untouched(whole(0x81, 300, 8))) << "not in the shortest form";
  EXPECT_TRUE(untouched(whole(0x81, 6, 0), 5)) << "too big";
  for (const std::uint64_t bytes : {5U, 300U}) {
    const std::string frame = whole(0x82, bytes, shortest_form(bytes));
    for (std::size_t cut = 0; cut < frame.size(); ++cut)
      EXPECT_TRUE(untouched(frame.substr(0, cut))) << "cut at " << cut;
  }
}

TEST(Decoder, TakesNoWholeMessageInTheMidstOfAFrame) {
  std::string frame = encode_frame(Opcode::text, "hello", {.mask = key});
  for (std::size_t cut = 1; cut < frame.size(); ++cut) {
    std::string begun = frame.substr(0, cut), other = frame;
    std::span<char> input(begun), whole(other);
    Decoder decoder;
    if (decoder.take_head(input)) (void)decoder.take_payload(input);
    EXPECT_FALSE(decoder.take_whole(whole, 1000)) << "cut at " << cut;
    EXPECT_EQ(other, frame);
  }
}

TEST(Decoder, StaysSmall) {
  EXPECT_LE(sizeof(Decoder), 48U);
}

}  // namespace
}  // namespace orrery::websocket
