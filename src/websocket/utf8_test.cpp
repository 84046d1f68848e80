#include "websocket/utf8.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace orrery::websocket {
namespace {

// RFC 3629, read the slow way: decode by the lead byte, then judge the number.
bool reference_is_utf8(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  for (std::size_t i = 0; i < text.size();) {
    const unsigned lead = byte(i);
    const std::size_t length = lead < 0x80           ? 1
                               : (lead >> 5) == 0x6  ? 2
                               : (lead >> 4) == 0xe  ? 3
                               : (lead >> 3) == 0x1e ? 4
                                                     : 0;
    if (length == 0 || i + length > text.size()) return false;
    unsigned code = length == 1 ? lead : lead & (0x7fU >> length);
    for (std::size_t k = 1; k < length; ++k) {
      if ((byte(i + k) & 0xc0) != 0x80) return false;
      code = code << 6 | (byte(i + k) & 0x3fU);
    }
    constexpr unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (code < least[length] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return false;
    i += length;
  }
  return true;
}

bool accepts(const std::vector<std::string>& pieces) {
  Utf8Validator validator;
  for (const auto& piece : pieces)
    if (!validator.feed(piece)) return false;
  return validator.complete();
}

// Whether some text that begins with `bytes` is UTF-8.
bool reference_can_continue(const std::string& bytes) {
  if (reference_is_utf8(bytes)) return true;
  for (const char* rest :
       {"\x80", "\xa0", "\x90", "\x80\x80", "\xa0\x80", "\x90\x80", "\x80\x80\x80", "\x90\x80\x80"})
    if (reference_is_utf8(bytes + rest)) return true;
  return false;
}

void expect_as_reference(const std::string& text) {
  const bool expected = reference_is_utf8(text);
  ASSERT_EQ(is_utf8(text), expected) << testing::PrintToString(text);
  ASSERT_EQ(accepts({text}), expected) << testing::PrintToString(text);
  for (std::size_t cut = 1; cut < text.size(); ++cut)
    ASSERT_EQ(accepts({text.substr(0, cut), text.substr(cut)}), expected)
        << testing::PrintToString(text) << " cut at " << cut;
}

std::string bytes_of(unsigned number, int count) {
  std::string bytes;
  for (int i = count - 1; i >= 0; --i) bytes.push_back(static_cast<char>(number >> (8 * i) & 0xff));
  return bytes;
}

TEST(Utf8, EverySequenceOfOneAndTwoBytesAsTheReferenceDecoder) {
  for (unsigned n = 0; n < 1U << 8; ++n) expect_as_reference(bytes_of(n, 1));
  for (unsigned n = 0; n < 1U << 16; ++n) expect_as_reference(bytes_of(n, 2));
}

bool accepts_cut_at(std::string_view text, std::size_t first, std::size_t second) {
  Utf8Validator validator;
  return validator.feed(text.substr(0, first)) &&
         validator.feed(text.substr(first, second - first)) &&
         validator.feed(text.substr(second)) && validator.complete();
}

TEST(Utf8, EverySequenceOfThreeBytesAsTheReferenceDecoder) {
  for (unsigned n = 0; n < 1U << 24; ++n) {
    if (n >> 16 > 0x01 && n >> 16 < 0x80) continue;  // ASCII, then two bytes: done above
    const char bytes[3] = {static_cast<char>(n >> 16), static_cast<char>(n >> 8 & 0xff),
                           static_cast<char>(n & 0xff)};
    const std::string_view text(bytes, 3);
    const bool expected = reference_is_utf8(text);
    const bool right =
        accepts_cut_at(text, 0, 0) == expected && accepts_cut_at(text, 1, 2) == expected;
    ASSERT_TRUE(right) << testing::PrintToString(std::string(text));
  }
}

TEST(Utf8, FourByteSequencesAtTheirBorders) {
  for (unsigned lead = 0xee; lead <= 0xff; ++lead)
    for (unsigned second = 0; second <= 0xff; ++second)
      for (const unsigned third : {0x00U, 0x7fU, 0x80U, 0xbfU, 0xc0U, 0xffU})
        for (const unsigned fourth : {0x00U, 0x7fU, 0x80U, 0xbfU, 0xc0U, 0xffU})
          expect_as_reference(bytes_of(lead << 24 | second << 16 | third << 8 | fourth, 4));
}

TEST(Utf8, TheFirstBadByteFailsAtOnce) {
  for (unsigned n = 0; n < 1U << 16; ++n) {
    const std::string text = bytes_of(n, 2);
    Utf8Validator validator;
    const bool first = validator.feed(text.substr(0, 1));
    ASSERT_EQ(first, reference_can_continue(text.substr(0, 1))) << testing::PrintToString(text);
    if (!first) continue;
    ASSERT_EQ(validator.feed(text.substr(1)), reference_can_continue(text))
        << testing::PrintToString(text);
  }
}

TEST(Utf8, LongTextIsJudgedTheSameWhereverItIsCut) {
  const std::string sound =
      "κόσμε 世界 🌍 plain text that is long enough for whole registers, and more";
  const std::string broken = sound + "\xed\xa0\x80" + sound;
  for (std::size_t cut = 0; cut <= broken.size(); ++cut) {
    EXPECT_FALSE(accepts({broken.substr(0, cut), broken.substr(cut)})) << cut;
    const std::string twice = sound + sound;
    const std::size_t at = std::min(cut, twice.size());
    EXPECT_TRUE(accepts({twice.substr(0, at), twice.substr(at)})) << cut;
  }
}

TEST(Utf8, AsciiDoesNotContinueACharacter) {
  Utf8Validator validator;
  EXPECT_TRUE(validator.feed_ascii());
  EXPECT_TRUE(validator.feed("\xf0\x9f"));
  EXPECT_FALSE(validator.feed_ascii());
}

TEST(Utf8, EndingInsideACharacterIsIncomplete) {
  Utf8Validator validator;
  EXPECT_TRUE(validator.feed("\xf0\x9f\x8c"));
  EXPECT_FALSE(validator.complete());
  EXPECT_TRUE(validator.feed("\x8d"));
  EXPECT_TRUE(validator.complete());
}

TEST(Utf8, ABadByteIsSeenAnywhereInATextOfAnyLength) {
  for (std::size_t bytes = 1; bytes <= 140; ++bytes) {
    std::string text(bytes, 'a');
    ASSERT_TRUE(is_utf8(text)) << bytes;
    for (char& byte : text) {
      byte = static_cast<char>(0xff);
      ASSERT_FALSE(is_utf8(text)) << bytes;
      byte = 'a';
    }
  }
}

TEST(Utf8, TheStateIsThreeBytes) {
  EXPECT_LE(sizeof(Utf8Validator), 4U);
}

}  // namespace
}  // namespace orrery::websocket
